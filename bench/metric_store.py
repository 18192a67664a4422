"""The metric store alone: bytes per sample, CPU of a large select, CPU of commits with their merges.

    python bench/metric_store.py [--series 10000] [--hours 6] [--keep DIR]

Times are CPU seconds of this process, engine threads included; wall times are shown beside them.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from hannun.model.budget import Budget
from hannun.model.labels import Labels
from hannun.model.matcher import Matchers, equal
from hannun.model.metric import MetricBatch, NewSeries
from hannun.store import schema
from hannun.store.engine import ChdbEngine
from hannun.store.metrics import MetricStore
from hannun.store.writer import Writer

STEP_MS = 15_000
DAY_MS = 86_400_000


def measured(what: str, run: Callable[[], object], repeat: int = 5) -> float:
    best_cpu = best_wall = float("inf")
    for _ in range(repeat):
        cpu, wall = time.process_time(), time.perf_counter()
        run()
        best_cpu = min(best_cpu, time.process_time() - cpu)
        best_wall = min(best_wall, time.perf_counter() - wall)
    print(f"{what:52} {best_cpu * 1e3:8.1f} ms CPU {best_wall * 1e3:8.1f} ms wall", flush=True)
    return best_cpu


def new_series(metric: str, count: int) -> tuple[NewSeries, ...]:
    sets = [
        Labels.of(
            __name__=metric,
            instance=f"10.0.{i // 250}.{i % 250}:9100",
            job="node" if i % 4 else "api",
            method="GET" if i % 2 else "POST",
            path=f"/api/v1/things/{i % 50}",
            region=f"r{i % 5}",
        )
        for i in range(count)
    ]
    return tuple(NewSeries(labels.series_id(), labels) for labels in sets)


async def load(store: MetricStore, series: tuple[NewSeries, ...], start_ms: int, steps: int, rise_max: int) -> None:
    """Counters that rise by up to `rise_max` a step, written ten minutes at a time in the order of time."""
    rng = np.random.default_rng(7)
    ids = np.array([one.id for one in series], np.uint64)
    value = rng.integers(0, 100_000, len(ids)).astype(np.float64)
    per_batch = 40
    for first in range(0, steps, per_batch):
        count = min(per_batch, steps - first)
        rises = rng.integers(0, rise_max, (count, len(ids)))
        values = value + np.cumsum(rises, axis=0)
        value = values[-1]
        ts = start_ms + (first + np.arange(count)) * STEP_MS
        batch = MetricBatch(np.tile(ids, count), np.repeat(ts, len(ids)), values.ravel(), series if first == 0 else ())
        await store.write(batch)


async def senders(store: MetricStore, series: tuple[NewSeries, ...], now_ms: int, seconds: float) -> int:
    """Eight senders that each wait for their 2,000 samples before they send the next."""
    ids = np.array([one.id for one in series], np.uint64)
    until, written = time.monotonic() + seconds, 0

    async def one(number: int) -> None:
        nonlocal written
        mine = ids[number * 1000 : (number + 2) * 1000]
        step = 0
        while time.monotonic() < until:
            step += 1
            ts = np.full(len(mine), now_ms + number + step * 100)
            await store.write(MetricBatch(mine, ts, np.full(len(mine), float(step))))
            written += len(mine)

    await asyncio.gather(*(one(number) for number in range(8)))
    return written


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=10_000)
    parser.add_argument("--hours", type=int, default=6)
    parser.add_argument("--rise", type=int, default=20)
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    path = options.keep or Path(tempfile.mkdtemp(prefix="hannun-bench-"))
    engine = ChdbEngine.open(path / "engine", memory_bytes=1 << 30)
    schema.apply(engine)
    writer = Writer()
    store = MetricStore(engine, writer)
    await writer.start()
    start_ms = (int(time.time() * 1000) // DAY_MS - 1) * DAY_MS
    steps = options.hours * 3_600_000 // STEP_MS
    end_ms = start_ms + steps * STEP_MS
    series = new_series("http_requests_total", options.series)
    selector: Matchers = (equal("__name__", "http_requests_total"),)
    if not len(store.select(selector, start_ms - 1, end_ms, Budget())):
        cpu, wall = time.process_time(), time.perf_counter()
        await load(store, series, start_ms, steps, options.rise)
        rows = options.series * steps
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        print(f"load: {rows / cpu / 1e6:.2f} M samples per CPU-second, {wall:.1f} s")
        time.sleep(3)
    print(
        *(f"{one.name}: {one.rows} rows, {one.bytes_per_row:.3f} B/row, {one.parts} parts" for one in store.status()),
        sep="\n",
    )

    def whole(first_ms: int, last_ms: int) -> Callable[[], object]:
        return lambda: store.select(selector, first_ms, last_ms, Budget())

    measured("select all, whole time", whole(start_ms - 1, end_ms))
    measured("select all, last 5 minutes", whole(end_ms - 300_000, end_ms))
    some = (*selector, equal("path", "/api/v1/things/7"))
    measured("select 2 % of the series, whole time", lambda: store.select(some, start_ms - 1, end_ms, Budget()))
    one = (*selector, equal("instance", "10.0.0.7:9100"))
    measured("select one series, whole time", lambda: store.select(one, start_ms - 1, end_ms, Budget()), 20)
    engine.execute("OPTIMIZE TABLE metric_samples__local FINAL")
    print(
        *(f"{one.name}: {one.bytes_per_row:.3f} B/row, {one.parts} parts" for one in store.status()[:1]),
        "after OPTIMIZE",
    )
    measured("select all, whole time, one part", whole(start_ms - 1, end_ms))
    measured("select all, last 5 minutes, one part", whole(end_ms - 300_000, end_ms))

    now_ms = int(time.time() * 1000)
    cpu, wall = time.process_time(), time.perf_counter()
    written = await senders(store, series, now_ms, 10.0)
    while int(engine.query_rows("SELECT count() FROM system.merges")[0][0]):
        await asyncio.sleep(0.1)
    await asyncio.sleep(1)
    cpu = time.process_time() - cpu
    (queue,) = store.queues()
    print(f"8 senders x 2,000: {written / cpu / 1e3:.0f}k samples per CPU-second, {written / 10 / 1e3:.0f}k/s, {queue}")
    await writer.stop()
    engine.close()
    if options.keep is None:
        shutil.rmtree(path)


if __name__ == "__main__":
    asyncio.run(main())
