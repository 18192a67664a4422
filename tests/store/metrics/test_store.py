"""MetricStore end to end on the embedded engine: what is written is read back, exactly and at once."""

from __future__ import annotations

import asyncio
import struct
from typing import Any

import numpy as np
import pytest

from hannun.model.budget import Budget
from hannun.model.errors import ExecutionError, OutOfBounds, QueryCanceled, StoreUnavailable, WireError
from hannun.model.labels import Labels
from hannun.model.matcher import Matcher, MatchOp, equal
from hannun.model.metric import STALE_NAN, MetricBatch, MetricMetadata, NewSeries
from hannun.store.metrics import MetricStore
from hannun.store.writer import Writer

NOW_MS = 1_800_000_000_000
DAY_MS = 86_400_000
A = Labels.of(__name__="m", host="a")
B = Labels.of(__name__="m", host="b")
OTHER = Labels.of(__name__="other", host="a", quote='"\\\n\t한글')
M = (equal("__name__", "m"),)


def test_what_is_acknowledged_is_visible_to_the_next_query(bench: Any) -> None:
    bench.put((A, NOW_MS, 1.5), (B, NOW_MS, 2.0), (A, NOW_MS + 1, 3.0))
    assert bench.get(M) == {A: {NOW_MS: 1.5, NOW_MS + 1: 3.0}, B: {NOW_MS: 2.0}}


def test_the_range_is_left_open_and_right_closed(bench: Any) -> None:
    bench.put(*((A, NOW_MS + i, float(i)) for i in range(5)))
    assert bench.get(M, NOW_MS + 1, NOW_MS + 3) == {A: {NOW_MS + 2: 2.0, NOW_MS + 3: 3.0}}
    assert bench.get(M, NOW_MS + 3, NOW_MS + 3) == {}
    assert bench.get(M, NOW_MS + 3, NOW_MS) == {}


@pytest.mark.parametrize("span", [(-(2**62), 2**62), (0, 2**60), (-1, NOW_MS)])
def test_any_bounds_may_be_asked(bench: Any, span: tuple[int, int]) -> None:
    bench.put((A, NOW_MS, 1.0), (A, 1, 2.0))
    assert bench.get(M, *span) == {A: {NOW_MS: 1.0, 1: 2.0}}


def test_bits_of_values_are_kept(bench: Any) -> None:
    values = [
        STALE_NAN,
        -0.0,
        float("inf"),
        1e300,
        0.1 + 0.2,
        5e-324,
        struct.unpack("<d", b"\x01\x00\x00\x00\x00\x00\xf8\xff")[0],
    ]
    bench.put(*((A, NOW_MS + i, value) for i, value in enumerate(values)))
    found = bench.store.select(M, NOW_MS - 1, NOW_MS + 100, Budget())
    assert found.value.tobytes() == np.array(values).tobytes()
    assert found.has_stale
    assert not bench.store.select(M, NOW_MS, NOW_MS + 100, Budget()).has_stale


@pytest.mark.parametrize("merged", [False, True], ids=["unmerged", "merged"])
def test_the_last_acknowledged_of_equal_timestamps_wins(bench: Any, merged: bool) -> None:
    bench.stop_merges()
    bench.put((A, NOW_MS, 9.0), (A, NOW_MS + 5, 5.0))
    bench.put((A, NOW_MS, 1.0), (B, NOW_MS, 7.0))
    bench.put((A, NOW_MS, 4.0), (A, NOW_MS, 2.0), (A, NOW_MS - 3, 3.0))
    if merged:
        bench.engine.execute("SYSTEM START MERGES")
        bench.merge()
    assert bench.get(M) == {A: {NOW_MS - 3: 3.0, NOW_MS: 2.0, NOW_MS + 5: 5.0}, B: {NOW_MS: 7.0}}


def test_of_a_merged_and_a_newer_part_the_newer_wins(bench: Any) -> None:
    bench.put((A, NOW_MS, 1.0))
    bench.put((A, NOW_MS, 2.0))
    bench.merge()
    bench.stop_merges()
    bench.put((A, NOW_MS, 3.0))
    assert bench.get(M) == {A: {NOW_MS: 3.0}}


def test_of_two_requests_in_one_commit_the_later_wins(bench: Any) -> None:
    async def both() -> None:
        batches = [bench.batch([(A, NOW_MS, float(i)), (A, NOW_MS + 1, 0.5)]) for i in range(20)]
        await asyncio.gather(*(bench.store.write(batch) for batch in batches))

    bench.run(both())
    assert bench.get(M) == {A: {NOW_MS: 19.0, NOW_MS + 1: 0.5}}


@pytest.mark.parametrize(
    ("matchers", "expected"),
    [
        pytest.param([equal("host", "a")], [A, OTHER], id="without a metric name"),
        pytest.param([equal("__name__", "m"), equal("host", "b")], [B], id="name and label"),
        pytest.param([Matcher("__name__", MatchOp.REGEX, "m|nothing")], [A, B], id="regex on the name"),
        pytest.param([Matcher("host", MatchOp.REGEX, "[ab]")], [A, B, OTHER], id="regex is anchored"),
        pytest.param([Matcher("host", MatchOp.NOT_REGEX, "a.*")], [B], id="not regex"),
        pytest.param([Matcher("host", MatchOp.NOT_EQUAL, "a")], [B], id="not equal"),
        pytest.param([equal("quote", ""), equal("host", "a")], [A], id="empty matches absent"),
        pytest.param([Matcher("quote", MatchOp.NOT_EQUAL, "")], [OTHER], id="not empty is present"),
        pytest.param([equal("quote", '"\\\n\t한글')], [OTHER], id="any text"),
        pytest.param([Matcher("quote", MatchOp.REGEX, '".*글')], [OTHER], id="the dot matches a newline"),
        pytest.param([equal("__name__", "none")], [], id="nothing"),
        pytest.param([], [A, B, OTHER], id="no matcher"),
    ],
)
def test_matchers_choose_the_same_series_for_samples_and_for_label_sets(
    bench: Any, matchers: list[Matcher], expected: list[Labels]
) -> None:
    bench.put((A, NOW_MS, 1.0), (B, NOW_MS, 1.0), (OTHER, NOW_MS, 1.0))
    assert set(bench.get(tuple(matchers))) == set(expected)
    listed = bench.store.series([tuple(matchers)], NOW_MS, NOW_MS, 0, Budget())
    assert listed == sorted(expected, key=lambda labels: labels.pairs)


def test_series_are_listed_by_when_they_were_seen(bench: Any) -> None:
    hour = 3_600_000
    bench.put((A, NOW_MS, 1.0), (B, NOW_MS - 3 * DAY_MS, 1.0))
    store, far = bench.store, 2 * NOW_MS
    assert store.series([M], NOW_MS - hour, NOW_MS, 0, Budget()) == [A]
    assert store.series([M], NOW_MS - 3 * DAY_MS - hour, NOW_MS - 3 * DAY_MS + hour, 0, Budget()) == [B]
    assert store.series([M], NOW_MS - 2 * DAY_MS, NOW_MS - DAY_MS, 0, Budget()) == []
    assert store.series([M], 0, far, 0, Budget()) == [A, B]
    assert store.series([M], 0, far, 1, Budget()) in ([A], [B])
    assert store.label_values("host", [M], NOW_MS - hour, NOW_MS, Budget()) == ["a"]
    assert store.label_values("host", [], 0, far, Budget()) == ["a", "b"]
    assert store.label_values("__name__", [], 0, far, Budget()) == ["m"]
    assert store.label_values("nothing", [], 0, far, Budget()) == []
    assert store.label_names([], 0, far, Budget()) == ["__name__", "host"]
    assert store.label_names([], NOW_MS + 2 * DAY_MS, far, Budget()) == []


def test_new_hours_of_a_known_series_are_seen(bench: Any) -> None:
    for hour in range(4):
        bench.put((A, NOW_MS - hour * 3_600_000, 1.0))
    for hour in range(6):
        at = NOW_MS - hour * 3_600_000
        assert bool(bench.store.series([M], at, at, 0, Budget())) is (hour < 4)


def test_an_unknown_series_without_labels_is_refused_and_asked_again(bench: Any) -> None:
    batch = MetricBatch(np.array([A.series_id()], np.uint64), np.array([NOW_MS]), np.array([1.0]))
    with pytest.raises(StoreUnavailable):
        bench.run(bench.store.write(batch))
    assert bench.store.unknown(batch.series).tolist() == [True]


def test_a_batch_that_is_no_text_harms_nobody_in_its_group(bench: Any) -> None:
    bad = Labels.of(__name__="m", host="\ud800")

    async def both() -> list[Any]:
        return await asyncio.gather(
            bench.store.write(bench.batch([(A, NOW_MS, 1.0)])),
            bench.store.write(bench.batch([(bad, NOW_MS, 1.0)])),
            bench.store.write(bench.batch([(B, NOW_MS, 1.0)])),
            return_exceptions=True,
        )

    first, second, third = bench.run(both())
    assert (first, third) == (None, None)
    assert isinstance(second, WireError)
    assert set(bench.get(M)) == {A, B}


def test_two_label_sets_of_one_id_are_refused(bench: Any) -> None:
    batch = MetricBatch(
        np.array([5], np.uint64), np.array([NOW_MS]), np.array([1.0]), (NewSeries(5, A), NewSeries(5, B))
    )
    with pytest.raises(WireError, match="share the series id"):
        bench.run(bench.store.write(batch))


@pytest.mark.parametrize("retention_ms", [0, 30 * DAY_MS])
def test_timestamps_out_of_bounds_are_refused_and_the_bound_is_named(bench: Any, retention_ms: int) -> None:
    bench.store._retention_ms = retention_ms
    oldest, newest = bench.store.bounds()
    assert (oldest, newest) == (NOW_MS - retention_ms if retention_ms else 0, NOW_MS + DAY_MS)
    bench.put((A, oldest, 1.0), (A, newest, 2.0))
    for ts, bound in ((oldest - 1, oldest), (newest + 1, newest)):
        with pytest.raises(OutOfBounds, match=str(bound)) as refused:
            bench.put((B, NOW_MS, 1.0), (A, ts, 1.0))
        assert str(bound) in refused.value.say("ko")
        assert not bench.store.offer(bench.batch([(A, ts, 1.0)]))
    assert bench.get(M) == {A: {oldest: 1.0, newest: 2.0}}


def test_a_batch_over_many_days_is_stored_whole(bench: Any) -> None:
    points = [(A, NOW_MS - day * DAY_MS, float(day)) for day in range(100)]
    bench.put(*points)
    assert bench.get(M) == {A: {ts: value for _, ts, value in points}}


def test_metadata_are_kept_and_the_last_word_wins(bench: Any) -> None:
    first, second = MetricMetadata("m", "gauge", "help"), MetricMetadata("m", "counter", "other", "s")
    bench.run(bench.store.write(bench.batch([(A, NOW_MS, 1.0)], [first, MetricMetadata("a", "info")])))
    assert bench.store.metadata("m") == [first]
    bench.run(bench.store.write(bench.batch([], [first, second])))
    assert bench.store.metadata() == [MetricMetadata("a", "info"), second]
    assert bench.store.metadata("nothing") == []
    rows = bench.engine.query_rows("SELECT type FROM metric_metadata FINAL WHERE metric = 'm'")
    assert rows == [("counter",)]


def test_stats_count_as_prometheus_does(bench: Any) -> None:
    bench.put((A, NOW_MS, 1.0), (B, NOW_MS - DAY_MS, 1.0), (OTHER, NOW_MS, 1.0))
    stats = bench.store.stats(10, Budget())
    assert (stats.series, stats.min_ms, stats.max_ms) == (3, NOW_MS - DAY_MS, NOW_MS)
    assert [(one.name, one.value) for one in stats.series_by_metric] == [("m", 2), ("other", 1)]
    assert [(one.name, one.value) for one in stats.values_by_label] == [("__name__", 2), ("host", 2), ("quote", 1)]
    assert [(one.name, one.value) for one in stats.series_by_pair][:2] == [("__name__=m", 2), ("host=a", 2)]
    assert stats.label_pairs == 5
    assert len(bench.store.stats(1, Budget()).series_by_pair) == 1


def test_an_empty_store_answers_everything(bench: Any) -> None:
    store = bench.store
    assert bench.get(M) == {}
    assert store.series([M], 0, NOW_MS, 0, Budget()) == []
    assert store.label_names([], 0, NOW_MS, Budget()) == []
    assert store.stats(10, Budget()).series == 0
    assert [table.rows for table in store.status()] == [0] * 6
    store.delete([M], 0, NOW_MS)


def test_the_sample_bound_holds_before_the_memory_is_spent(bench: Any) -> None:
    bench.put(*((A, NOW_MS + i, 1.0) for i in range(5000)))
    with pytest.raises(ExecutionError, match="too many samples"):
        bench.store.select(M, 0, 2 * NOW_MS, Budget(samples_max=4000))
    assert len(bench.get(M)[A]) == 5000


def test_a_cancelled_budget_stops_the_read(bench: Any) -> None:
    bench.put((A, NOW_MS, 1.0))
    budget = Budget()
    budget.cancel()
    with pytest.raises(QueryCanceled):
        bench.store.select(M, 0, 2 * NOW_MS, budget)


def test_a_reopened_store_knows_everything(bench: Any) -> None:
    bench.put((A, NOW_MS, 1.0), (B, NOW_MS, 2.0))
    again = MetricStore(bench.engine, Writer(), clock=bench.clock)
    ids = np.array([A.series_id(), B.series_id(), OTHER.series_id()], np.uint64)
    assert again.unknown(ids).tolist() == [False, False, True]
    assert set(again.select(M, 0, 2 * NOW_MS, Budget()).labels) == {A, B}


@pytest.mark.parametrize("merges", [0, 1, 2])
def test_random_rewrites_of_a_few_timestamps_keep_the_last(bench: Any, merges: int) -> None:
    """Many parts that overlap, some merged, some not, read as a whole and series by series."""
    rng = np.random.default_rng(merges)
    bench.stop_merges()
    sets = [Labels.of(__name__="m", host=str(i)) for i in range(5)]
    model: dict[Labels, dict[int, float]] = {}
    for turn in range(30):
        points = [
            (sets[int(rng.integers(5))], NOW_MS + int(rng.integers(40)), float(turn * 100 + i))
            for i in range(int(rng.integers(1, 30)))
        ]
        bench.put(*points)
        for labels, ts, value in points:
            model.setdefault(labels, {})[ts] = value
        if merges and turn % (20 // merges) == 10:
            bench.engine.execute("SYSTEM START MERGES")
            bench.merge()
            bench.stop_merges()
    assert bench.get(M) == model
    for labels in sets:
        assert bench.get((*M, equal("host", labels["host"])), NOW_MS + 5, NOW_MS + 30) == {
            labels: {ts: value for ts, value in model[labels].items() if NOW_MS + 5 < ts <= NOW_MS + 30}
        }


def test_spans_beyond_49_days_come_with_wide_times(bench: Any) -> None:
    bench.put((A, NOW_MS, 1.0), (A, NOW_MS - 100 * DAY_MS, 2.0))
    found = bench.store.select(M, 0, NOW_MS, Budget())
    assert found.ts.dtype == np.int64
    assert (found.ts + found.base_ms).tolist() == [NOW_MS - 100 * DAY_MS, NOW_MS]
    assert bench.store.select(M, NOW_MS - DAY_MS, NOW_MS, Budget()).ts.dtype == np.uint32
