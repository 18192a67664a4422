"""Whatever decodes as a JSON object becomes an event that can be written, is bounded, and reads the same again."""

from __future__ import annotations

import random
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hannun.model.event import EVENT_LEVELS, KINDS, Event
from hannun.model.project import ProjectOptions
from hannun.process.events.facts import EventFacts
from hannun.process.events.normalise import normalise
from hannun.process.events.take import Filtered, take
from hannun.process.scrubbing import scrubbed
from hannun.testing import sentry_events

FACTS = EventFacts(project=1, received_ms=sentry_events.START_MS, client_ip="198.51.100.9")
BYTES_MAX = 4_000_000
OPTIONS = ProjectOptions(
    scrub_ips=True, sensitive_fields=("mine",), pii_config='{"applications": {"$string": ["@email"]}}'
)

NAMES = [
    "event_id",
    "timestamp",
    "level",
    "logger",
    "platform",
    "transaction",
    "server_name",
    "release",
    "dist",
    "environment",
    "message",
    "logentry",
    "fingerprint",
    "tags",
    "extra",
    "user",
    "request",
    "contexts",
    "breadcrumbs",
    "exception",
    "threads",
    "stacktrace",
    "debug_meta",
    "modules",
    "sdk",
    "errors",
    "checksum",
    "template",
    "_meta",
    "type",
    "culprit",
    "csp",
    "nel",
    "expectct",
    "sentry.interfaces.Http",
    "http",
    "values",
    "frames",
    "vars",
    "mechanism",
    "value",
    "data",
    "headers",
    "cookies",
    "query_string",
    "url",
    "env",
    "ip_address",
    "id",
    "trace",
    "trace_id",
    "span_id",
    "formatted",
    "params",
    "exception_id",
    "parent_id",
    "handled",
    "images",
    "in_app",
    "lineno",
    "filename",
    "abs_path",
    "function",
    "module",
    "name",
    "version",
    "feedback",
    "REMOTE_ADDR",
    "settings",
    "infer_ip",
    "browser",
    "os",
    "device",
    "__proto__",
    "",
]
WORDS = [
    "{{auto}}",
    "{{ default }}",
    "javascript",
    "python",
    "a%sb",
    "{0}{x}",
    "http://[::1",
    "http://u:p@h/?password=x#y",
    "::1",
    "9" * 5000,
    "\ud800",
    "\x00",
    "4111 1111 1111 1111",
    "Bearer x",
    "2026-11-21",
    "0" * 32,
    "a" * 32,
    sentry_events.WHALE,
    "feedback",
    "\u202e",
    "<script>",
    "unknown",
    "%" * 300,
    "{" * 300,
    "1e400",
]
leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(10**30), 10**30)
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(WORDS)
)
trees = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=6), inner, max_size=6)
    ),
    max_leaves=30,
)
payloads = st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=6), trees, max_size=10)


def check(raw: dict[str, Any]) -> None:
    event = normalise(raw, FACTS)
    written = orjson.dumps(event)
    assert len(written) <= BYTES_MAX
    again = normalise(orjson.loads(written), FACTS)
    assert orjson.loads(orjson.dumps(again)) == orjson.loads(written)
    clean = scrubbed(event, OPTIONS)
    assert orjson.dumps(event) == written
    orjson.dumps(clean)
    taken = take(raw, FACTS, OPTIONS)
    if isinstance(taken, Filtered):
        return
    assert isinstance(taken, Event)
    assert len(taken.id) == 32
    assert taken.kind in KINDS
    assert 0 <= taken.level < len(EVENT_LEVELS)
    assert taken.grouping.hashes
    assert isinstance(orjson.loads(taken.payload), dict)
    for line in (taken.title, taken.culprit, taken.error_type):
        assert line.isprintable()
        assert len(line) <= 600
    assert taken.title
    assert all(isinstance(value, str) and len(value) <= 200 for value in taken.tags.values())
    texts = (taken.title, taken.error_value, taken.user.key, taken.filename, taken.function, *taken.tags)
    for text in texts:
        text.encode()


@given(raw=payloads)
@settings(max_examples=80, deadline=None)
def test_anything_becomes_an_event(raw: dict[str, Any]) -> None:
    check(raw)


@pytest.mark.long
@given(raw=payloads)
@settings(max_examples=1500, deadline=None)
def test_anything_becomes_an_event_at_length(raw: dict[str, Any]) -> None:
    check(raw)


def spoilt(dice: random.Random, value: Any) -> Any:
    """A real event with one place in a dozen of another type."""
    if dice.random() < 0.08:
        return dice.choice(
            [None, True, 7, -1.5, 10**25, float("nan"), "\ud800x", [], {}, [1, {"a": []}], {"a": 1}, *WORDS]
        )
    if isinstance(value, dict):
        return {(f"{key}\udfff" if dice.random() < 0.01 else key): spoilt(dice, item) for key, item in value.items()}
    if isinstance(value, list):
        return [spoilt(dice, item) for item in value]
    return value


@pytest.mark.parametrize("name", sentry_events.ALL)
def test_real_events_that_were_spoilt(name: str) -> None:
    dice = random.Random(name)
    for number in range(12):
        whole = spoilt(dice, sentry_events.ALL[name](number))
        if isinstance(whole, dict):
            check(whole)


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"a": [value]}
    return value


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param({"extra": nested(400), "contexts": {"x": nested(300)}}, id="nesting"),
        pytest.param({"exception": [{"type": f"E{at}", "value": "v" * 20_000} for at in range(3000)]}, id="exceptions"),
        pytest.param({"threads": [{"id": at, "stacktrace": {"frames": [{}] * 9}} for at in range(5000)]}, id="threads"),
        pytest.param({"breadcrumbs": [{"message": "m" * 20_000}] * 3000}, id="breadcrumbs"),
        pytest.param({"modules": {f"m{at}": "1" for at in range(50_000)}}, id="modules"),
        pytest.param({"contexts": {f"c{at}": {"a": 1} for at in range(20_000)}}, id="contexts"),
        pytest.param({f"unknown{at}": at for at in range(50_000)}, id="unknown attributes"),
        pytest.param({"debug_meta": {"images": [{"type": "elf", "code_file": "x" * 9000}] * 5000}}, id="images"),
        pytest.param({"request": {"query_string": "a=1&" * 100_000, "cookies": "a=1;" * 100_000}}, id="query"),
        pytest.param({"request": {"headers": {f"h{at}": "v" for at in range(50_000)}}}, id="headers"),
        pytest.param({"request": {"data": '{"a":' * 2000}}, id="a body of broken JSON"),
        pytest.param({"request": {"data": "[" * 900 + "]" * 900}}, id="a body of deep JSON"),
        pytest.param({"extra": {"a": 10**100_000}, "level": 10**400}, id="endless integers"),
        pytest.param({"fingerprint": ["x" * 9000] * 5000, "errors": [{"type": "x"}] * 5000}, id="fingerprint"),
        pytest.param({"request": {"headers": {"User-Agent": "Android " * 50_000}}}, id="agent"),
        pytest.param({"message": "-----BEGIN PRIVATE KEY-----" * 20_000}, id="keys without an end"),
        pytest.param({"extra": ["4111 " * 20_000, "//a:" * 20_000 + "@", "a@" * 30_000]}, id="near secrets"),
        pytest.param({"message": "\u202e\x00\x1b[31m\n\n" * 5000}, id="control characters"),
    ],
)  # fmt: skip
def test_floods_are_bounded(raw: dict[str, Any]) -> None:
    check(raw)
