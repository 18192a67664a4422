"""The Pushgateway's life and its pushes: decode, make durable, then change what is in memory and answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any
from weakref import WeakValueDictionary

import numpy as np

from hannun.model.errors import HannunError
from hannun.model.family import Family
from hannun.model.http import Endpoint
from hannun.model.metric import STALE_NAN_BITS, Ids, MetricBatch, MetricMetadata
from hannun.model.ports import MetricSink
from hannun.model.pushed import Pairs, PushedGroup, PushedGroups
from hannun.model.time import Clock, SystemClock
from hannun.observe.metrics import gauge
from hannun.observe.outcomes import Outcomes
from hannun.receive.body import InFlight
from hannun.receive.intake import Intake
from hannun.receive.limits import ReceiveLimits
from hannun.receive.pushgateway.groups import Group, Groups
from hannun.receive.pushgateway.limits import PushLimits
from hannun.receive.pushgateway.page import families_of
from hannun.wire.exposition_text import Dialect, read_page

_log = logging.getLogger("hannun.receive.pushgateway")
_GROUPS = gauge("hannun_pushed_groups", "Groups of the Pushgateway API that are kept.")
INTERVAL_S = 15.0
SERIES_PER_BATCH = 20_000
INLINE_SAMPLES = 500

_NOBODY: Ids = np.empty(0, np.uint64)

Sleep = Callable[[float], Coroutine[Any, Any, None]]


class PushGateway:
    """`start` and `stop` once, on the event loop of the sink; `routes()` are its endpoints."""

    def __init__(
        self,
        sink: MetricSink,
        outcomes: Outcomes,
        stored: PushedGroups,
        limits: ReceiveLimits | None = None,
        *,
        push_limits: PushLimits | None = None,
        in_flight: InFlight | None = None,
        clock: Clock | None = None,
        interval_s: float = INTERVAL_S,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.limits = limits or ReceiveLimits()
        self.push_limits = push_limits or PushLimits()
        self.in_flight = in_flight or InFlight(self.limits.in_flight_bytes_max)
        self.clock = clock or SystemClock()
        self.groups = Groups(self.push_limits)
        self.intake = Intake(sink, outcomes)
        self._sink = sink
        self._stored = stored
        self._interval_ms = round(interval_s * 1000)
        self._sleep = sleep
        self._locks: WeakValueDictionary[Pairs, asyncio.Lock] = WeakValueDictionary()
        self._task: asyncio.Task[None] | None = None

    def routes(self, *, enable_admin_api: bool = False) -> list[Endpoint]:
        from hannun.receive.pushgateway.endpoints import routes

        return routes(self, enable_admin_api=enable_admin_api)

    async def start(self) -> None:
        """Groups of before are there when it returns. A group that cannot be read any more is left out and said."""
        for group in await asyncio.to_thread(self._load):
            self.groups.put(group)
        _GROUPS.set(len(self.groups))
        self._task = asyncio.create_task(self._repeat(), name="pushgateway")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def lock(self, labels: Pairs) -> asyncio.Lock:
        """Changes of one group come one after another."""
        found = self._locks.get(labels)
        if found is None:
            found = self._locks[labels] = asyncio.Lock()
        return found

    async def change(self, labels: Pairs, families: tuple[Family, ...], *, pushed_ms: int, failed_ms: int) -> None:
        """The group is this now, durable and visible when it returns; series that left it have ended.

        Called under the group's lock. Raises TooLarge, and what the sink raises: then all is as before.
        """

        before = self.groups.get(labels)

        def made() -> tuple[Group, PushedGroup, MetricBatch]:
            group = Group(labels, families, pushed_ms, failed_ms)
            self.groups.check_room(group, before)
            gone = np.setdiff1d(before.series.ids, group.series.ids) if before else _NOBODY
            batch = self._batch([group], self.clock.now_ms(), gone=gone, metadata=True)
            return group, group.stored(), batch

        # A new series takes 20 µs on its way, and a push may bring a hundred thousand.
        samples = sum(len(family.samples) for family in families)
        group, stored, batch = made() if samples <= INLINE_SAMPLES else await asyncio.to_thread(made)
        await asyncio.gather(self._stored.put(stored), self.intake.store(batch))
        self.groups.put(group)
        _GROUPS.set(len(self.groups))

    async def remove(self, labels: Pairs) -> None:
        """Its series end now. Nothing to do for an unknown group."""
        before = self.groups.get(labels)
        if before is None:
            return
        batch = self._batch([], self.clock.now_ms(), gone=before.series.ids)
        await asyncio.gather(self._stored.remove(labels), self.intake.store(batch))
        self.groups.remove(labels)
        _GROUPS.set(len(self.groups))

    async def repeat(self, ts_ms: int) -> None:
        """Store the last values of every group at `ts_ms`. Nobody waits: a sink that is full drops and counts them."""
        some: list[Group] = []
        held = 0
        for group in self.groups.all():
            some.append(group)
            held += len(group.series.ids)
            if held >= SERIES_PER_BATCH:
                self._sink.offer(self._batch(some, ts_ms))
                some, held = [], 0
                await asyncio.sleep(0)  # Others on the loop come first.
        if some:
            self._sink.offer(self._batch(some, ts_ms))

    def _batch(
        self, groups: Sequence[Group], ts_ms: int, *, gone: Ids | None = None, metadata: bool = False
    ) -> MetricBatch:
        ids = np.concatenate([np.empty(0, np.uint64), *(group.series.ids for group in groups)])
        labels = [one for group in groups for one in group.series.labels]
        introduced = self.intake.new_series(ids, labels.__getitem__)
        # A series that ends was written before; if it was deleted since, there is nothing to end.
        ended = _NOBODY if gone is None else gone[~self._sink.unknown(gone)]
        markers = np.full(len(ended), STALE_NAN_BITS, np.uint64).view(np.float64)
        value = np.concatenate([markers, *(group.series.value for group in groups)])
        described = (
            tuple(MetricMetadata(one.name, one.type, one.help, one.unit) for of in groups for one in of.families)
            if metadata
            else ()
        )
        series = np.concatenate([ended, ids])
        return MetricBatch(series, np.full(len(series), ts_ms, np.int64), value, introduced, described)

    def _load(self) -> list[Group]:
        found: list[Group] = []
        for stored in self._stored.load():
            try:
                found.append(_restored(stored, self.push_limits))
            except HannunError as err:
                _log.warning("the pushed group %s cannot be read any more: %s", dict(stored.labels), err)
        return found

    async def _repeat(self) -> None:
        while True:
            now_ms = self.clock.now_ms()
            point_ms = (now_ms // self._interval_ms + 1) * self._interval_ms
            await self._sleep((point_ms - now_ms) / 1000)
            try:
                await self.repeat(point_ms)
            except HannunError:
                # A closing or failing store must not end the loop: the next point may find it well again.
                _log.warning("pushed groups were not stored again", exc_info=True)


def _restored(stored: PushedGroup, limits: PushLimits) -> Group:
    page = read_page(stored.page, Dialect.TEXT, limits.page, normalise_bounds=False)
    rows = [(sample.labels, sample.value) for sample in page.samples]
    families = families_of(rows, page.metadata, stored.labels)
    return Group(stored.labels, families, stored.pushed_ms, stored.failed_ms)
