"""Counts lines that speak of attacks and special rights, beside the way into the store and never in it.

A sink around the sink: what was stored is looked through afterwards, in a thread, from a bounded line. Under a load
that the looking cannot follow, batches are left out and counted; nobody waits for it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from hannun.model.identity import Identity
from hannun.model.log import LogBatch, LogSink
from hannun.model.metric import Ids
from hannun.observe.metrics import counter
from hannun.process.security import Detector

WAITING_BYTES_MAX = 32 << 20
SERVICES_MAX = 200
OTHERS = "overflow"
_EVENTS = counter(
    "security_events_total",
    "Log lines that speak of an attack or of special rights.",
    ("kind", "service", "host"),
)
_UNSEEN = counter("hannun_security_lines_unseen_total", "Log lines that were stored and not looked through.")


class SecurityWatch:
    """A LogSink. `identity_of` tells who a stream is, from memory. `run` does the looking, until cancelled."""

    def __init__(self, sink: LogSink, detector: Detector, identity_of: Callable[[int], Identity]) -> None:
        self._sink = sink
        self._detector = detector
        self._identity_of = identity_of
        self._waiting: deque[LogBatch] = deque()
        self._bytes = 0
        self._news = asyncio.Event()
        self._named: set[tuple[str, str]] = set()

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
                counts = await asyncio.to_thread(self._detector.count, batch)
                for (kind, stream), lines in counts.items():
                    service, host = self._names(stream)
                    _EVENTS.labels(kind, service, host).inc(lines)

    def _put(self, batch: LogBatch) -> None:
        if self._bytes + batch.size_bytes > WAITING_BYTES_MAX and self._waiting:
            _UNSEEN.inc(len(batch))
            return
        self._waiting.append(batch)
        self._bytes += batch.size_bytes
        self._news.set()

    def _names(self, stream: int) -> tuple[str, str]:
        """(service, host) as labels, few of them: an attacker must not choose how many series there are."""
        identity = self._identity_of(stream)
        named = (identity.service, identity.host)
        if named not in self._named:
            if len(self._named) >= SERVICES_MAX:
                return (OTHERS, "")
            self._named.add(named)
        return named
