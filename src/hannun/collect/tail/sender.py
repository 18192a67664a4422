"""The way out of one client: its spool, and who takes the batches that wait in it, in their order."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from hannun.collect.tail.batch import Batch
from hannun.collect.tail.metrics import TailMetrics
from hannun.collect.tail.place import Place
from hannun.collect.tail.spool import Segment, Spool
from hannun.model.errors import HannunError, NotAllowed, OutOfBounds, TooLarge, Unsupported, WireError

_log = logging.getLogger("hannun.collect.tail")
_FOR_GOOD = (WireError, TooLarge, Unsupported, OutOfBounds, NotAllowed)
"""What will not be taken another time either."""


class Outlet(Protocol):
    """Where batches go."""

    @property
    def name(self) -> str:
        """For people and metrics, without secrets."""
        ...

    async def deliver(self, body: bytes, tenant: str) -> None:
        """Returns when the push (protobuf, not compressed) is durable there. Raises HannunError: WireError and its like
        for what will never be taken, anything else for another time."""
        ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait after a failure: doubled each time, up to `max_s`."""

    min_s: float = 0.5
    max_s: float = 300.0

    def after(self, failures: int, chance: Callable[[], float] = random.random) -> float:
        wait_s = min(self.max_s, self.min_s * float(1 << min(failures - 1, 30)))
        return wait_s * (0.5 + chance() / 2)


@dataclass(eq=False, slots=True)
class Lane:
    """One client. `put` from the reading thread, `run` on the event loop."""

    spool: Spool
    outlet: Outlet
    metrics: TailMetrics
    external_labels: Mapping[str, str] = field(default_factory=dict)
    patience: Patience = Patience()
    failing: str = ""
    failures: int = 0
    _arrived: asyncio.Event = field(default_factory=asyncio.Event)
    _idle: asyncio.Event = field(default_factory=asyncio.Event)
    _loop: asyncio.AbstractEventLoop | None = None

    async def drained(self) -> None:
        """Returns when nothing waits any more."""
        self._idle.clear()
        self._arrived.set()
        await self._idle.wait()

    def put(
        self, batch: Batch, places: Sequence[Place], cursors: Mapping[str, str], finished: Sequence[Place] = ()
    ) -> None:
        """Durable when it returns. Raises SpoolFull and OSError."""
        body, tenants = batch.write(self.external_labels)
        self.spool.add(body, places, cursors, tenants, lines=batch.lines, finished=finished)
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._arrived.set)

    def dropped(self, batch: Batch, reason: str) -> None:
        self.metrics.add("promtail_dropped_entries_total", batch.lines, host=self.outlet.name, reason=reason)
        self.metrics.add("promtail_dropped_bytes_total", batch.size_bytes, host=self.outlet.name, reason=reason)

    async def run(self) -> None:
        """Delivers until cancelled. What is being delivered then is delivered again by the next life."""
        self._loop = asyncio.get_running_loop()
        while True:
            self._arrived.clear()
            segment = await asyncio.to_thread(self.spool.first)
            if segment is None:
                self._idle.set()
                await self._arrived.wait()
            elif await self.deliver(segment):
                await asyncio.to_thread(self.spool.done, segment)

    async def deliver(self, segment: Segment) -> bool:
        """True: the segment has been dealt with. Waits after a failure that passes by."""
        for tenant, body in segment.parts():
            try:
                await self.outlet.deliver(body, tenant)
            except _FOR_GOOD as err:
                _log.error("%s refused a batch of log lines for good, it is dropped: %s", self.outlet.name, err)
                host = self.outlet.name
                self.metrics.add("promtail_dropped_bytes_total", len(body), host=host, reason="ingester_error")
                self.metrics.add("promtail_dropped_entries_total", segment.lines, host=host, reason="ingester_error")
            except HannunError as err:
                await self._failed(err)
                return False
            else:
                self.metrics.add("promtail_sent_bytes_total", len(body), host=self.outlet.name)
                self.metrics.add("promtail_encoded_bytes_total", len(body), host=self.outlet.name)
        self.metrics.add("promtail_sent_entries_total", segment.lines, host=self.outlet.name)
        if self.failures:
            _log.info("%s takes log lines again", self.outlet.name)
        self.failures, self.failing = 0, ""
        return True

    async def _failed(self, err: HannunError) -> None:
        self.failures += 1
        wait_s = self.patience.after(self.failures)
        if self.failing != str(err):
            _log.warning("%s takes no log lines now, they wait on the disk: %s", self.outlet.name, err)
        self.failing = str(err)
        self.metrics.add("promtail_batch_retries_total", host=self.outlet.name)
        await asyncio.sleep(wait_s)
