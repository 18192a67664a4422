"""The same scripts over the real store: what was written is what PromQL sees, to the last edge of a window."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest

from hannun.model.histogram import HistogramSample, NativeHistogram
from hannun.model.labels import METRIC_NAME, Labels
from hannun.model.matcher import Matcher, MatchOp
from hannun.model.metric import MetricBatch, NewSeries
from hannun.store import pace, schema
from hannun.store.engine import ChdbEngine
from hannun.store.metrics import MetricStore
from hannun.store.writer import Writer
from hannun.testing.promql_play import run_script

SCRIPTS = sorted((Path(__file__).parent / "scripts").glob("*.test"))


class Filled(MetricStore):
    """A store that a script can fill and empty; what is added is written before the next question."""

    loop: asyncio.AbstractEventLoop

    def add(self, labels: Labels, samples: Iterable[tuple[int, float]]) -> None:
        rows = list(samples)
        ids = np.full(len(rows), labels.series_id(), dtype=np.uint64)
        introduced = (NewSeries(labels.series_id(), labels),) if self.unknown(ids).any() else ()
        times = np.array([ts for ts, _ in rows], dtype=np.int64)
        values = np.array([value for _, value in rows], dtype=np.float64)
        self.loop.run_until_complete(self.write(MetricBatch(ids, times, values, introduced)))

    def add_histograms(self, labels: Labels, samples: Iterable[tuple[int, NativeHistogram]]) -> None:
        one = labels.series_id()
        none = np.empty(0, dtype=np.uint64)
        introduced = (NewSeries(one, labels),) if self.unknown(np.array([one], dtype=np.uint64)).any() else ()
        told = tuple(HistogramSample(one, ts, histogram) for ts, histogram in samples)
        empty = MetricBatch(none, none.astype(np.int64), none.astype(np.float64), introduced, histograms=told)
        self.loop.run_until_complete(self.write(empty))

    def clear(self) -> None:
        self.delete([(Matcher(METRIC_NAME, MatchOp.REGEX, ".+"),)], 0, 2**52)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Filled]:
    monkeypatch.setattr(pace, "GAP_S", 0.0)
    engine = ChdbEngine.open(tmp_path / "engine", memory_bytes=1 << 30, threads=2)
    schema.apply(engine)
    writer = Writer()
    store = Filled(engine, writer)
    store.loop = asyncio.new_event_loop()
    store.loop.run_until_complete(writer.start())
    yield store
    store.loop.run_until_complete(writer.stop())
    store.loop.close()
    engine.close()


LENGTHY = {"native_operators", "native_aggregations", "native_readings"}
"""Every run plays these in memory, and `native_rates` of their kind here."""


@pytest.mark.parametrize(
    "script",
    [pytest.param(one, marks=pytest.mark.long if one.stem in LENGTHY else ()) for one in SCRIPTS],
    ids=lambda script: script.stem,
)
def test_script_holds_over_the_store(script: Path, store: Filled) -> None:
    report = run_script(script.read_text(encoding="utf-8"), store)
    assert [f"line {found.eval.line}: {found.eval.expr}: {found.why}" for found in report.failed] == []
    assert report.passed
