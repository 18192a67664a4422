"""One event all the way, and what stands in its columns."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import orjson
import pytest

from hannun.model.event import Event
from hannun.model.project import InboundFilters, ProjectOptions
from hannun.process.events.facts import EventFacts
from hannun.process.events.take import Filtered, take
from hannun.testing import sentry_events

FACTS = EventFacts(project=3, received_ms=sentry_events.START_MS, client_ip="198.51.100.9")


def taken(raw: dict[str, Any], options: ProjectOptions | None = None) -> Event:
    event = take(raw, FACTS, options or ProjectOptions())
    assert isinstance(event, Event)
    return event


@pytest.mark.parametrize("name", sentry_events.ALL)
def test_events_of_real_sdks(name: str, golden: Callable[[str, str], None]) -> None:
    raw = sentry_events.django(0, frames=4, breadcrumbs=2) if name == "django" else sentry_events.ALL[name](0)
    event = taken(raw)
    columns = {
        field.name: getattr(event, field.name)
        for field in fields(event)
        # The hashes are grouping's; its own tests hold them.
        if field.name not in ("payload", "grouping", "user", "identity")
    }
    whom = {
        "user": {field.name: getattr(event.user, field.name) for field in fields(event.user)},
        "identity": {field.name: getattr(event.identity, field.name) for field in fields(event.identity)},
    }
    shown = {"columns": columns | whom, "payload": orjson.loads(event.payload)}
    golden(f"process/events/{name}.json", json.dumps(shown, ensure_ascii=False, indent=1) + "\n")


def frame(**told: Any) -> dict[str, Any]:
    return {
        "stacktrace": {"frames": [{"function": "lib", "in_app": False}, told, {"function": "deeper", "in_app": False}]}
    }


@pytest.mark.parametrize(
    ("raw", "title", "culprit"),
    [
        pytest.param({}, "<unlabeled event>", "", id="nothing"),
        pytest.param({"message": "first\nsecond"}, "first", "", id="the first line of a message"),
        pytest.param({"message": "\n  \n third"}, "third", "", id="the first line that says something"),
        pytest.param({"exception": [{"type": "A", "value": "b\nc"}]}, "A: b", "", id="type and value"),
        pytest.param({"exception": [{"type": "A"}]}, "A", "", id="type alone"),
        pytest.param({"exception": [{"value": "b"}]}, "b", "", id="value alone"),
        pytest.param({"exception": [{"value": "b"}], "message": "m"}, "m", "", id="node's captureMessage"),
        pytest.param({"exception": [{"type": "A"}, {"type": "B"}]}, "B", "", id="the last one raised"),
        pytest.param({"exception": [{"type": "A", "value": "v" * 999}]}, "A: " + "v" * 255 + "…", "", id="cut"),
        pytest.param({"exception": [frame(function="pay", module="shop", in_app=True)], "platform": "python"},
                     "pay", "shop in pay", id="no type: the function"),
        pytest.param({"exception": [{"type": "A", **frame(function="pay", filename="a.js", in_app=True)}],
                      "platform": "javascript"}, "A", "pay(a.js)", id="javascript's culprit"),
        pytest.param({"transaction": "/pay", "exception": [{"type": "A", **frame(function="f", in_app=True)}]},
                     "A", "/pay", id="the transaction comes first"),
        pytest.param({"culprit": "told in old", "message": "m"}, "m", "told in old", id="what raven said"),
        pytest.param({"type": "feedback", "contexts": {"feedback": {"message": "느려요"}}}, "User Feedback: 느려요", "",
                     id="feedback"),
        pytest.param({"csp": {"effective_directive": "script-src", "blocked_uri": "https://evil.example/x.js"}},
                     "Blocked 'script' from 'evil.example'", "script-src", id="CSP"),
        pytest.param({"csp": {"violated-directive": "img-src 'self'", "blocked-uri": "data"}},
                     "Blocked 'image' from 'data'", "img-src", id="CSP in the old words"),
        pytest.param({"csp": {"effective_directive": "script-src", "blocked_uri": "inline"}},
                     "Blocked inline 'script'", "script-src", id="inline CSP"),
        pytest.param({"expectct": {"hostname": "x.kr"}}, "Expect-CT failed for 'x.kr'", "x.kr", id="Expect-CT"),
    ],
)  # fmt: skip
def test_title_and_culprit(raw: dict[str, Any], title: str, culprit: str) -> None:
    event = taken(raw)
    assert (event.title, event.culprit) == (title, culprit)


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        ({"message": "x"}, "message"),
        ({"exception": [{"type": "A"}], "message": "x"}, "error"),
        ({}, "error"),
        ({"csp": {"effective_directive": "img-src"}}, "csp"),
        ({"hpkp": {"hostname": "x"}}, "hpkp"),
        ({"type": "monitor", "message": "backup: missed"}, "monitor"),
        ({"type": "transaction", "message": "x"}, "message"),
        ({"expectstaple": {"hostname": "x"}}, "expect-staple"),
        ({"nel": {"type": "dns.unreachable"}}, "nel"),
        ({"type": "feedback", "contexts": {"feedback": {"message": "x"}}}, "feedback"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_kinds(raw: dict[str, Any], kind: str) -> None:
    assert taken(raw).kind == kind


@pytest.mark.parametrize(
    ("handled", "column", "tag"),
    [
        ((True, True), True, "yes"),
        ((True, False), False, "no"),
        ((None, None), None, None),
        ((False, None), False, "no"),
    ],
    ids=str,
)
def test_an_event_is_handled_when_all_of_it_is(handled: tuple[Any, Any], column: bool | None, tag: str | None) -> None:
    event = taken({"exception": [{"type": "A", "mechanism": {"type": "m", "handled": one}} for one in handled]})
    assert event.handled is column
    assert event.tags.get("handled") == tag
    assert event.tags["mechanism"] == "m"


def test_tags_that_the_server_derives() -> None:
    event = taken(sentry_events.django(2))
    wanted = {
        "team": "pay",
        "level": "error",
        "environment": "production",
        "release": "shop@1.2.2",
        "transaction": "/orders/{pk}/pay/",
        "server_name": "web-1",
        "url": "https://shop.example.kr/orders/7/pay/",
        "browser": "Whale 3.23.214.10",
        "browser.name": "Whale",
        "client_os.name": "Windows",
        "runtime": "CPython 3.11.7",
        "runtime.name": "CPython",
        "handled": "no",
        "mechanism": "django",
    }
    assert {key: event.tags[key] for key in wanted} == wanted
    assert event.tags["user"] == event.user.key


def test_a_senders_own_tag_wins_but_not_over_the_events_own_names() -> None:
    event = taken({"tags": {"url": "mine", "level": "debug", "environment": "mine"}, "level": "error"})
    assert (event.tags["url"], event.tags["level"], event.tags["environment"]) == ("mine", "error", "mine")


def test_release_unknown_orders_nothing() -> None:
    event = taken({"release": "unknown", "message": "x"})
    assert event.identity.release == ""
    assert "release" not in event.tags


@pytest.mark.parametrize(
    ("raw", "service"),
    [
        ({}, "shop-web"),
        ({"tags": {"service": "pay"}}, "pay"),
        ({"tags": {"service": "unknown"}}, "shop-web"),
        ({"contexts": {"otel": {"resource": {"service.name": "cart"}}}}, "cart"),
    ],
    ids=str,
)
def test_which_service_it_speaks_of(raw: dict[str, Any], service: str) -> None:
    assert taken(raw, ProjectOptions(service="shop-web")).identity.service == service


def test_filters_are_asked_before_anything_is_hidden() -> None:
    options = ProjectOptions(filters=InboundFilters(error_messages=("*4111*",)))
    assert take({"message": "card 4111111111111111"}, FACTS, options) == Filtered("error-message")


def test_rules_that_cannot_be_read_cost_no_event() -> None:
    options = ProjectOptions(fingerprint_rules="no rule at all (", stack_rules="((", pii_config="{broken")
    assert taken({"message": "x"}, options).title == "x"


def test_grouping_reads_what_is_stored() -> None:
    """An event whose secret differs each time is one issue."""
    first, second = (
        taken({"exception": [{"type": "A", "value": f"card {number} refused"}]})
        for number in ("4111 1111 1111 1111", "5500 0000 0000 0004")
    )
    assert first.grouping.hashes == second.grouping.hashes
