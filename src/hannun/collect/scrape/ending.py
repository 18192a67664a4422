"""Markers for targets that are gone. Not at once: a new target may write the same series on (a restart, a reload).

As in Prometheus the markers come about two intervals later, bear the time of the first scrape that did not happen, and
are left out for series that a target of equal labels has taken over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from hannun.collect.scrape.loop import Sleep, TargetLoop, without
from hannun.model.metric import Ids
from hannun.model.time import Clock

INTERVALS = 2.1
WAITING_MAX = 20_000
LOOK_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class _Lost:
    loop: TargetLoop
    ids: Ids
    at_ms: int
    due_s: float


class Endings:
    """`heirs` gives the loops whose series a lost target with these labels may live on in."""

    def __init__(self, clock: Clock, sleep: Sleep, heirs: Callable[[TargetLoop], Iterable[TargetLoop]]) -> None:
        self._clock = clock
        self._sleep = sleep
        self._heirs = heirs
        self._waiting: list[_Lost] = []
        self._came = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="markers of lost targets")

    async def stop(self) -> None:
        """Writes all that wait, now."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
        waiting, self._waiting = self._waiting, []
        for lost in waiting:
            self._write(lost)

    def add(self, loop: TargetLoop) -> None:
        ids = loop.live()
        if not len(ids):
            return
        due_s = self._clock.monotonic_s() + INTERVALS * loop.target.interval_ms / 1000
        self._waiting.append(_Lost(loop, ids, loop.missed_ms, due_s))
        if len(self._waiting) > WAITING_MAX:  # Too many at once to wait for: the oldest is told now.
            self._write(self._waiting.pop(0))
        self._came.set()

    async def _run(self) -> None:
        while True:
            await self._came.wait()
            if not self._waiting:
                self._came.clear()
                continue
            await self._sleep(LOOK_EVERY_S)
            now_s = self._clock.monotonic_s()
            due = [lost for lost in self._waiting if lost.due_s <= now_s]
            self._waiting = [lost for lost in self._waiting if lost.due_s > now_s]
            for lost in due:
                self._write(lost)
                await asyncio.sleep(0)

    def _write(self, lost: _Lost) -> None:
        lost.loop.end(without(lost.ids, [heir.live() for heir in self._heirs(lost.loop)]), lost.at_ms)
