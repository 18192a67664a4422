"""Asks every source at once and then on an absolute grid, and hands what they tell to the sink.

Each source has its own task and thread, so a slow one delays no other and never overlaps itself. Nobody waits for
these batches: they are offered, and a sink that is full drops them and counts it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

from hannun.collect.feed import Feed, Reading
from hannun.collect.grid import EARLY_MS, next_point, snapped
from hannun.collect.source import Source
from hannun.collect.worker import Worker
from hannun.model.family import CollectorStatus, Family
from hannun.model.ports import MetricSink
from hannun.model.time import Clock, SystemClock
from hannun.observe.metrics import counter, gauge

_log = logging.getLogger("hannun.collect")
_ROUNDS = counter("hannun_collect_rounds_total", "Readings of a source, by how they ended.", ("job", "outcome"))
_MISSED = counter(
    "hannun_collect_missed_total", "Readings left out because an earlier one had not come back.", ("job",)
)
_SERIES = gauge("hannun_collect_series", "Series that the last reading of a source had.", ("job",))
INTERVAL_S = 15.0
TIMEOUT_S = 10.0

Sleep = Callable[[float], Coroutine[Any, Any, None]]


class StillReading(Exception):
    """An earlier reading has not come back; the source is not asked again until it does."""


@dataclass(slots=True)
class _Watched:
    source: Source
    feed: Feed
    worker: Worker[Sequence[Family]]
    status: CollectorStatus
    task: asyncio.Task[None] | None = field(default=None)


class CollectLoop:
    """`start` and `stop` once, on the event loop that the sink lives on."""

    def __init__(
        self,
        sink: MetricSink,
        sources: Sequence[Source],
        clock: Clock | None = None,
        *,
        interval_s: float = INTERVAL_S,
        timeout_s: float = TIMEOUT_S,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._sink = sink
        self._clock = clock or SystemClock()
        self._interval_ms = round(interval_s * 1000)
        self._timeout_s = min(timeout_s, interval_s)
        self._sleep = sleep
        self._watched = [
            _Watched(
                source,
                Feed(source.job, source.instance),
                Worker(f"hannun-collect-{source.job}"),
                CollectorStatus(source.job, ok=True, duration_s=0.0),
            )
            for source in sources
        ]

    async def start(self) -> None:
        """The first readings begin now."""
        for watched in self._watched:
            watched.task = asyncio.create_task(self._watch(watched), name=f"collect {watched.source.job}")

    async def stop(self) -> None:
        """Ends the readings and marks every series stale, so that no graph goes on with the last value."""
        tasks = [watched.task for watched in self._watched if watched.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for watched in self._watched:
            watched.worker.close()
            if watched.feed.series:
                self._offer(watched, watched.feed.end(self._clock.now_ms()))

    def status(self) -> list[CollectorStatus]:
        """Each source, followed by its parts."""
        return [row for watched in self._watched for row in (watched.status, *watched.source.details())]

    async def _watch(self, watched: _Watched) -> None:
        ts_ms = self._clock.now_ms()
        while True:
            await self._round(watched, ts_ms)
            ts_ms = await self._next_point(ts_ms)

    async def _next_point(self, last_ms: int) -> int:
        """Sleeps to the next grid point; returns the timestamp for its reading. Follows the clock when it is set."""
        point_ms = self._point_after(last_ms)
        while (early_ms := point_ms - self._clock.now_ms()) > EARLY_MS:
            if early_ms > 2 * self._interval_ms:  # Set back meanwhile: the point lies in a far future now.
                point_ms = self._point_after(last_ms)
                continue
            await self._sleep(early_ms / 1000)
        return snapped(self._clock.now_ms(), point_ms)

    def _point_after(self, last_ms: int) -> int:
        point_ms = next_point(self._clock.now_ms(), self._interval_ms)
        # A sleep may end a little early: the point that was just read must not be read a second time.
        return point_ms + self._interval_ms if point_ms == last_ms else point_ms

    async def _round(self, watched: _Watched, ts_ms: int) -> None:
        begin_s = self._clock.monotonic_s()
        error = ""
        families: Sequence[Family] = ()
        try:
            families = await self._gather(watched)
        except Exception as err:  # noqa: BLE001  (whatever a source raises is told as `up` 0, and it is asked again)
            error = f"{type(err).__name__}: {err}"
        duration_s = round(self._clock.monotonic_s() - begin_s, 6)
        if error and watched.status.ok:
            _log.warning("collecting %s: %s", watched.source.job, error)
        watched.status = CollectorStatus(watched.source.job, not error, duration_s, error)
        self._offer(watched, watched.feed.read(families, ts_ms, duration_s, up=not error))
        _ROUNDS.labels(watched.source.job, "failed" if error else "ok").inc()
        _SERIES.labels(watched.source.job).set(watched.feed.series)

    async def _gather(self, watched: _Watched) -> Sequence[Family]:
        if watched.worker.busy:
            _MISSED.labels(watched.source.job).inc()
            raise StillReading("the reading before has not come back yet")
        answer = watched.worker.submit(watched.source.gather)
        timeout: asyncio.Future[None] = asyncio.ensure_future(self._sleep(self._timeout_s))
        try:
            waited: list[asyncio.Future[Any]] = [answer, timeout]
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        finally:
            timeout.cancel()
            if not answer.done():
                answer.cancel()
        if answer.cancelled():
            raise TimeoutError(f"no answer within {self._timeout_s:g} s")
        return answer.result()

    def _offer(self, watched: _Watched, reading: Reading) -> None:
        try:
            if not self._sink.offer(watched.feed.batch(reading, self._sink.unknown(reading.series))):
                watched.feed.refused()
        # A closing or failing store must not end the loop: the next reading may find it well again.
        except Exception:  # noqa: BLE001  (the next reading is due whatever became of this one)
            watched.feed.refused()
            _log.exception("collecting %s: the store did not take a reading", watched.source.job)
