"""Ids that memory no longer holds are found in the table; a generation goes when two are full."""

from __future__ import annotations

from typing import Any

import pytest

from hannun.store.errors import ids

MINUTE_MS = 60_000


def test_an_event_that_memory_has_forgotten_still_counts_once(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ids, "GENERATION", 4)
    first = [bench.event("a") for _ in range(3)]
    assert bench.put(*first) == 3
    for _ in range(6):
        bench.clock.advance(0.1)
        assert bench.put(*[bench.event("a") for _ in range(3)]) == 3
    known = bench.store._family._ids
    assert len(known._newest) + len(known._older) < 12
    assert bench.put(*first, bench.event("a")) == 1
    for _ in range(2):
        bench.reopen()
        assert bench.put(*first) == 0
    assert bench.of("a").events == 3 + 18 + 1


def test_young_events_are_not_looked_up(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """At full speed each look-up would cost more than the commit."""
    monkeypatch.setattr(ids, "GENERATION", 4)
    for _ in range(4):
        bench.clock.advance(0.1)
        bench.put(*[bench.event("a") for _ in range(4)])
    asked: list[str] = []
    whole = bench.engine.query_rows

    def note(sql: str, *arguments: Any) -> Any:
        asked.append(sql)
        return whole(sql, *arguments)

    monkeypatch.setattr(bench.engine, "query_rows", note)
    bench.put(bench.event("a"))
    assert not [sql for sql in asked if "unhex" in sql]
    bench.put(bench.event("a", at_ms=bench.clock.ms - 60 * MINUTE_MS))
    assert [sql for sql in asked if "unhex" in sql]


def test_the_same_id_in_two_projects_is_two_events(bench: Any) -> None:
    first, second = bench.event("a"), bench.event("a", project=2)
    assert bench.put(first, bench.event("a", id=first.id, project=2), second) == 3
    assert bench.of("a", 2).events == 2
