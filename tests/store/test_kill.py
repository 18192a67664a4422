"""`kill -9` in the middle of writing: every acknowledged sample is there afterwards, and the store opens cleanly.

A child process writes through the whole store (writer, series rows, samples, merges) and prints what was acknowledged;
the parent kills it at a random moment and reads the directory with the same code.
"""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hannun.model.budget import Budget
from hannun.model.labels import Labels
from hannun.model.matcher import equal
from hannun.store import schema
from hannun.store.data_dir import DataDir
from hannun.store.engine import ChdbEngine
from hannun.store.metrics import MetricStore
from hannun.store.writer import Writer

T0_MS = 1_700_000_000_000

CHILD = """
import asyncio, sys
import numpy as np
from hannun.model.histogram import Buckets, HistogramSample, NativeHistogram
from hannun.model.labels import Labels
from hannun.model.metric import MetricBatch, NewSeries
from hannun.store import pace, schema
from hannun.store.data_dir import DataDir
from hannun.store.engine import ChdbEngine
from hannun.store.metrics import MetricStore
from hannun.store.writer import Writer

pace.GAP_S = 0.0
first = int(sys.argv[2])

async def main():
    data = DataDir.open(sys.argv[1])
    engine = ChdbEngine.open(data.engine_path, memory_bytes=1 << 30, threads=1)
    schema.apply(engine)
    writer = Writer()
    store = MetricStore(engine, writer)
    await writer.start()

    async def client(number):
        step = first
        while True:
            sets = [Labels.of(__name__="m", client=str(number), series=str((step + i) % 40)) for i in range(5)]
            ids = np.array([labels.series_id() for labels in sets], np.uint64)
            unknown = store.unknown(ids)
            new = tuple(NewSeries(labels.series_id(), labels) for labels, u in zip(sets, unknown) if u)
            ts = np.full(5, 1_700_000_000_000 + step * 1000)
            shaped = Labels.of(__name__="h", client=str(number), series=str(step % 40))
            new += (NewSeries(shaped.series_id(), shaped),)
            one = NativeHistogram(3, step + 1.0, 1.0, positive=Buckets((-2, 3), (1.0, float(step))))
            shapes = (HistogramSample(shaped.series_id(), int(ts[0]), one),)
            await store.write(MetricBatch(ids, ts, np.full(5, step + 0.5), new, histograms=shapes))
            print(number, step, flush=True)
            step += 1

    print("ready", flush=True)
    await asyncio.gather(*(client(number) for number in range(3)))

asyncio.run(main())
"""


def killed_after(path: Path, first: int, seconds: float) -> list[tuple[int, int]]:
    """(client, step) pairs that the child acknowledged before it was killed."""
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(path), str(first)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    time.sleep(seconds)
    child.kill()
    lines = child.communicate()[0].splitlines(keepends=True)
    whole = [line.split() for line in lines if line.endswith("\n")]
    return [(int(client), int(step)) for client, step in whole]


def check(path: Path, acknowledged: list[tuple[int, int]]) -> None:
    data = DataDir.open(path)
    engine = ChdbEngine.open(data.engine_path, memory_bytes=1 << 30, threads=2)
    try:
        schema.apply(engine)
        store = MetricStore(engine, Writer())
        found = store.select((equal("__name__", "m"),), 0, 2 * T0_MS, Budget())
        there = {
            (labels, int(ts) + found.base_ms): value
            for i, labels in enumerate(found.labels)
            for ts, value in zip(
                found.ts[found.offsets[i] : found.offsets[i + 1]],
                found.value[found.offsets[i] : found.offsets[i + 1]].tolist(),
                strict=True,
            )
        }
        shapes = {
            (series.labels, ts): one.positive.count
            for series in store.histograms((equal("__name__", "h"),), 0, 2 * T0_MS, Budget())
            for ts, one in zip(series.ts_ms, series.histograms, strict=True)
        }
        for client, step in acknowledged:
            shaped = Labels.of(__name__="h", client=str(client), series=str(step % 40))
            assert shapes.get((shaped, T0_MS + step * 1000)) == (1.0, float(step)), f"client {client}, step {step}"
            for i in range(5):
                labels = Labels.of(__name__="m", client=str(client), series=str((step + i) % 40))
                assert there.get((labels, T0_MS + step * 1000)) == step + 0.5, f"client {client}, step {step}"
        listed = set(store.series([], 0, 2 * T0_MS, 0, Budget()))
        assert {labels for labels, _ in there} | {labels for labels, _ in shapes} <= listed
    finally:
        engine.close()
        data.close()


def kill_and_check(path: Path, times: int, seed: int) -> None:
    rng = random.Random(seed)
    acknowledged: list[tuple[int, int]] = []
    for _ in range(times):
        first = max((step for _, step in acknowledged), default=0) + 10
        new = killed_after(path, first, rng.uniform(0.05, 0.6))
        acknowledged += new
        check(path, acknowledged)
    assert acknowledged, "the children acknowledged something at all"


def test_two_kills_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    kill_and_check(tmp_path, 2, seed=5)


@pytest.mark.long
def test_fifty_kills_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    kill_and_check(tmp_path, 50, seed=50)
