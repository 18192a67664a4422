"""Native histograms in the store: durable with their batch, exact, bounded, and free where there are none."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hannun.model.budget import Budget
from hannun.model.errors import ExecutionError, OutOfBounds, WireError
from hannun.model.histogram import Buckets, HistogramSample, HistogramSeries, NativeHistogram
from hannun.model.labels import Labels
from hannun.model.matcher import equal
from hannun.model.metric import STALE_NAN, MetricBatch, NewSeries
from hannun.store.metrics import MetricStore
from hannun.store.metrics.cardinality import SeriesCounts
from hannun.store.writer import Writer
from hannun.testing.histograms import histograms
from hannun.wire.remote_write import FastDecoder, encode

NOW_MS = 1_800_000_000_000
DAY_MS = 86_400_000
A, B = Labels.of(__name__="latency", host="a"), Labels.of(__name__="latency", host="b")
UP = Labels.of(__name__="up", host="a")
ONE = NativeHistogram(3, 5.0, 2.5, 0.001, 1.0, Buckets((-1, 4), (1.0, 3.0)))
TWO = replace(ONE, count=7.0)
M = (equal("__name__", "latency"),)
Told = tuple[Labels, int, NativeHistogram]


def batch(bench: Any, told: Sequence[Told], points: Sequence[tuple[Labels, int, float]] = ()) -> MetricBatch:
    floats = bench.batch(points)
    new = {labels.series_id(): labels for labels, _, _ in told}
    ids = np.array(list(new), np.uint64)
    introduced = {one.id: one for one in floats.introduced}
    for one in ids[bench.store.unknown(ids)].tolist():
        introduced[one] = NewSeries(one, new[one])
    samples = tuple(HistogramSample(labels.series_id(), ts, one) for labels, ts, one in told)
    return replace(floats, introduced=tuple(introduced.values()), histograms=samples)


def put(bench: Any, *told: Told, points: Sequence[tuple[Labels, int, float]] = ()) -> None:
    bench.run(bench.store.write(batch(bench, told, points)))


def read(bench: Any, matchers: Any = M, start: int = -1, end: int = 2 * NOW_MS) -> tuple[HistogramSeries, ...]:
    return bench.store.histograms(matchers, start, end, Budget())


def rows(bench: Any) -> int:
    return int(bench.engine.query_rows("SELECT count() FROM metric_histograms__local")[0][0])


def test_they_are_durable_with_the_floats_beside_them_and_after_a_restart(bench: Any) -> None:
    put(bench, (A, NOW_MS, ONE), points=[(UP, NOW_MS, 1.0)])
    expected = (HistogramSeries(A, (NOW_MS,), (ONE,)),)
    assert read(bench) == expected
    assert bench.get((equal("__name__", "up"),)) == {UP: {NOW_MS: 1.0}}
    again = MetricStore(bench.engine, Writer())
    assert again.histograms(M, -1, 2 * NOW_MS, Budget()) == expected


def test_no_statement_runs_for_metrics_that_have_none(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    put(bench, (A, NOW_MS, ONE), points=[(UP, NOW_MS, 1.0)])
    asked: list[str] = []
    monkeypatch.setattr(bench.engine, "query_arrow", lambda sql, *_: asked.append(sql))
    monkeypatch.setattr(bench.engine, "query_rows", lambda sql, *_: asked.append(sql))
    assert read(bench, (equal("__name__", "up"),)) == ()
    assert asked == []


def test_a_batch_over_many_days_comes_apart_and_arrives_whole(bench: Any) -> None:
    put(bench, *((A, NOW_MS - day * DAY_MS, replace(ONE, count=float(day))) for day in range(70)))
    (found,) = read(bench)
    assert [one.count for one in found.histograms] == [float(day) for day in reversed(range(70))]


def test_the_last_wins_within_a_batch_between_batches_and_after_merges(bench: Any) -> None:
    put(bench, (A, NOW_MS, ONE), (A, NOW_MS, TWO))
    assert read(bench)[0].histograms == (TWO,)
    bench.stop_merges()
    for one in (TWO, ONE):
        put(bench, (A, NOW_MS, one))
    assert read(bench)[0].histograms == (ONE,)
    bench.engine.execute("SYSTEM START MERGES")
    bench.engine.execute("OPTIMIZE TABLE metric_histograms__local FINAL")
    assert (read(bench)[0].histograms, rows(bench)) == ((ONE,), 1)


def test_floats_and_histograms_of_one_time_in_one_commit_keep_their_order(bench: Any) -> None:
    """Two requests may be one commit; the second one's float came later than the first one's histogram."""
    both = [batch(bench, [(A, NOW_MS, ONE)]), batch(bench, [], [(A, NOW_MS, 1.0), (A, NOW_MS + 1, STALE_NAN)])]
    bench.store._family.commit(both)
    assert read(bench) == ()
    bench.store._family.commit(list(reversed(both)))
    assert read(bench)[0].ts_ms == (NOW_MS,)


def test_floats_of_other_metrics_leave_no_row_here(bench: Any) -> None:
    put(bench, (A, NOW_MS, ONE), points=[(UP, NOW_MS, 1.0)])
    bench.put((UP, NOW_MS + 1, 1.0))
    assert rows(bench) == 1
    bench.put((A, NOW_MS + 1, STALE_NAN))
    assert rows(bench) == 2


def test_they_are_seen_in_their_hours_and_counted(bench: Any) -> None:
    put(bench, (A, NOW_MS, ONE), (B, NOW_MS - DAY_MS, ONE))
    assert bench.store.series([M], NOW_MS - 1, NOW_MS, 0, Budget()) == [A]
    counts = SeriesCounts(bench.engine, bench.clock).cardinality("", 0, NOW_MS, 10, Budget())
    assert [(one.name, one.count.series) for one in counts.metrics] == [("latency", 2)]
    stats = bench.store.stats(10, Budget())
    assert (stats.series, stats.min_ms, stats.max_ms) == (2, NOW_MS - DAY_MS, NOW_MS)
    assert [(table.name, table.rows) for table in bench.store.status() if table.name == "metric_histograms"] == [
        ("metric_histograms", 2)
    ]


def test_impossible_times_are_refused(bench: Any) -> None:
    for ts in (-1, NOW_MS + 2 * DAY_MS):
        with pytest.raises(OutOfBounds):
            put(bench, (A, ts, ONE))
    assert bench.store.offer(batch(bench, [(A, -1, ONE)])) is False


def test_a_histogram_that_no_column_holds_is_refused(bench: Any) -> None:
    for bad in (replace(ONE, schema=200), replace(ONE, positive=Buckets((1 << 40,), (1.0,)))):
        with pytest.raises(WireError, match="cannot be stored"):
            put(bench, (A, NOW_MS, bad))


def test_a_question_is_charged_before_it_is_read(bench: Any) -> None:
    wide = replace(ONE, positive=Buckets(tuple(range(1000)), (1.0,) * 1000))
    put(bench, *((A, NOW_MS + ts, wide) for ts in range(10)))
    with pytest.raises(ExecutionError, match="too many samples"):
        bench.store.histograms(M, 0, 2 * NOW_MS, Budget(samples_max=10_000))
    with pytest.raises(ExecutionError, match="too many samples"):
        bench.store.histograms(M, 0, 2 * NOW_MS, Budget(bytes_max=100_000))
    assert len(bench.store.histograms(M, 0, 2 * NOW_MS, Budget(bytes_max=1_000_000))[0].ts_ms) == 10


def test_dropped_days_take_them_along(bench: Any) -> None:
    put(bench, (A, NOW_MS, ONE), (B, NOW_MS - DAY_MS, ONE))
    day = np.datetime64(NOW_MS // DAY_MS - 1, "D")
    for table in ("metric_histograms__local", "metric_seen__local"):
        bench.engine.execute(f"ALTER TABLE {table} DROP PARTITION '{day}'")
    bench.store.partitions_dropped()
    assert [one.labels for one in read(bench)] == [A]
    assert bench.store.series([M], 0, NOW_MS, 0, Budget()) == [A]


def test_odd_numbers_are_kept(bench: Any) -> None:
    odd = NativeHistogram(0, math.inf, math.nan, 1e-128, 0.5, Buckets((-(2**31) + 1, 2**31 - 1), (5e-324, math.inf)))
    put(bench, (A, NOW_MS, odd))
    ((found,),) = (one.histograms for one in read(bench))
    assert math.isnan(found.sum)
    assert replace(found, sum=0.0) == replace(odd, sum=0.0)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    sent=st.dictionaries(
        st.tuples(st.sampled_from([A, B]), st.integers(0, 3 * DAY_MS)), histograms(), min_size=1, max_size=8
    )
)
def test_what_is_sent_by_remote_write_is_read_back(bench: Any, sent: dict[tuple[Labels, int], NativeHistogram]) -> None:
    body = encode([(labels.pairs, [HistogramSample(0, ts, one)]) for (labels, ts), one in sent.items()])
    taken = FastDecoder().decode(body).histograms().samples
    by_id = {labels.series_id(): labels for labels in (A, B)}
    put(bench, *((by_id[one.series], one.ts_ms, one.histogram) for one in taken))
    found = {
        (series.labels, ts): one
        for series in read(bench)
        for ts, one in zip(series.ts_ms, series.histograms, strict=True)
    }
    assert {key: found[key] for key in sent} == sent
