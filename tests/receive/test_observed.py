"""What is looked through after lines were stored: security events and patterns, and that nobody waits for it."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from hannun.config.security import shipped
from hannun.model.errors import StoreUnavailable
from hannun.model.identity import Identity
from hannun.model.log import LogBatch, TextColumn
from hannun.observe.metrics import REGISTRY
from hannun.process.security import Detector
from hannun.receive import observed
from hannun.receive.observed import ObservedSink
from hannun.receive.pattern_watch import PatternWatch
from hannun.receive.security_watch import NAMES_MAX, SecurityWatch
from hannun.testing.clock import FakeClock

NOW_MS = 1_700_000_000_000


def batch(*lines: str, stream: int = 1, severity: int = 3, ts_ms: int = NOW_MS) -> LogBatch:
    count = len(lines)
    return LogBatch(
        np.full(count, stream, np.uint64),
        np.full(count, ts_ms * 10**6, np.int64),
        np.full(count, severity, np.uint8),
        TextColumn.of(lines),
    )


class Sink:
    def __init__(self) -> None:
        self.stored: list[LogBatch] = []
        self.takes = True

    def unknown(self, streams):
        return np.zeros(len(streams), np.bool_)

    def bounds_ns(self) -> tuple[int, int]:
        return 0, 1

    async def write(self, one: LogBatch) -> None:
        if not self.takes:
            raise StoreUnavailable("closing")
        self.stored.append(one)

    def offer(self, one: LogBatch) -> bool:
        return self.takes


async def looked_through(sink: ObservedSink) -> None:
    """All that waits, however long the thread takes for its turn."""
    waits, looks, look = len(sink._waiting), [], sink._look
    sink._look = lambda one: looks.append(look(one))
    task = asyncio.create_task(sink.run())
    async with asyncio.timeout(30):
        while len(looks) < waits:
            await asyncio.sleep(0.01)
    task.cancel()


def events(kind: str, service: str) -> float:
    return REGISTRY.get_sample_value("security_events_total", {"kind": kind, "service": service, "host": "h"}) or 0.0


async def test_only_what_was_stored_is_looked_through_and_a_broken_observer_ends_nothing() -> None:
    seen: list[int] = []

    def breaks(_batch: LogBatch) -> None:
        raise RuntimeError("no")

    inner = Sink()
    sink = ObservedSink(inner, (breaks, lambda one: seen.append(len(one))))
    await sink.write(batch("a", "b"))
    assert sink.offer(batch("c"))
    inner.takes = False
    with pytest.raises(StoreUnavailable):
        await sink.write(batch("d"))
    assert not sink.offer(batch("e"))
    await looked_through(sink)
    assert seen == [2, 1]


async def test_what_does_not_fit_is_left_out_and_nobody_waits(monkeypatch) -> None:
    monkeypatch.setattr(observed, "WAITING_BYTES_MAX", 1000)
    seen: list[int] = []
    sink = ObservedSink(Sink(), (lambda one: seen.append(len(one)),))
    for _ in range(5):
        await sink.write(batch("x" * 600))
    await looked_through(sink)
    assert len(seen) == 1


def test_security_events_are_counted_per_kind_and_service() -> None:
    watch = SecurityWatch(Detector(shipped().rules), lambda stream: Identity(service=f"svc{stream}", host="h"))
    before = events("failed_login", "svc7")
    watch(batch("Failed password for root", "fine", "Invalid user x", stream=7))
    assert events("failed_login", "svc7") == before + 2


def test_an_attacker_cannot_choose_how_many_series_there_are() -> None:
    watch = SecurityWatch(Detector(shipped().rules), lambda stream: Identity(service=f"many{stream}", host="h"))
    for stream in range(NAMES_MAX + 20):
        watch(batch("Failed password for root", stream=stream))
    assert events("failed_login", f"many{NAMES_MAX + 5}") == 0


class Kept:
    def __init__(self) -> None:
        self.texts, self.counts, self.fails = [], [], False

    def add(self, texts, counts) -> None:
        if self.fails:
            raise StoreUnavailable("closing")
        self.texts += texts
        self.counts += counts


def test_patterns_are_counted_per_minute_and_severity() -> None:
    kept = Kept()
    watch = PatternWatch(kept, lambda stream: Identity(service="api"), FakeClock(NOW_MS))
    watch(batch("took 5 ms", "took 7 ms", "the disk is full"))
    watch(batch("took 9 ms", ts_ms=NOW_MS + 60_000))
    watch(batch("took 9 ms", severity=5))
    watch.flush()
    assert {one.text for one in kept.texts} == {"took <_> ms", "the disk is full"}
    took = next(one.id for one in kept.texts if "took" in one.text)
    minute = NOW_MS // 60_000 * 60
    assert sorted((one.minute_s, one.severity, one.lines) for one in kept.counts if one.pattern == took) == [
        (minute, 3, 2),
        (minute, 5, 1),
        (minute + 60, 3, 1),
    ]


def test_counts_that_could_not_be_stored_are_given_again() -> None:
    kept = Kept()
    watch = PatternWatch(kept, lambda stream: Identity(), FakeClock(NOW_MS))
    watch(batch("a 1"))
    kept.fails = True
    watch.flush()
    watch(batch("a 2"))
    kept.fails = False
    watch.flush()
    assert [one.lines for one in kept.counts] == [2]
    assert len(kept.texts) == 1


def test_a_pattern_of_an_earlier_life_is_not_new() -> None:
    kept = Kept()
    watch = PatternWatch(kept, lambda stream: Identity(service="api"), FakeClock(NOW_MS))
    watch(batch("took 5 ms"))
    watch.flush()
    later = PatternWatch(kept, lambda stream: Identity(service="api"), FakeClock(NOW_MS + 10**9))
    later.remember(list(kept.texts))
    later(batch("took 5 ms", ts_ms=NOW_MS + 10**9))
    later.flush()
    assert {one.first_ms for one in kept.texts} == {NOW_MS}
