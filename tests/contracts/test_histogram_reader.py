"""What every `HistogramReader` promises, asked of the one over the store and of the one in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hannun.model.budget import Budget
from hannun.model.histogram import (
    Buckets,
    HistogramReader,
    HistogramSample,
    HistogramSeries,
    NativeHistogram,
)
from hannun.model.labels import Labels
from hannun.model.matcher import Matcher, MatchOp, equal
from hannun.model.metric import MetricBatch, NewSeries
from hannun.store import pace, schema
from hannun.store.engine import ChdbEngine
from hannun.store.metrics import MetricStore
from hannun.store.pace import CommitBudget
from hannun.store.writer import Writer
from hannun.testing.memory_reader import MemoryReader

A, B = Labels.of(__name__="latency", host="a"), Labels.of(__name__="latency", host="b")
OTHER = Labels.of(__name__="size", host="a")
ONE = NativeHistogram(3, 5.0, 2.5, 0.001, 1.0, Buckets((-1, 4), (1.0, 3.0)), Buckets((2,), (0.5,)), (), "reset")
TWO = NativeHistogram(-53, 3.0, 9.0, positive=Buckets((0, 2), (1.0, 2.0)), custom_values=(0.5, 1.0), reset_hint="gauge")
LATENCY = (equal("__name__", "latency"),)


class Under:
    """A reader under test, and how samples come into it."""

    def __init__(
        self,
        reader: Any,
        floats: Callable[[Labels, int, float], None],
        histograms: Callable[[Labels, int, NativeHistogram], None],
    ) -> None:
        self.reader, self.float, self.put = reader, floats, histograms

    def read(
        self, matchers: tuple[Matcher, ...] = LATENCY, start: int = -1, end: int = 10**12
    ) -> list[HistogramSeries]:
        return sorted(self.reader.histograms(matchers, start, end, Budget()), key=lambda one: one.labels.pairs)

    def floats(self, matchers: tuple[Matcher, ...] = LATENCY) -> dict[Labels, list[int]]:
        found = self.reader.select(matchers, -1, 10**12, Budget())
        ends = zip(found.offsets[:-1].tolist(), found.offsets[1:].tolist(), strict=True)
        times = [(found.ts[a:b].astype(np.int64) + found.base_ms).tolist() for a, b in ends]
        return dict(zip(found.labels, times, strict=True))


def in_memory() -> Iterator[Under]:
    reader = MemoryReader()
    yield Under(
        reader,
        lambda labels, ts, value: reader.add(labels, [(ts, value)]),
        lambda labels, ts, one: reader.add_histograms(labels, [(ts, one)]),
    )


def in_store(folder: Path) -> Iterator[Under]:
    engine = ChdbEngine.open(folder / "engine", memory_bytes=1 << 30, threads=2)
    schema.apply(engine)
    loop, writer = asyncio.new_event_loop(), Writer()
    writer._budget = CommitBudget(10_000)
    store = MetricStore(engine, writer)
    loop.run_until_complete(writer.start())

    def write(labels: Labels, floats: dict[int, float], histograms: dict[int, NativeHistogram]) -> None:
        series = labels.series_id()
        batch = MetricBatch(
            np.full(len(floats), series, np.uint64),
            np.array(list(floats), np.int64),
            np.array(list(floats.values()), np.float64),
            (NewSeries(series, labels),),
            histograms=tuple(HistogramSample(series, ts, one) for ts, one in histograms.items()),
        )
        loop.run_until_complete(store.write(batch))

    yield Under(
        store,
        lambda labels, ts, value: write(labels, {ts: value}, {}),
        lambda *one: write(one[0], {}, {one[1]: one[2]}),
    )
    loop.run_until_complete(writer.stop())
    loop.close()
    engine.close()


@pytest.fixture(params=["memory", "store"])
def under(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Under]:
    monkeypatch.setattr(pace, "GAP_S", 0.0)
    yield from in_memory() if request.param == "memory" else in_store(tmp_path)


def test_it_says_that_it_is_one_and_is_empty_at_first(under: Under) -> None:
    assert isinstance(under.reader, HistogramReader)
    assert under.read() == []
    assert under.read(()) == []


def test_what_was_written_is_read_in_the_order_of_time(under: Under) -> None:
    under.put(A, 2_000, TWO)
    under.put(A, 1_000, ONE)
    under.put(B, 1_500, ONE)
    assert under.read() == [HistogramSeries(A, (1_000, 2_000), (ONE, TWO)), HistogramSeries(B, (1_500,), (ONE,))]


def test_the_left_end_of_the_range_does_not_belong_to_it_and_the_right_one_does(under: Under) -> None:
    for ts in (1_000, 2_000, 3_000):
        under.put(A, ts, ONE)
    assert under.read(start=1_000, end=2_000) == [HistogramSeries(A, (2_000,), (ONE,))]
    assert under.read(start=3_000, end=9_000) == []


def test_matchers_choose_series_of_any_metric(under: Under) -> None:
    for labels in (A, B, OTHER):
        under.put(labels, 1_000, ONE)
    under.float(Labels.of(__name__="up", host="a"), 1_000, 1.0)
    assert [one.labels for one in under.read((equal("host", "a"),))] == [A, OTHER]
    assert [one.labels for one in under.read((Matcher("host", MatchOp.REGEX, "a|b"), *LATENCY))] == [A, B]
    assert under.read((equal("__name__", "up"),)) == []


def test_the_last_of_one_time_wins(under: Under) -> None:
    under.put(A, 1_000, ONE)
    under.put(A, 1_000, TWO)
    assert under.read() == [HistogramSeries(A, (1_000,), (TWO,))]


def test_a_float_that_comes_later_takes_the_histogram_away_and_the_other_way_round(under: Under) -> None:
    under.put(A, 1_000, ONE)
    under.put(A, 2_000, ONE)
    under.float(A, 1_000, 7.0)
    assert under.read() == [HistogramSeries(A, (2_000,), (ONE,))]
    assert under.floats() == {A: [1_000]}
    under.float(A, 3_000, 8.0)
    under.put(A, 1_000, TWO)
    assert under.read() == [HistogramSeries(A, (1_000, 2_000), (TWO, ONE))]
    assert under.floats() == {A: [3_000]}
    under.put(A, 3_000, TWO)
    assert under.floats() == {}
    under.float(A, 3_000, 9.0)
    assert under.floats() == {A: [3_000]}


def test_series_with_nothing_but_histograms_are_listed(under: Under) -> None:
    under.put(A, 1_000, ONE)
    assert under.reader.series([LATENCY], 0, 5_000, 0, Budget()) == [A]
    assert under.reader.label_values("host", [], 0, 5_000, Budget()) == ["a"]
    assert under.reader.stats(10, Budget()).series == 1
    assert len(under.reader.select(LATENCY, 0, 5_000, Budget())) == 0


def test_deleted_histograms_are_gone_with_their_series(under: Under) -> None:
    under.put(A, 1_000, ONE)
    under.put(A, 2_000, ONE)
    under.put(B, 2_000, ONE)
    under.reader.delete([LATENCY], 0, 1_000)
    assert [(one.labels, one.ts_ms) for one in under.read()] == [(A, (2_000,)), (B, (2_000,))]
    under.reader.delete([(equal("host", "a"),)], 0, 10_000)
    assert [one.labels for one in under.read()] == [B]
    under.reader.delete([()], 0, 10_000)
    assert under.read() == []
    assert under.reader.series([LATENCY], 0, 5_000, 0, Budget()) == []
    under.put(A, 1_000, TWO)
    assert under.read() == [HistogramSeries(A, (1_000,), (TWO,))]
