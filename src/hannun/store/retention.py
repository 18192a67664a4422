"""What is kept, and for how long: whole day-partitions go, the oldest first, by age and by size.

Deleting by age trusts the clock, and clocks jump. So retention runs on a clock of its own, which follows the machine's
but gains at most a day per hour on it: a jump of a day is caught up within an hour, a jump of a year (a dead RTC, a
typo) is a standing problem on the first page for days before it costs old data. The state survives restarts.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hannun.model.errors import HannunError
from hannun.model.status import RetentionStatus
from hannun.model.text import Text
from hannun.model.time import Clock, SystemClock
from hannun.observe.metrics import counter
from hannun.observe.problems import Problems, Severity
from hannun.store.disk import DiskGuard, size
from hannun.store.engine.port import Engine

_log = logging.getLogger("hannun.store.retention")
_DROPPED = counter("hannun_retention_dropped_partitions_total", "Day partitions dropped.", ("signal", "why"))

DAY_MS = 86_400_000
SWEEP_EVERY_S = 60.0
CATCH_UP = 24
TOLERATED_MS = 2 * 3_600_000
CLOCK_PROBLEM = "clock-jump"
SIZE_PROBLEM = "retention-size"

CLOCK_WHAT = Text(
    en="This machine's clock jumped ahead by {hours} hours: old data is kept until the jump is confirmed by time",
    ko="이 서버의 시계가 {hours}시간 앞으로 뛰었습니다. 시간이 더 지나 확인될 때까지 오래된 데이터를 지우지 않습니다",
)
CLOCK_DO = Text(
    en="Check the clock (timedatectl). Retention follows it by one day per hour",
    ko="시계를 확인해 주세요(timedatectl). 보존 기간은 한 시간에 하루씩 새 시각을 따라갑니다",
)
SIZE_WHAT = Text(
    en="Stored data ({used}) is above --retention-size ({bound}) and all of it is of today",
    ko="저장된 데이터({used})가 --retention-size({bound})를 넘었고 모두 오늘 데이터입니다",
)
SIZE_DO = Text(
    en="Raise --retention-size, or send less",
    ko="--retention-size 값을 올리거나 보내는 양을 줄여 주세요",
)


@dataclass(frozen=True, slots=True)
class Signal:
    """One signal's tables (names for writing, partitioned by day) and bounds. `keep_ms` 0: for ever."""

    name: str
    tables: tuple[str, ...]
    keep_ms: int
    size_max_bytes: int | None = None
    dropped: Callable[[], None] = lambda: None
    """Called after partitions went, so that caches can follow."""


@dataclass(frozen=True, slots=True)
class Partition:
    signal: str
    table: str
    day: int
    bytes: int


def follow(trusted_ms: int, now_ms: int, elapsed_s: float) -> int:
    """Retention's clock after `elapsed_s` of steady time: at `now`, unless that lies too far ahead."""
    steady_ms = trusted_ms + int(elapsed_s * 1000)
    if now_ms <= steady_ms + TOLERATED_MS:
        return now_ms
    return min(now_ms, steady_ms + int(elapsed_s * 1000) * CATCH_UP)


def too_old(partitions: Sequence[Partition], keep_ms: int, now_ms: int) -> list[Partition]:
    """Those whose last moment is out of the retention."""
    if not keep_ms:
        return []
    return [one for one in partitions if (one.day + 1) * DAY_MS <= now_ms - keep_ms]


def too_much(partitions: Sequence[Partition], bytes_max: int | None, today: int) -> list[Partition]:
    """The oldest days that must go to come under the bound; never today's or later ones."""
    if bytes_max is None:
        return []
    total = sum(one.bytes for one in partitions)
    gone: list[Partition] = []
    for one in sorted(partitions, key=lambda one: (one.day, one.table)):
        # A day goes from all tables of the bound together: half a day would answer half a question.
        if total <= bytes_max and not (gone and gone[-1].day == one.day):
            break
        if one.day >= today:
            break
        total -= one.bytes
        gone.append(one)
    return gone


class Retention:
    """`sweep` blocks and is safe to call at any time; `run` calls it every minute."""

    def __init__(
        self,
        engine: Engine,
        signals: Sequence[Signal],
        *,
        disk: DiskGuard,
        total_bytes_max: int | None = None,
        clock: Clock | None = None,
        problems: Problems | None = None,
        state_path: Path | None = None,
    ) -> None:
        self._engine = engine
        self._signals = tuple(signals)
        self._disk = disk
        self._total_bytes_max = total_bytes_max
        self._clock = clock or SystemClock()
        self._problems = problems
        self._state_path = state_path
        self._swept_s = self._clock.monotonic_s()
        self._trusted_ms = self._first_trusted_ms()

    async def run(self) -> None:
        """Until cancelled."""
        self._disk.keep_ballast()
        while True:
            try:
                await asyncio.to_thread(self.sweep)
            except HannunError as err:
                # The next sweep tries again; a full disk or a starved engine must not end retention.
                _log.warning("retention: %s", err)
            await asyncio.sleep(SWEEP_EVERY_S)

    def sweep(self) -> list[Partition]:
        """Drop what is too old or too much; returns what went."""
        now_ms = self._advance()
        partitions = self._partitions()
        doomed: dict[Partition, str] = {}
        for signal in self._signals:
            own = [one for one in partitions if one.signal == signal.name]
            old = too_old(own, signal.keep_ms, now_ms)
            doomed.update((one, "age") for one in old)
            rest = [one for one in own if one not in doomed]
            doomed.update((one, "size") for one in too_much(rest, signal.size_max_bytes, now_ms // DAY_MS))
        rest = [one for one in partitions if one not in doomed]
        doomed.update((one, "size") for one in too_much(rest, self._total_bytes_max, now_ms // DAY_MS))
        self._tell_size([one for one in partitions if one not in doomed])
        if doomed:
            self._drop(doomed)
        self._disk.keep_ballast()
        return list(doomed)

    def status(self) -> list[RetentionStatus]:
        partitions = self._partitions()
        return [
            RetentionStatus(
                signal.name,
                signal.keep_ms,
                sum(one.bytes for one in partitions if one.signal == signal.name),
                signal.size_max_bytes,
            )
            for signal in self._signals
        ]

    def _drop(self, doomed: dict[Partition, str]) -> None:
        with self._disk.room_to_drop():
            for one in sorted(doomed, key=lambda one: (one.day, one.table)):
                # The partition's name is a date that we write ourselves: DDL takes no parameters.
                self._engine.execute(f"ALTER TABLE {one.table} DROP PARTITION '{np.datetime64(one.day, 'D')}'")
                _DROPPED.labels(one.signal, doomed[one]).inc()
                _log.info("dropped day %s of %s (%s)", np.datetime64(one.day, "D"), one.table, doomed[one])
        for signal in self._signals:
            if any(one.signal == signal.name for one in doomed):
                signal.dropped()

    def _partitions(self) -> list[Partition]:
        tables = {table: signal.name for signal in self._signals for table in signal.tables}
        rows = self._engine.query_rows(
            "SELECT table, toUInt16(toDate(partition)), sum(bytes_on_disk)\nFROM system.parts\n"
            "WHERE active AND database = currentDatabase() AND table IN {tables:Array(String)}\n"
            "GROUP BY table, partition\nORDER BY table, partition",
            {"tables": list(tables)},
        )
        return [Partition(tables[row[0]], row[0], int(row[1]), int(row[2])) for row in rows]

    def _advance(self) -> int:
        now_ms, now_s = self._clock.now_ms(), self._clock.monotonic_s()
        self._trusted_ms = follow(self._trusted_ms, now_ms, now_s - self._swept_s)
        self._swept_s = now_s
        if self._state_path is not None:
            draft = self._state_path.with_suffix(".new")
            try:
                draft.write_text(f"{self._trusted_ms}\n", encoding="ascii")
                draft.replace(self._state_path)
            except OSError as err:
                _log.debug("retention's clock was not saved: %s", err)
        if self._problems is not None:
            ahead_ms = now_ms - self._trusted_ms
            if ahead_ms > TOLERATED_MS:
                what = CLOCK_WHAT.with_(hours=ahead_ms // 3_600_000)
                self._problems.raise_(CLOCK_PROBLEM, Severity.WARNING, what, CLOCK_DO)
            else:
                self._problems.clear(CLOCK_PROBLEM)
        return self._trusted_ms

    def _first_trusted_ms(self) -> int:
        """The saved clock; without one, a day after the newest stored partition; on an empty store, now."""
        now_ms = self._clock.now_ms()
        try:
            text = self._state_path.read_text(encoding="ascii").strip() if self._state_path else ""
        except (OSError, UnicodeDecodeError):
            text = ""
        if text.isdigit() and len(text) < 16:
            return min(now_ms, int(text))
        days = [one.day for one in self._partitions()]
        return min(now_ms, (max(days) + 2) * DAY_MS) if days else now_ms

    def _tell_size(self, left: Sequence[Partition]) -> None:
        if self._problems is None:
            return
        used = sum(one.bytes for one in left)
        if self._total_bytes_max is not None and used > self._total_bytes_max:
            words = {"used": size(used), "bound": size(self._total_bytes_max)}
            self._problems.raise_(SIZE_PROBLEM, Severity.WARNING, SIZE_WHAT.with_(**words), SIZE_DO)
        else:
            self._problems.clear(SIZE_PROBLEM)
