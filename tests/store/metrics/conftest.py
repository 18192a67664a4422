"""A metric store over an empty engine, driven from plain test functions."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hannun.model.budget import Budget
from hannun.model.labels import Labels
from hannun.model.matcher import Matchers
from hannun.model.metric import MetricBatch, MetricMetadata, NewSeries, SeriesColumns
from hannun.store import pace, schema
from hannun.store.engine import ChdbEngine
from hannun.store.metrics import MetricStore
from hannun.store.pace import CommitBudget
from hannun.store.writer import Writer

NOW_MS = 1_800_000_000_000
Point = tuple[Labels, int, float]


class HandClock:
    def __init__(self) -> None:
        self.ms = NOW_MS
        self.s = 1000.0

    def now_ms(self) -> int:
        return self.ms

    def monotonic_s(self) -> float:
        return self.s


class Bench:
    """One store with its event loop. `put` writes points and waits; `get` reads them back as dictionaries."""

    def __init__(self, engine: ChdbEngine, **options: Any) -> None:
        self.engine = engine
        self.clock = HandClock()
        self.loop = asyncio.new_event_loop()
        self.writer = Writer()
        self.writer._budget = CommitBudget(10_000)
        self.store = MetricStore(engine, self.writer, clock=self.clock, **options)
        self.run(self.writer.start())

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    def batch(self, points: Sequence[Point], metadata: Sequence[MetricMetadata] = ()) -> MetricBatch:
        sets = {labels.series_id(): labels for labels, _, _ in points}
        ids = np.array([labels.series_id() for labels, _, _ in points], np.uint64)
        unknown = self.store.unknown(ids)
        introduced = {int(one) for one in ids[unknown]}
        return MetricBatch(
            ids,
            np.array([ts for _, ts, _ in points], np.int64),
            np.array([value for _, _, value in points], np.float64),
            tuple(NewSeries(one, sets[one]) for one in sorted(introduced)),
            tuple(metadata),
        )

    def put(self, *points: Point) -> None:
        self.run(self.store.write(self.batch(points)))

    def get(self, matchers: Matchers, start_ms: int = -1, end_ms: int = 2 * NOW_MS) -> dict[Labels, dict[int, float]]:
        return as_dicts(self.store.select(matchers, start_ms, end_ms, Budget()))

    def merge(self) -> None:
        self.engine.execute("OPTIMIZE TABLE metric_samples__local FINAL")

    def stop_merges(self) -> None:
        self.engine.execute("SYSTEM STOP MERGES")

    def close(self) -> None:
        self.run(self.writer.stop())
        self.loop.close()


def as_dicts(found: SeriesColumns) -> dict[Labels, dict[int, float]]:
    """Checks the promises of SeriesColumns on the way."""
    out: dict[Labels, dict[int, float]] = {}
    assert len(found.offsets) == len(found.labels) + 1
    assert found.offsets[0] == 0
    assert found.offsets[-1] == len(found.ts) == len(found.value)
    for i, labels in enumerate(found.labels):
        a, b = int(found.offsets[i]), int(found.offsets[i + 1])
        times = found.ts[a:b].astype(np.int64) + found.base_ms
        assert b > a, "a series without samples is left out"
        assert (np.diff(times) > 0).all(), "ascending, one per timestamp"
        assert labels not in out
        out[labels] = dict(zip(times.tolist(), found.value[a:b].tolist(), strict=True))
    return out


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """Without the writer's pace, which has its own tests and would be most of the time of these."""
    monkeypatch.setattr(pace, "GAP_S", 0.0)
    engine = ChdbEngine.open(tmp_path / "engine", memory_bytes=1 << 30, threads=2)
    schema.apply(engine)
    opened = Bench(engine)
    yield opened
    opened.close()
    engine.close()
