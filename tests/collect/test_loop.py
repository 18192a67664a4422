"""The loop on a clock that the test turns: no test sleeps."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import numpy as np
from numpy.typing import NDArray

from hannun.collect.loop import CollectLoop
from hannun.collect.source import Source
from hannun.model.family import CollectorStatus, Family
from hannun.model.metric import STALE_NAN_BITS, Ids, MetricBatch
from hannun.observe.metrics import REGISTRY

POINT = 1_000_005_000
"""A time on the grid of 15 s."""
DAY_MS = 86_400_000
PATIENCE_S = 5.0
"""Only a broken test waits this long."""


class HandClock:
    """Time stands until `turn`; `sleep` ends when its time has come."""

    def __init__(self, now_ms: int) -> None:
        self._now_ms = now_ms
        self._monotonic_s = 1000.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def now_ms(self) -> int:
        return self._now_ms

    def monotonic_s(self) -> float:
        return self._monotonic_s

    async def sleep(self, seconds: float) -> None:
        future = asyncio.get_running_loop().create_future()
        self._sleepers.append((self._monotonic_s + seconds, future))
        await future

    def set(self, now_ms: int) -> None:
        """Somebody sets the machine's clock: no time passes."""
        self._now_ms = now_ms

    async def turn(self, seconds: float) -> None:
        """Time passes, and everybody who waited for it gets to run."""
        self._now_ms += round(seconds * 1000)
        self._monotonic_s += seconds
        due = [future for at_s, future in self._sleepers if at_s <= self._monotonic_s + 1e-9]
        self._sleepers = [(at_s, future) for at_s, future in self._sleepers if future not in due]
        for future in due:
            if not future.done():
                future.set_result(None)
        for _ in range(10):
            await asyncio.sleep(0)


class MemorySink:
    def __init__(self) -> None:
        self.batches: list[MetricBatch] = []
        self.full = False
        self.broken = False
        self._known: set[int] = set()
        self._came = asyncio.Event()

    def unknown(self, series: Ids) -> NDArray[np.bool_]:
        return np.array([series_id not in self._known for series_id in series.tolist()], dtype=bool)

    async def write(self, batch: MetricBatch) -> None:
        raise AssertionError("nobody waits for what is collected")

    def offer(self, batch: MetricBatch) -> bool:
        if self.broken:
            raise OSError("store is closing")
        if not self.full:
            self._known.update(batch.series.tolist())
        self.batches.append(batch)
        self._came.set()
        return not self.full

    async def count(self, number: int) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while len(self.batches) < number:
                self._came.clear()
                await self._came.wait()

    def times(self) -> list[int]:
        return [int(batch.ts_ms[0]) for batch in self.batches]


def missed() -> float:
    return REGISTRY.get_sample_value("hannun_collect_missed_total", {"job": "job0"}) or 0.0


def families() -> list[Family]:
    return [Family.single("a", "gauge", "A.", 1.0)]


@asynccontextmanager
async def running(
    sink: MemorySink, clock: HandClock, *gathers: Callable[[], Sequence[Family]]
) -> AsyncIterator[CollectLoop]:
    sources = [Source(f"job{number}", "h", gather) for number, gather in enumerate(gathers)]
    loop = CollectLoop(sink, sources, clock, sleep=clock.sleep)
    await loop.start()
    await asyncio.sleep(0)
    yield loop
    await loop.stop()


async def test_the_first_reading_is_at_once_and_the_others_on_the_grid() -> None:
    clock, sink = HandClock(POINT + 7_000), MemorySink()
    async with running(sink, clock, families):
        await sink.count(1)
        for number in (2, 3):
            await clock.turn(8.0 if number == 2 else 15.0)
            await sink.count(number)
    assert sink.times()[:3] == [POINT + 7_000, POINT + 15_000, POINT + 30_000]


async def test_a_wake_up_some_ms_late_keeps_the_points_time() -> None:
    clock, sink = HandClock(POINT + 7_000), MemorySink()
    async with running(sink, clock, families):
        await sink.count(1)
        await clock.turn(8.030)
        await sink.count(2)
    assert sink.times()[1] == POINT + 15_000


async def test_a_wake_up_some_ms_early_does_not_read_a_point_twice() -> None:
    clock, sink = HandClock(POINT + 15_000 - 4), MemorySink()
    async with running(sink, clock, families):
        await sink.count(2)  # At once, and for the point 4 ms ahead, which is near enough.
        await clock.turn(15.004)
        await sink.count(3)
    assert sink.times()[1:3] == [POINT + 15_000, POINT + 30_000]


async def test_a_clock_set_ahead_by_a_day_is_followed() -> None:
    clock, sink = HandClock(POINT + 7_000), MemorySink()
    async with running(sink, clock, families):
        await sink.count(1)
        clock.set(POINT + 7_000 + DAY_MS)
        await clock.turn(8.0)
        await sink.count(2)
        await clock.turn(15.0)
        await sink.count(3)
    assert sink.times()[1:3] == [POINT + DAY_MS + 15_000, POINT + DAY_MS + 30_000]


async def test_a_clock_set_back_by_a_day_is_followed_within_an_interval() -> None:
    clock, sink = HandClock(POINT + 7_000), MemorySink()
    async with running(sink, clock, families):
        await sink.count(1)
        clock.set(POINT + 7_000 - DAY_MS)
        await clock.turn(8.0)
        await clock.turn(15.0)
        await sink.count(2)
    assert sink.times()[1] == POINT - DAY_MS + 30_000


async def test_a_source_that_fails_tells_up_0_and_is_asked_again() -> None:
    answers: list[Exception | list[Family]] = [families(), OSError("gone"), families()]

    def gather() -> list[Family]:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    clock, sink = HandClock(POINT), MemorySink()
    async with running(sink, clock, gather) as loop:
        await sink.count(1)
        await clock.turn(15.0)
        await sink.count(2)
        assert [(row.ok, row.error) for row in loop.status()] == [(False, "OSError: gone")]
        await clock.turn(15.0)
        await sink.count(3)
        assert loop.status()[0].ok
    failed = sink.batches[1]
    assert (failed.value.view(np.uint64) == STALE_NAN_BITS).sum() == 1
    assert 0.0 in failed.value.tolist()


async def test_a_source_that_hangs_is_given_up_and_not_asked_again_until_it_comes_back() -> None:
    entered, release = threading.Event(), threading.Event()
    calls: list[int] = []

    def gather() -> list[Family]:
        calls.append(1)
        if len(calls) == 2:
            entered.set()
            release.wait(PATIENCE_S)
        return families()

    clock, sink = HandClock(POINT), MemorySink()
    before = missed()
    async with running(sink, clock, gather) as loop:
        await sink.count(1)
        await clock.turn(15.0)
        await asyncio.to_thread(entered.wait, PATIENCE_S)
        await clock.turn(10.0)  # The time limit of one reading.
        await sink.count(2)
        assert loop.status()[0].error == "TimeoutError: no answer within 10 s"
        await clock.turn(5.0)
        await sink.count(3)
        assert len(calls) == 2
        assert loop.status()[0].error.startswith("StillReading")
        assert missed() == before + 1
        release.set()
        while loop.status()[0].error:
            await clock.turn(15.0)
            await asyncio.sleep(0.001)  # The thread comes back in real time.
        assert len(calls) >= 3


async def test_a_machine_that_was_suspended_goes_on_with_the_present() -> None:
    clock, sink = HandClock(POINT), MemorySink()
    async with running(sink, clock, families):
        await sink.count(1)
        await clock.turn(47.0)
        await sink.count(2)
        await clock.turn(13.0)
        await sink.count(3)
    assert sink.times()[:3] == [POINT, POINT + 47_000, POINT + 60_000]


async def test_one_source_does_not_wait_for_another() -> None:
    clock, sink = HandClock(POINT), MemorySink()
    release = threading.Event()

    def hanging() -> list[Family]:
        release.wait(PATIENCE_S)
        return []

    async with running(sink, clock, hanging, families):
        await sink.count(1)
        release.set()
    assert sink.times()[0] == POINT


async def test_the_stop_marks_every_series_stale() -> None:
    clock, sink = HandClock(POINT), MemorySink()
    async with running(sink, clock, families):
        await sink.count(1)
    last = sink.batches[-1]
    assert len(last) == len(sink.batches[0])
    assert (last.value.view(np.uint64) == STALE_NAN_BITS).all()


async def test_a_full_sink_gets_type_and_help_again() -> None:
    clock, sink = HandClock(POINT), MemorySink()
    async with running(sink, clock, families):
        sink.full = True
        await sink.count(1)
        sink.full = False
        await clock.turn(15.0)
        await sink.count(2)
        await clock.turn(15.0)
        await sink.count(3)
    assert len(sink.batches[1].metadata) == len(sink.batches[0].metadata) > 0
    assert len(sink.batches[1].introduced) == len(sink.batches[0].introduced) > 0
    assert sink.batches[2].metadata == () == sink.batches[2].introduced


async def test_a_broken_sink_does_not_end_the_loop() -> None:
    clock, sink = HandClock(POINT), MemorySink()
    asked = threading.Semaphore(0)

    def gather() -> list[Family]:
        asked.release()
        return families()

    sink.broken = True
    async with running(sink, clock, gather):
        await asyncio.to_thread(asked.acquire, timeout=PATIENCE_S)
        while not sink.batches:
            sink.broken = False
            await clock.turn(15.0)
            await asyncio.sleep(0.001)
    assert sink.batches


async def test_the_parts_of_a_source_are_listed_behind_it() -> None:
    part = CollectorStatus("cpu", ok=False, duration_s=0.1, error="no")
    source = Source("node", "h", families, lambda: [part])
    loop = CollectLoop(MemorySink(), [source], HandClock(0))
    assert [row.name for row in loop.status()] == ["node", "cpu"]
    await loop.stop()
