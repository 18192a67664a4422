"""`python -m hannun.compile`: compile every kernel once, so that no first request waits for the compiler.

Part of `make setup`. The machine code lies beside the modules (`__pycache__`); what is up to date is only loaded. The
store's kernels are compiled by use, over a throw-away store: that meets exactly the types that a server will meet.
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

import numpy as np

from hannun.model.budget import Budget
from hannun.model.labels import Labels
from hannun.model.matcher import equal
from hannun.model.metric import STALE_NAN, MetricBatch, NewSeries
from hannun.query.promql import kernels
from hannun.store import schema
from hannun.store.engine import ChdbEngine
from hannun.store.metrics import MetricStore
from hannun.store.writer import Writer
from hannun.wire import remote_write

MEMORY_BYTES = 256 << 20
DAY_MS = 86_400_000


def main() -> None:
    kernels.warm()
    remote_write.warm()
    with tempfile.TemporaryDirectory(prefix="hannun-compile-") as folder:
        asyncio.run(use_the_store(Path(folder)))


async def use_the_store(folder: Path) -> None:
    engine = ChdbEngine.open(folder / "engine", memory_bytes=MEMORY_BYTES)
    try:
        schema.apply(engine)
        writer = Writer()
        store = MetricStore(engine, writer)
        await writer.start()
        new = [
            NewSeries(labels.series_id(), labels) for labels in (Labels.of(__name__="m", n=str(n)) for n in range(3))
        ]
        ids = np.array([one.id for one in new], np.uint64)
        assert store.unknown(ids).all()
        now_ms = DAY_MS * 20_000
        # Twice the same times, so that overlapping parts are merged; integers, decimals and a staleness marker.
        for value in (1.0, 0.25, 1e-300, STALE_NAN):
            times = np.full(len(ids), now_ms, np.int64)
            await store.write(MetricBatch(ids, times, np.full(len(ids), value), tuple(new)))
            await store.write(MetricBatch(ids, times + 1000, np.full(len(ids), value)))
        every = (equal("__name__", "m"),)
        for span_ms in (DAY_MS, 60 * DAY_MS):
            for _ in range(2):
                store.select(every, now_ms - span_ms, now_ms + 2000, Budget())
        store.select((*every, equal("n", "1")), now_ms - DAY_MS, now_ms + 2000, Budget())
        store.delete([(*every, equal("n", "1"))], now_ms - DAY_MS, now_ms + DAY_MS)
        await writer.stop()
    finally:
        engine.close()


if __name__ == "__main__":
    main()
