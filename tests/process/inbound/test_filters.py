"""Each inbound filter: what it drops, what it lets pass, and by which word."""

from __future__ import annotations

from typing import Any

import pytest

from hannun.model.project import InboundFilters
from hannun.process.events.facts import EventFacts
from hannun.process.events.normalise import normalise
from hannun.process.inbound import REASONS, filtered
from hannun.process.inbound.filters import is_health_check
from hannun.testing.sentry_events import CHROME, START_MS

ALL = InboundFilters(
    browser_extensions=True,
    localhost=True,
    legacy_browsers=("default",),
    error_messages=("*ResizeObserver*", "Tim?out"),
    releases=("shop@0.*",),
    ip_addresses=("203.0.113.0/24", "2001:db8::1"),
    csp_sources=("*.ads.example",),
)
NONE = InboundFilters(False, False, False, False, False, False)
IE = "Mozilla/5.0 (compatible; MSIE 9.0; Windows NT 6.1; Trident/5.0)"


def agent(text: str) -> dict[str, Any]:
    return {"request": {"headers": {"User-Agent": text}}}


def thrown(value: str, kind: str = "Error", path: str = "https://shop.kr/app.js") -> dict[str, Any]:
    stack = {"frames": [{"abs_path": path, "function": "f"}]}
    return {"platform": "javascript", "exception": [{"type": kind, "value": value, "stacktrace": stack}]}


def judged(raw: dict[str, Any], filters: InboundFilters) -> str:
    return filtered(normalise(raw, EventFacts(1, START_MS)), filters)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        pytest.param({"user": {"ip_address": "203.0.113.7"}}, "ip-address", id="an address within a network"),
        pytest.param({"user": {"ip_address": "2001:db8::1"}}, "ip-address", id="an address"),
        pytest.param({"release": "shop@0.9"}, "release-version", id="a release"),
        pytest.param(agent("Mozilla/5.0 (compatible; Googlebot/2.1)"), "web-crawlers", id="a crawler"),
        pytest.param({"request": {"url": "http://localhost:3000/a"}}, "localhost", id="localhost"),
        pytest.param({"request": {"url": "http://127.0.0.1/a"}}, "localhost", id="127.0.0.1"),
        pytest.param({"request": {"url": "http://[::1]:80/a"}}, "localhost", id="::1"),
        pytest.param({"request": {"url": "file:///C:/a.html"}}, "localhost", id="a file"),
        pytest.param({"user": {"ip_address": "127.0.0.1"}}, "localhost", id="a local visitor"),
        pytest.param(thrown("x", path="chrome-extension://abc/a.js"), "browser-extensions", id="in an extension"),
        pytest.param(thrown("Can't find variable: _gCrWeb"), "browser-extensions", id="said by an extension"),
        pytest.param(agent(IE), "legacy-browsers", id="IE 9"),
        pytest.param(thrown("Minified React error #418; visit https://react.dev/errors/418"), "react-hydration-errors",
                     id="hydration"),
        pytest.param(thrown("Hydration failed because the initial UI does not match"), "react-hydration-errors",
                     id="hydration in words"),
        pytest.param(thrown("Loading chunk 7 failed.", "ChunkLoadError"), "chunk-load-error", id="a chunk"),
        pytest.param({"message": "the ResizeObserver loop"}, "error-message", id="a glob on a message"),
        pytest.param(thrown("Timeout"), "error-message", id="a glob on a value"),
        pytest.param({"csp": {"blocked_uri": "chrome-extension://abc"}}, "invalid-csp", id="an extension's resource"),
        pytest.param({"csp": {"blocked-uri": "https://x.ads.example"}}, "invalid-csp", id="a source of the project"),
    ],
)  # fmt: skip
def test_what_is_dropped(raw: dict[str, Any], reason: str) -> None:
    assert judged(raw, ALL) == reason
    assert reason in REASONS
    if reason != "invalid-csp":
        assert judged(raw, NONE) == ""


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param({"user": {"ip_address": "203.0.114.7"}}, id="another network"),
        pytest.param({"release": "shop@1.0"}, id="another release"),
        pytest.param(agent(CHROME), id="a browser of today"),
        pytest.param(agent("Slackbot 1.0"), id="Slack's own client"),
        pytest.param({"request": {"url": "http://localhost.example.com/"}}, id="a host that begins so"),
        pytest.param({"request": {"url": "http://[bad"}}, id="no URL"),
        pytest.param(thrown("Minified React error #31"), id="another React error"),
        pytest.param(thrown("Loading the page failed"), id="no chunk"),
        pytest.param({"message": "Timeouts"}, id="a glob is the whole"),
        pytest.param({"csp": {"blocked_uri": "https://evil.example"}}, id="a real CSP report"),
        pytest.param({"transaction": "/healthz", "message": "the database is away"}, id="an error of a health check"),
    ],
)
def test_what_passes(raw: dict[str, Any]) -> None:
    assert judged(raw, ALL) == ""


def test_defaults_are_sentrys() -> None:
    assert judged(agent("Mozilla/5.0 (compatible; bingbot/2.0)"), InboundFilters()) == "web-crawlers"
    assert judged({"request": {"url": "http://localhost/"}}, InboundFilters()) == ""
    assert judged(agent(IE), InboundFilters()) == ""


@pytest.mark.parametrize(
    ("chosen", "text", "dropped"),
    [
        ("ie9", IE, True),
        ("ie10", IE, False),
        ("ie_pre_9", IE, False),
        ("ie", "Mozilla/5.0 (Windows NT 6.1; Trident/7.0; rv:11.0) like Gecko", True),
        ("edge_pre_79", "Mozilla/5.0 (Windows NT 10.0) Chrome/51.0 Safari/537.36 Edge/18.1", True),
        ("edge_pre_79", "Mozilla/5.0 (Windows NT 10.0) Chrome/120.0 Safari/537.36 Edg/120.0", False),
        ("safari_pre_6", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_6) AppleWebKit/5 Version/5.1 Safari/5", True),
        ("chrome", CHROME, False),
        ("no such browser", IE, False),
    ],
)
def test_legacy_browsers(chosen: str, text: str, dropped: bool) -> None:
    filters = InboundFilters(legacy_browsers=(chosen,))
    assert judged(agent(text), filters) == ("legacy-browsers" if dropped else "")


@pytest.mark.parametrize("name", ["/healthz", "GET /health", "/api/healthcheck", "/ping", "/livez/", "/_health"])
def test_health_checks(name: str) -> None:
    assert is_health_check(name)


@pytest.mark.parametrize("name", ["/orders", "/shopping", "/healthy-food", "/signup", ""])
def test_what_is_no_health_check(name: str) -> None:
    assert not is_health_check(name)


@pytest.mark.parametrize("glob", ["(", "[", "a(b*", "\\", "*" * 5000 + "x", "한*"])
def test_globs_are_no_regexes(glob: str) -> None:
    filters = InboundFilters(error_messages=(glob,))
    assert judged({"message": "something else"}, filters) == ""
    assert judged({"message": glob.replace("*", "")}, filters) == "error-message"
