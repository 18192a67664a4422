"""The watch over monitors: finds what did not come, and turns failures into events. `run` until cancelled."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from hannun.model.errors import HannunError
from hannun.model.event import Event, EventSink
from hannun.model.monitor import MonitorFailure
from hannun.store.check_ins.store import CheckInStore

_log = logging.getLogger("hannun.store.check_ins")
EVERY_S = 5.0
LOOK_EVERY = 4
"""Schedules are counted in minutes: looking every 20 s is enough, failures that were reported become events sooner."""


class MonitorWatch:
    """`event_of` makes an event whose id is always the same for one failure."""

    def __init__(self, store: CheckInStore, events: EventSink, event_of: Callable[[MonitorFailure], Event]) -> None:
        self._store = store
        self._events = events
        self._event_of = event_of

    async def run(self) -> None:
        rounds = 0
        while True:
            try:
                if rounds == 0:
                    await asyncio.to_thread(self._store.resume)
                elif rounds % LOOK_EVERY == 0:
                    await asyncio.to_thread(self._store.sweep)
                await self.tell()
                rounds += 1
            except HannunError as err:
                _log.warning("cron monitors: %s", err)  # The next round does what this one could not.
            await asyncio.sleep(EVERY_S)

    async def tell(self) -> int:
        """Failures become events; returns how many. Those that were events already count once."""
        count = 0
        while found := await asyncio.to_thread(self._store.books.failures):
            events = await asyncio.to_thread(lambda: [self._event_of(failure) for _, failure in found])
            await self._events.write(events)
            await asyncio.to_thread(self._store.books.told, [number for number, _ in found])
            count += len(found)
        return count
