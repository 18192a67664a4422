"""Spans as rows: typed attributes, links, and where in time a trace lies."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from hannun.model.errors import StoreUnavailable
from hannun.model.identity import Identity
from hannun.model.sentry_items import SentSpan, SpanLink
from hannun.store.engine import ChdbEngine
from hannun.store.spans import SpanStore
from hannun.store.spans.columns import attribute_texts, number

NOW_NS = 1_800_000_000_000_000_000
TRACE = "0123456789abcdef" * 2
ONE = SentSpan(
    1, TRACE, "00000000000000ff", "", "GET /pay", NOW_NS, NOW_NS + 5_000_000, identity=Identity("api", release="app@1")
)


@pytest.fixture
def store(engine: ChdbEngine, writing: Any, clock: Any) -> SpanStore:
    return SpanStore(engine, writing.writer, clock=clock)


def test_a_span_keeps_its_nanoseconds_ids_and_identity(store: SpanStore, engine: ChdbEngine, writing: Any) -> None:
    writing.run(store.write([replace(ONE, start_ns=NOW_NS + 123, segment=True, segment_id="00000000000000ff")]))
    rows = engine.query_rows(
        "SELECT lower(hex(trace_id)), span_id, parent_id, segment, segment_id, service, release, name,\n"
        "  toUnixTimestamp64Nano(start), duration_ns FROM spans"
    )
    assert rows == [(TRACE, 255, 0, 1, 255, "api", "app@1", "GET /pay", NOW_NS + 123, 4_999_877)]


def test_attributes_tell_what_they_were(store: SpanStore, engine: ChdbEngine, writing: Any) -> None:
    attributes = {"a": "x", "n": 3, "f": 0.5, "yes": True, "many": ("a", 1)}
    link = SpanLink("ab" * 16, "cd" * 8, {"k": 1})
    writing.run(store.write([replace(ONE, attributes=attributes, links=(link,))]))
    ((values, kinds, links),) = engine.query_rows("SELECT attributes, typed, links FROM spans")
    assert values == {"a": "x", "n": "3", "f": "0.5", "yes": "true", "many": '["a", 1]'}
    assert kinds == {"n": "int", "f": "float", "yes": "bool", "many": "array"}
    assert json.loads(links) == [["ab" * 16, "cd" * 8, {"k": "1"}]]


def test_a_trace_is_found_in_time(store: SpanStore, engine: ChdbEngine, writing: Any) -> None:
    later = replace(ONE, span_id="00000000000000fe", start_ns=NOW_NS + 10**9, end_ns=NOW_NS + 2 * 10**9)
    writing.run(store.write([later]))
    writing.run(store.write([ONE, replace(ONE, trace_id="f" * 32)]))
    rows = engine.query_rows(
        "SELECT toUnixTimestamp64Nano(min(first)), toUnixTimestamp64Nano(max(last))\nFROM trace_times\n"
        "WHERE trace_id = toFixedString(unhex({id:String}), 16)",
        {"id": TRACE},
    )
    assert rows == [(NOW_NS, NOW_NS + 2 * 10**9)]


def test_spans_that_could_not_be_stored_leave_none(
    store: SpanStore, engine: ChdbEngine, writing: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The times of their traces may be there: they say the same when they come again."""
    insert = engine.insert_arrow

    def fail(table: str, rows: Any) -> None:
        if table == "spans__local":
            raise StoreUnavailable("down")
        insert(table, rows)

    monkeypatch.setattr(engine, "insert_arrow", fail)
    with pytest.raises(StoreUnavailable):
        writing.run(store.write([ONE]))
    monkeypatch.undo()
    writing.run(store.write([ONE]))
    assert engine.query_rows("SELECT count() FROM spans") == [(1,)]
    assert engine.query_rows("SELECT count() FROM trace_times FINAL") == [(1,)]


def test_hostile_attributes_are_bounded() -> None:
    values, kinds = attribute_texts({f"k{i}\ud800" + "x" * 1_000: "v" * 100_000 for i in range(2_000)} | {"n": 1e308})
    assert len(values) == 512
    assert max(map(len, values)) == 256
    assert max(map(len, values.values())) == 16_384
    assert kinds == {}


@pytest.mark.parametrize(("digits", "value"), [("", 0), ("zz" * 8, 0), ("f" * 16, 2**64 - 1), ("f" * 17, 0)])
def test_span_ids_are_numbers(digits: str, value: int) -> None:
    assert number(digits) == value
