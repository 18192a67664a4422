"""A disk that really fills up under the store: refused is refused, acknowledged stays, and it goes on afterwards."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from hannun.model.budget import Budget
from hannun.model.errors import DiskFull
from hannun.model.labels import Labels
from hannun.model.matcher import equal
from hannun.model.metric import MetricBatch, NewSeries
from hannun.store import pace, schema
from hannun.store.disk import DiskGuard
from hannun.store.engine import ChdbEngine
from hannun.store.metrics import MetricStore
from hannun.store.pace import CommitBudget
from hannun.store.writer import Writer

T0_MS = 1_700_000_000_000
SERIES = 4000
M = (equal("__name__", "m"),)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(tmp_path)], check=False)
    if made.returncode:
        pytest.skip("mounting a small disk needs root")
    yield tmp_path
    subprocess.run(["umount", "-l", str(tmp_path)], check=True)


def test_on_a_full_disk_nothing_is_acknowledged_that_is_not_stored(
    small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "GAP_S", 0.0)
    engine = ChdbEngine.open(small_disk / "engine", memory_bytes=1 << 30, threads=1)
    schema.apply(engine)
    sets = [Labels.of(__name__="m", i=str(i)) for i in range(SERIES)]
    new = tuple(NewSeries(labels.series_id(), labels) for labels in sets)
    ids = np.array([one.id for one in new], np.uint64)
    rng = np.random.default_rng(1)

    def batch(step: int) -> MetricBatch:
        return MetricBatch(ids, np.full(SERIES, T0_MS + step), rng.random(SERIES), new)

    async def run() -> None:
        writer = Writer()
        writer._budget = CommitBudget(100_000)
        store = MetricStore(engine, writer)
        await writer.start()
        filler = small_disk / "filler"
        filler.write_bytes(b"x" * (18 << 20))
        acknowledged: set[int] = set()
        refused = 0
        for step in range(400):
            try:
                await store.write(batch(step))
                acknowledged.add(step)
            except DiskFull:
                refused += 1
            if refused > 4:
                break
        assert refused > 4, "the disk did fill up"
        assert acknowledged
        assert steps(store) >= acknowledged
        filler.unlink()
        await store.write(batch(1000))
        assert steps(store) >= {*acknowledged, 1000}
        await writer.stop()

    def steps(store: MetricStore) -> set[int]:
        found = store.select(M, T0_MS - 1, T0_MS + 2000, Budget())
        times, counts = np.unique(found.ts.astype(np.int64) + found.base_ms - T0_MS, return_counts=True)
        assert (counts == SERIES).all(), "no batch is there by half"
        return set(times.tolist())

    try:
        asyncio.run(run())
    finally:
        engine.close()


def test_the_reserve_refuses_before_the_disk_is_full(small_disk: Path) -> None:
    guard = DiskGuard(small_disk, 8 << 20)
    guard.check()
    assert guard.keep_ballast()
    (small_disk / "filler").write_bytes(b"x" * (16 << 20))
    with pytest.raises(DiskFull):
        guard.check()
    with guard.room_to_drop():
        (small_disk / "filler").unlink()
    guard.check()
    assert (small_disk / "ballast").exists()
