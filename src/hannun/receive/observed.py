"""A sink around the sink: what was stored is looked through afterwards, in a thread, from a bounded line.

Nobody waits for it. Under a load that the looking cannot follow, batches are left out and counted.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from hannun.model.log import LogBatch, LogSink
from hannun.model.metric import Ids
from hannun.observe.metrics import counter

WAITING_BYTES_MAX = 32 << 20
_UNSEEN = counter("hannun_log_lines_unseen_total", "Log lines that were stored and not looked through for patterns.")
_log = logging.getLogger("hannun.receive")
Observer = Callable[[LogBatch], None]


class ObservedSink:
    """A LogSink. `run` does the looking, until cancelled; observers are called one after the other in one thread."""

    def __init__(self, sink: LogSink, observers: Sequence[Observer]) -> None:
        self._sink = sink
        self._observers = tuple(observers)
        self._waiting: deque[LogBatch] = deque()
        self._bytes = 0
        self._news = asyncio.Event()

    def unknown(self, streams: Ids) -> NDArray[np.bool_]:
        return self._sink.unknown(streams)

    def bounds_ns(self) -> tuple[int, int]:
        return self._sink.bounds_ns()

    async def write(self, batch: LogBatch) -> None:
        await self._sink.write(batch)
        self._put(batch)

    def offer(self, batch: LogBatch) -> bool:
        taken = self._sink.offer(batch)
        if taken:
            self._put(batch)
        return taken

    async def run(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            while self._waiting:
                batch = self._waiting.popleft()
                self._bytes -= batch.size_bytes
                await asyncio.to_thread(self._look, batch)

    def _look(self, batch: LogBatch) -> None:
        for observe in self._observers:
            try:
                observe(batch)
            except Exception:  # noqa: BLE001 - the lines are stored; one that breaks an observer must not end the looking
                _log.exception("a batch of %d lines could not be looked through", len(batch))

    def _put(self, batch: LogBatch) -> None:
        if self._waiting and self._bytes + batch.size_bytes > WAITING_BYTES_MAX:
            _UNSEEN.inc(len(batch))
            return
        self._waiting.append(batch)
        self._bytes += batch.size_bytes
        self._news.set()
