"""Exemplars are durable and visible with the samples beside them, once each, and go with their series."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hannun.model.budget import Budget
from hannun.model.exemplar import Exemplar, SeriesExemplars
from hannun.model.labels import Labels
from hannun.model.matcher import Matcher, MatchOp, equal
from hannun.store.metrics.exemplars import trace_id

NOW_MS = 1_800_000_000_000
DAY_MS = 86_400_000
A = Labels.of(__name__="requests_total", path="/a")
B = Labels.of(__name__="requests_total", path="/b")
TRACE = Labels.of(trace_id="abc", span_id="12")


def exemplar(series: Labels, ts_ms: int, value: float = 1.0, labels: Labels = TRACE) -> Exemplar:
    return Exemplar(series.series_id(), labels, value, ts_ms)


def put(bench: Any, *exemplars: Exemplar, series: tuple[Labels, ...] = (A, B), ts_ms: int = NOW_MS) -> None:
    batch = bench.batch([(labels, ts_ms, 1.0) for labels in series])
    bench.run(bench.store.write(replace(batch, exemplars=exemplars)))


def read(bench: Any, *matchers: Matcher, start: int = 0, end: int = 2 * NOW_MS, limit: int = 0):
    return bench.store.exemplars([matchers or (equal("__name__", "requests_total"),)], start, end, limit, Budget())


def rows(bench: Any) -> int:
    return int(bench.engine.query_rows("SELECT count() FROM exemplars__local")[0][0])


def test_they_are_visible_when_the_write_returns(bench: Any) -> None:
    first, second = exemplar(A, NOW_MS - 1000, 0.5), exemplar(A, NOW_MS, 2.0, Labels.of(trace_id="서울"))
    put(bench, second, first, exemplar(B, NOW_MS))
    assert read(bench) == [SeriesExemplars(A, (first, second)), SeriesExemplars(B, (exemplar(B, NOW_MS),))]
    assert read(bench, equal("path", "/b")) == [SeriesExemplars(B, (exemplar(B, NOW_MS),))]
    assert read(bench, Matcher("path", MatchOp.REGEX, "/[x-z]")) == []


def test_both_bounds_of_the_range_are_closed_and_the_newest_stay(bench: Any) -> None:
    put(bench, *[exemplar(A, NOW_MS + at) for at in range(5)])
    (found,) = read(bench, start=NOW_MS + 1, end=NOW_MS + 3)
    assert [one.ts_ms - NOW_MS for one in found.exemplars] == [1, 2, 3]
    (found,) = read(bench, limit=2)
    assert [one.ts_ms - NOW_MS for one in found.exemplars] == [3, 4]
    assert read(bench, start=NOW_MS, end=NOW_MS - 1) == []


def test_one_that_is_told_again_is_written_once(bench: Any) -> None:
    for at in range(3):
        put(bench, exemplar(A, NOW_MS), ts_ms=NOW_MS + at)
    assert rows(bench) == 1


def test_of_one_series_and_time_the_last_wins(bench: Any) -> None:
    put(bench, exemplar(A, NOW_MS, 1.0))
    put(bench, exemplar(A, NOW_MS, 2.0), exemplar(A, NOW_MS, 3.0))
    (found,) = read(bench)
    assert [one.value for one in found.exemplars] == [3.0]


def test_an_impossible_time_costs_the_exemplar_and_not_its_sample(bench: Any) -> None:
    put(bench, exemplar(A, NOW_MS + 2 * DAY_MS), exemplar(A, -1), exemplar(A, NOW_MS))
    (found,) = read(bench)
    assert [one.ts_ms for one in found.exemplars] == [NOW_MS]
    assert bench.get((equal("path", "/a"),)) == {A: {NOW_MS: 1.0}}


def test_an_exemplar_of_a_series_that_nobody_knows_is_left_out(bench: Any) -> None:
    stranger = Labels.of(__name__="requests_total", path="/unknown")
    put(bench, exemplar(stranger, NOW_MS), exemplar(A, NOW_MS))
    assert [one.series for one in read(bench)] == [A]


def test_more_days_than_one_insert_may_touch(bench: Any) -> None:
    put(bench, *[exemplar(A, NOW_MS - day * DAY_MS) for day in range(150)])
    (found,) = read(bench)
    assert len(found.exemplars) == 150


@pytest.mark.parametrize(
    ("chosen", "start", "end", "left"),
    [
        pytest.param("/a", 0, 2 * NOW_MS, {"/b": 2}, id="one series for all time"),
        pytest.param("/a", NOW_MS, 2 * NOW_MS, {"/a": 1, "/b": 2}, id="one series for some time"),
        pytest.param(".*", NOW_MS, 2 * NOW_MS, {"/a": 1, "/b": 1}, id="all series for some time"),
        pytest.param(".*", 0, 2 * NOW_MS, {}, id="everything"),
    ],
)
def test_they_go_with_a_delete(bench: Any, chosen: str, start: int, end: int, left: dict[str, int]) -> None:
    put(bench, *[exemplar(series, NOW_MS + at) for series in (A, B) for at in (-1, 0)])
    put(bench, ts_ms=NOW_MS - 1)
    bench.store.delete([(Matcher("path", MatchOp.REGEX, chosen),)], start, end)
    assert {one.series.get("path"): len(one.exemplars) for one in read(bench)} == left
    # What was remembered is forgotten too: the same exemplar may come again.
    put(bench, exemplar(A, NOW_MS))
    assert any(one.series == A for one in read(bench))


@pytest.mark.parametrize("name", ["trace_id", "traceID", "TraceID"])
def test_the_trace_is_found_under_its_usual_names(name: str) -> None:
    assert trace_id(Labels.of({name: "abc", "span_id": "1"})) == "abc"
    assert trace_id(Labels.of(span_id="1")) == ""
