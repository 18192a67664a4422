"""Advanced rules: selectors, rule types and methods of `relayPiiConfig`."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hannun.model.errors import ConfigError
from hannun.model.project import ProjectOptions
from hannun.process.events.facts import EventFacts
from hannun.process.events.normalise import normalise
from hannun.process.scrubbing import scrubbed
from hannun.process.scrubbing.pii import config, selectors
from hannun.testing.sentry_events import START_MS

FACTS = EventFacts(project=1, received_ms=START_MS)


def clean(
    raw: dict[str, Any], applications: dict[str, list[str]], rules: dict[str, Any] | None = None
) -> dict[str, Any]:
    text = json.dumps({"rules": rules or {}, "applications": applications})
    config.parse(text)
    return scrubbed(normalise(raw, FACTS), ProjectOptions(scrub_defaults=False, pii_config=text))


@pytest.mark.parametrize(
    ("rule", "text", "kept"),
    [
        ("@ip", "from 203.0.113.7!", "from [ip]!"),
        ("@ip:remove", "from 203.0.113.7!", "from !"),
        ("@ip:mask", "from 203.0.113.7!", "from ***********!"),
        ("@ip:hash", "203.0.113.7", "0B8F"),
        ("@email", "to kim@example.com.", "to [email]."),
        ("@creditcard", "4111111111111111", "[creditcard]"),
        ("@iban", "GB82WEST12345698765432", "[iban]"),
        ("@mac", "at 00:1b:63:84:45:e6", "at *****************"),
        ("@uuid", "id ceee0822-ed8f-4622-b2a3-789e73e75cd1", "id " + "*" * 36),
        ("@uuid:replace", "ceee0822ed8f4622b2a3789e73e75cd1", "[uuid]"),
        ("@imei", "imei 356938035643809", "imei [imei]"),
        ("@pemkey", "-----BEGIN PUBLIC KEY-----\nMIIC\n-----END PUBLIC KEY-----",
         "-----BEGIN PUBLIC KEY-----\n[pemkey]-----END PUBLIC KEY-----"),
        ("@urlauth", "https://me:pw@x.kr/", "https://[auth]@x.kr/"),
        ("@usssn", "078-05-1120", "***********"),
        ("@userpath", "/home/kim/a and C:\\\\Users\\\\lee\\\\b", None),
        ("@password:replace", "my password is x", "[password]"),
        ("@bearer", "Bearer abc", "Bearer [Filtered]"),
        ("@anything:replace", "all", "[Filtered]"),
        ("@anything:mask", "all", "***"),
        ("@common:filter", "4111111111111111", "[Filtered]"),
        ("@rrn", "900101-1234568", "[rrn]"),
    ],
)  # fmt: skip
def test_rules_that_are_built_in(rule: str, text: str, kept: str | None) -> None:
    found = clean({"extra": {"a": text}}, {"$string": [rule]})["extra"]["a"]
    if rule == "@ip:hash":
        assert len(found) == 40
        assert found == found.upper()
    elif kept is None:
        assert found.startswith("/home/[user]/a")
        assert "lee" not in found
    else:
        assert found == kept


@pytest.mark.parametrize("method", ["remove", "mask", "hash", "replace"])
def test_methods_on_a_whole_value(method: str) -> None:
    event = clean(
        {"extra": {"a": "text", "b": 1}},
        {"extra.a": ["0"]},
        {"0": {"type": "anything", "redaction": {"method": method}}},
    )
    kept = {"remove": None, "mask": "****", "replace": "[Filtered]"}
    if method == "hash":
        assert len(event["extra"]["a"]) == 40
    else:
        assert event["extra"].get("a") == kept[method]
    assert event["extra"]["b"] == 1


def test_a_users_own_pattern_and_its_groups() -> None:
    rules = {
        "device": {"type": "pattern", "pattern": "d/[a-f0-9]{12}", "redaction": {"method": "replace", "text": "d/x"}},
        "order": {
            "type": "pattern",
            "pattern": "(order) ([0-9]+)",
            "replaceGroups": [2],
            "redaction": {"method": "mask"},
        },
        "both": {"type": "multiple", "rules": ["device", "order"]},
        "again": {"type": "alias", "rule": "both"},
    }
    event = clean({"extra": {"a": "d/0123456789ab 결제 order 77"}}, {"$string": ["again"]}, rules)
    assert event["extra"]["a"] == "d/x 결제 order **"


def test_a_pair_is_hidden_by_its_key_or_by_a_value_that_names_it() -> None:
    rules = {"pair": {"type": "redact_pair", "keyPattern": "(?i)plan", "redaction": {"method": "replace", "text": "x"}}}
    event = clean({"extra": {"myPlan": {"a": 1}, "b": "the plan", "c": "no"}}, {"extra.**": ["pair"]}, rules)
    assert event["extra"] == {"myPlan": "x", "b": "x", "c": "no"}


RAW = {
    "message": "said",
    "extra": {"foo": "extra", "deep": {"foo": "deeper"}, "n": 5},
    "user": {"id": "7", "email": "kim@example.com"},
    "request": {"headers": {"X-Secret": "h", "Accept": "a"}, "url": "http://x/"},
    "exception": [{"type": "T", "value": "v", "stacktrace": {"frames": [{"function": "f", "vars": {"foo": "local"}}]}}],
    "tags": {"foo": "tag"},
}


def places(selector: str) -> set[str]:
    event = clean(RAW, {selector: ["@anything:replace"]})
    frame = event.get("exception", {}).get("values", [{}])[0].get("stacktrace", {}).get("frames", [{}])[0]
    request = event.get("request", {})
    held = {
        "message": event.get("logentry", {}).get("formatted"),
        "extra.foo": _get(event.get("extra"), "foo"),
        "deep.foo": _get(_get(event.get("extra"), "deep"), "foo"),
        "n": _get(event.get("extra"), "n"),
        "user.id": _get(event.get("user"), "id"),
        "email": _get(event.get("user"), "email"),
        "secret": dict(_get(request, "headers")).get("X-Secret"),
        "accept": dict(_get(request, "headers")).get("Accept"),
        "value": event["exception"]["values"][0].get("value"),
        "type": event["exception"]["values"][0].get("type"),
        "function": frame.get("function"),
        "vars.foo": _get(frame.get("vars"), "foo"),
        "tag": _get(event.get("tags"), "foo"),
    }
    return {name for name, value in held.items() if value == "[Filtered]"}


def _get(holder: Any, key: str) -> Any:
    return holder.get(key) if isinstance(holder, dict) else holder


@pytest.mark.parametrize(
    ("selector", "wanted"),
    [
        ("foo", {"extra.foo", "deep.foo", "vars.foo", "tag"}),
        ("extra.foo", {"extra.foo"}),
        ("extra.**", {"extra.foo", "deep.foo", "n"}),
        ("extra.*.foo", {"deep.foo"}),
        ("extra.** && $string", {"extra.foo", "deep.foo"}),
        # `deep` is not called foo either: all of it is hidden.
        ("extra.** && !foo", {"deep.foo", "n"}),
        ("$frame.vars.foo", {"vars.foo"}),
        ("$frame.vars.**", {"vars.foo"}),
        ("$http.headers.x-secret", {"secret"}),
        ("$http.headers.'X-Secret' || $user.email", {"secret", "email"}),
        ("$user.**", {"user.id", "email"}),
        ("$error.value", {"value"}),
        ("$logentry.formatted", {"message"}),
        ("$number", {"n"}),
        ("(foo | email) & !$frame.**", {"extra.foo", "deep.foo", "tag", "email"}),
        ("$frame.function", {"function"}),
        ("nothing", set()),
    ],
)
def test_selectors(selector: str, wanted: set[str]) -> None:
    assert places(selector) == wanted


def test_rules_for_all_text_leave_names_and_paths_alone() -> None:
    found = places("$string")
    assert "function" not in found
    assert {"extra.foo", "vars.foo", "message", "value"} <= found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a..b",
        "a &&",
        "(a",
        "a)",
        "$nothing",
        "a b",
        "!",
        "'open",
        "**.**.**",
        "a" * 5000,
        "(" * 100 + "a" + ")" * 100,
    ],
    ids=lambda text: text[:12],
)
def test_selectors_that_cannot_be_read_say_where(text: str) -> None:
    with pytest.raises(ValueError, match=r"selector|\$nothing|twice"):
        selectors.parse(text)


@given(st.text(alphabet="ab.*$!&|()' stringframe", max_size=40))
def test_any_text_is_a_selector_or_an_error(text: str) -> None:
    with suppress(ValueError):
        selectors.parse(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "not JSON"),
        ("[]", "expected an object"),
        ('{"applications": {"a..": ["@ip"]}}', "`a..`"),
        ('{"applications": {"a": ["0"]}}', "`0` is no rule"),
        ('{"applications": {"a": ["@nothing"]}}', "@nothing"),
        ('{"applications": {"a": ["@ip:eat"]}}', "@ip:eat"),
        ('{"applications": {"a": ["0"]}, "rules": {"0": {"type": "pattern", "pattern": "("}}}', "rule `0`"),
        (
            '{"applications": {"a": ["0"]}, "rules": {"0": {"type": "pattern", "pattern": "a", "replaceGroups": [3]}}}',
            "group",
        ),
        ('{"applications": {"a": ["0"]}, "rules": {"0": {"type": "alias", "rule": "0"}}}', "circle"),
        ('{"applications": {"a": ["0"]}, "rules": {"0": {"type": "ip", "redaction": {"method": "eat"}}}}', "eat"),
    ],
)
def test_configs_that_cannot_be_read_say_why(text: str, why: str) -> None:
    with pytest.raises(ConfigError) as found:
        config.parse(text)
    assert why in found.value.say("en")
    assert "고급 데이터 스크러빙" in found.value.say("ko")
    assert config.pii_of(text) is None


def test_a_backtracking_pattern_is_harmless() -> None:
    rules = {"0": {"type": "pattern", "pattern": "(a+)+$"}}
    clean({"extra": {"a": "a" * 50_000 + "b"}}, {"$string": ["0"]}, rules)
