"""Volumes from memory: they follow commits and deletes, and are what the lines are, whatever edge is asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hannun.model.budget import Budget
from hannun.model.labels import Labels
from hannun.store.logs import minutes, volumes

NOW_NS = 1_800_000_000 * 10**9
SECOND, MINUTE, HOUR, DAY = 10**9, 60 * 10**9, 3_600 * 10**9, 86_400 * 10**9
MIDNIGHT = NOW_NS // DAY * DAY
A, B = Labels.of(app="a"), Labels.of(app="b")
TIMES = [
    MIDNIGHT - HOUR,
    MIDNIGHT - MINUTE + 1,
    MIDNIGHT - 1,
    MIDNIGHT,
    MIDNIGHT + 1,
    MIDNIGHT + 61 * SECOND,
    MIDNIGHT + HOUR,
    MIDNIGHT + HOUR + 1,
    MIDNIGHT + 90 * MINUTE,
    NOW_NS,
]
RANGES = [
    (0, 2 * NOW_NS),
    (MIDNIGHT + 1, MIDNIGHT + HOUR + 1),
    (MIDNIGHT, MIDNIGHT + HOUR),
    (MIDNIGHT - HOUR + 1, MIDNIGHT + 1),
    (MIDNIGHT - MINUTE + 1, MIDNIGHT + 90 * MINUTE + 1),
    (MIDNIGHT - 30 * SECOND, MIDNIGHT + 61 * SECOND),
    (MIDNIGHT + 10 * MINUTE, MIDNIGHT + 20 * MINUTE),
    (NOW_NS, NOW_NS + 1),
]


def volumes_of(store: Any, start: int, end: int) -> dict[Labels, tuple[int, int]]:
    return {one.stream.labels: (one.lines, one.bytes) for one in store.volumes((), start, end, Budget())}


def lines_in(lines: list[Any], start: int, end: int) -> dict[Labels, tuple[int, int]]:
    found: dict[Labels, tuple[int, int]] = {}
    for one in lines:
        if start <= one.ts_ns < end:
            before = found.get(one.labels, (0, 0))
            found[one.labels] = (before[0] + 1, before[1] + len(one.body.encode()))
    return found


def test_what_is_in_memory_follows_every_commit_and_delete(bench: Any, line: Any) -> None:
    lines: list[Any] = []
    for number, labels in enumerate((A, B, A)):
        more = [line(labels, ts, f"{number} 결제 {ts}") for ts in TIMES]
        lines += more
        bench.put(*more, *more[:3])  # repetitions count once
        for start, end in RANGES:
            assert volumes_of(bench.store, start, end) == lines_in(lines, start, end), (start, end)
    bench.store.delete((), None, MIDNIGHT, MIDNIGHT + HOUR + 1)
    lines = [one for one in lines if not MIDNIGHT <= one.ts_ns <= MIDNIGHT + HOUR]
    for start, end in RANGES:
        assert volumes_of(bench.store, start, end) == lines_in(lines, start, end), (start, end)


def test_whole_minutes_that_are_in_memory_ask_the_engine_nothing(bench: Any, line: Any, monkeypatch: Any) -> None:
    bench.put(*(line(A, ts, "x") for ts in TIMES))
    start, end = MIDNIGHT - 5 * MINUTE + 1, MIDNIGHT + 75 * MINUTE + 1
    first = volumes_of(bench.store, start, end)
    asked: list[str] = []
    query = bench.engine.query_arrow
    monkeypatch.setattr(bench.engine, "query_arrow", lambda sql, *rest: asked.append(sql) or query(sql, *rest))
    assert volumes_of(bench.store, start, end) == first == {A: (7, 7)}
    assert asked == []
    assert volumes_of(bench.store, start - 1, end) == {A: (7, 7)}
    assert len(asked) == 1, "an edge is read"


@pytest.mark.parametrize(
    "most", [pytest.param(3, id="too many to hold"), pytest.param(12, id="hours go and come again")]
)
def test_what_does_not_fit_is_asked_for_each_time(bench: Any, line: Any, monkeypatch: Any, most: int) -> None:
    monkeypatch.setattr(volumes, "ROWS_MAX", most)
    lines = [line(labels, ts, "x") for ts in TIMES for labels in (A, B)]
    bench.put(*lines)
    for _ in range(2):
        for start, end in RANGES:
            assert volumes_of(bench.store, start, end) == lines_in(lines, start, end), (start, end)


def test_a_range_of_very_many_hours_is_the_engines(bench: Any, line: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(volumes, "HOURS_MAX", 1)
    bench.put(*(line(A, ts, "x") for ts in TIMES))
    assert volumes_of(bench.store, 0, 2 * NOW_NS) == {A: (10, 10)}
    assert volumes_of(bench.store, MIDNIGHT + 1, MIDNIGHT + HOUR + 1) == {A: (3, 3)}


def test_a_commit_that_takes_long_is_not_waited_for(bench: Any, line: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(volumes, "LOAD_S_MAX", 0.01)
    bench.put(line(A, NOW_NS, "x"))
    with bench.store._family.lock:
        assert volumes_of(bench.store, 0, 2 * NOW_NS) == {A: (1, 1)}


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 59), st.integers(0, 9)), min_size=1, max_size=60),
    st.sampled_from([1, 1000]),
)
def test_grouped_counts_are_sums_over_lines(lines: list[tuple[int, int, int]], spread: int) -> None:
    """By either of its ways: few streams, or a few of many."""
    position, minute, size = (np.array(column, np.int64) for column in zip(*lines, strict=True))
    streams = (position + 77).astype(np.uint64)
    found = minutes.grouped(streams, position * spread, minute, size)
    expected: dict[tuple[int, int], tuple[int, int]] = {}
    for stream, at, bytes_ in lines:
        before = expected.get((stream + 77, at), (0, 0))
        expected[stream + 77, at] = (before[0] + 1, before[1] + bytes_)
    rows = zip(found.stream.tolist(), found.minute.tolist(), found.lines.tolist(), found.bytes.tolist(), strict=True)
    assert {(stream, at): (n, size) for stream, at, n, size in rows} == expected
    hour = minutes.HourCounts(found)
    for _ in range(minutes.CHUNKS_MAX + 1):
        hour.add(found)
    lines_of, _ = minutes.summed([hour.between(0, 60)], np.unique(streams))
    assert lines_of.sum() == len(lines) * (minutes.CHUNKS_MAX + 2)
    lines_of, _ = minutes.summed([hour.between(10, 20)], np.unique(streams))
    assert lines_of.sum() == sum(10 <= at < 20 for _, at, _ in lines) * (minutes.CHUNKS_MAX + 2)
