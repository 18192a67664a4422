"""LogStore: the sink, the reader and the tails of log lines, over the engine and the writer.

A table of contents: each answer is a few lines here and its work in the module that is named for it.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hannun.model.budget import Budget
from hannun.model.errors import HannunError, OutOfBounds
from hannun.model.log import LogBatch, LogStream, Statement, StreamVolume, TailedLine
from hannun.model.matcher import Matchers
from hannun.model.metric import Ids
from hannun.model.status import QueueStatus, TableStatus
from hannun.model.text import Text
from hannun.model.time import Clock, SystemClock, format_duration_ms
from hannun.observe.outcomes import Outcome, Outcomes
from hannun.observe.problems import Problems, Severity
from hannun.store.engine.port import Engine
from hannun.store.logs import erase
from hannun.store.logs.directory import StreamDirectory
from hannun.store.logs.family import NAME, STREAMS, TABLE, LogFamily
from hannun.store.logs.settle import Upkeep
from hannun.store.logs.tails import Tails
from hannun.store.logs.values import encoded
from hannun.store.metrics.registry import SeriesRegistry
from hannun.store.tables import table_status
from hannun.store.writer import Writer

DAY_MS = 86_400_000
STREAMS_MAX = 100_000
UPKEEP_EVERY_S = 5.0
TABLES = (TABLE, STREAMS)
RETAINED = (TABLE,)
"""What retention drops by the day; `log_streams` follows in `partitions_dropped`."""
STREAMS_PROBLEM = "log-streams"

TOO_OLD = Text(
    en="out of bounds: a line of {ts} ns is before {bound} ns (retention {keep}); "
    "raise --retention to keep older lines",
    ko="받을 수 있는 시각보다 오래된 로그입니다: {ts} ns, 하한 {bound} ns(보존 기간 {keep}). "
    "더 오래된 로그를 받으려면 --retention 값을 올려 주세요",
)
TOO_NEW = Text(
    en="out of bounds: a line of {ts} ns is after {bound} ns, a day ahead of this server's clock; "
    "check the sender's clock",
    ko="미래의 시각이 찍힌 로그입니다: {ts} ns, 상한 {bound} ns(이 서버의 시계보다 하루 뒤). "
    "보낸 쪽의 시계를 확인해 주세요",
)
STREAMS_WHAT = Text(
    en="There are {count} log streams, and no more than {max} are admitted: lines of new ones are refused",
    ko="로그 스트림이 {count}개입니다. {max}개까지만 받으므로 새 스트림의 로그는 거절됩니다",
)
STREAMS_DO = Text(
    en="Take labels that never repeat (request ids, pod hashes) off the lines: they belong into structured metadata",
    ko="요청 ID나 파드 해시처럼 매번 달라지는 라벨은 빼고 structured metadata로 보내 주세요",
)


class LogStore:
    """`LogSink`, `LogReader` and `LogTails`. `retention_ms` 0: lines from 1970 on are taken.

    `streams_max` bounds the streams that are known at a time: those with a line within the retention.
    """

    def __init__(
        self,
        engine: Engine,
        writer: Writer,
        *,
        retention_ms: int = 0,
        clock: Clock | None = None,
        problems: Problems | None = None,
        outcomes: Outcomes | None = None,
        streams_max: int = STREAMS_MAX,
    ) -> None:
        self._engine = engine
        self._writer = writer
        self._retention_ms = retention_ms
        self._clock = clock or SystemClock()
        self._problems = problems
        self._outcomes = outcomes
        self._streams_max = streams_max
        self._directory = StreamDirectory(engine)
        self._known = SeriesRegistry()
        self._known.add("", self._directory.ids())
        self._tails = Tails()
        self._deleting = threading.Lock()
        self._family = LogFamily(
            engine,
            self._directory,
            self._known,
            self._tails,
            streams_max=streams_max,
            now_ms=self._clock.now_ms,
            outcomes=outcomes,
        )
        self._upkeep = Upkeep(engine, lambda: self._family.commits, self._clock)
        writer.register(self._family)

    # --- LogSink ------------------------------------------------------------------------------------------------------

    def unknown(self, streams: Ids) -> NDArray[np.bool_]:
        return self._known.unknown(streams)

    def bounds_ns(self) -> tuple[int, int]:
        """The first and the last timestamp (ns) that are taken now."""
        now_ms = self._clock.now_ms()
        oldest = max(0, now_ms - self._retention_ms) if self._retention_ms else 0
        return oldest * 10**6, (now_ms + DAY_MS) * 10**6

    async def write(self, batch: LogBatch) -> None:
        """Of more new streams than are admitted, the rest is stored; then Overloaded tells so in Loki's words."""
        self._check_bounds(batch)
        taken, refused = self._family.admit(batch)
        if len(taken) or refused is None:
            await self._writer.write(NAME, taken)
        if refused is not None:
            raise refused

    def offer(self, batch: LogBatch) -> bool:
        try:
            self._check_bounds(batch)
            taken, refused = self._family.admit(batch)
        except HannunError as err:
            reason = "timestamp out of bounds" if isinstance(err, OutOfBounds) else "labels that clash"
            self._count_dropped(len(batch), reason)
            return False
        if refused is not None:
            self._count_dropped(len(batch) - len(taken), "too many streams")
        if len(taken) and not self._writer.offer(NAME, taken):
            self._count_dropped(len(taken), "write queue full or disk full")
            return False
        return refused is None

    def _check_bounds(self, batch: LogBatch) -> None:
        if not len(batch):
            return
        oldest, newest = self.bounds_ns()
        first, last = int(batch.ts_ns.min()), int(batch.ts_ns.max())
        if first < oldest:
            keep = format_duration_ms(self._retention_ms) if self._retention_ms else "from 1970"
            raise OutOfBounds(TOO_OLD.with_(ts=first, bound=oldest, keep=keep))
        if last > newest:
            raise OutOfBounds(TOO_NEW.with_(ts=last, bound=newest))

    def _count_dropped(self, lines: int, reason: str) -> None:
        if self._outcomes is not None:
            self._outcomes.count(NAME, Outcome.LIMITED, lines, reason=reason)

    # --- LogReader ----------------------------------------------------------------------------------------------------

    def streams(
        self, selectors: Sequence[Matchers], start_ns: int, end_ns: int, budget: Budget
    ) -> tuple[LogStream, ...]:
        return self._directory.streams(selectors, start_ns, end_ns, budget)

    def label_names(self, selectors: Sequence[Matchers], start_ns: int, end_ns: int, budget: Budget) -> list[str]:
        return self._directory.label_names(selectors, start_ns, end_ns, budget)

    def label_values(
        self, name: str, selectors: Sequence[Matchers], start_ns: int, end_ns: int, budget: Budget
    ) -> list[str]:
        return self._directory.label_values(name, selectors, start_ns, end_ns, budget)

    def stream(self, stream: int) -> LogStream | None:
        """The stream of this id, from memory; None: nobody knows it."""
        return self._directory.by_id(np.array([stream], np.uint64)).get(stream)

    def services(self, streams: Sequence[LogStream]) -> list[str]:
        """The services of these streams: `service IN …` beside `stream IN …` uses the first column of the key."""
        return self._directory.services(np.array([stream.id for stream in streams], np.uint64))

    def volumes(self, selector: Matchers, start_ns: int, end_ns: int, budget: Budget) -> tuple[StreamVolume, ...]:
        found = self._directory.streams([selector], start_ns, end_ns, budget)
        return self._family.volumes.read(found, self._directory.days(), start_ns, end_ns, budget)

    def read(self, statement: Statement, budget: Budget) -> Iterator[Any]:
        return self._engine.stream_arrow(statement.sql, encoded(statement.params), budget)

    def delete(self, selector: Matchers, where: Statement | None, start_ns: int, end_ns: int) -> int:
        with self._deleting:
            streams = self._directory.matching(selector)
            every = len(streams) == len(self._directory)
            try:
                return erase.delete(self._engine, streams, every, where, start_ns, end_ns)
            finally:
                with self._family.lock:
                    self._follow_deletion()

    def partitions_dropped(self) -> None:
        """After retention dropped days: forget streams that no stored line is of, and what the caches hold of them."""
        with self._family.lock:
            self._follow_deletion()

    def _follow_deletion(self) -> None:
        if erase.forget_streams(self._engine, self._directory.ids()):
            self._directory.replace()
        else:
            self._directory.forget_hours()
        self._family.forget()

    # --- LogTails -----------------------------------------------------------------------------------------------------

    def subscribe(
        self, wanted: Callable[[LogStream], bool], on_lines: Callable[[Sequence[TailedLine]], None]
    ) -> Callable[[], None]:
        return self._tails.subscribe(wanted, on_lines)

    # --- upkeep and status --------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Until cancelled: builds the indexes of parts that have settled."""
        try:
            while True:
                await asyncio.sleep(UPKEEP_EVERY_S)
                try:
                    await asyncio.to_thread(self.sweep)
                except HannunError:
                    continue  # The engine is closing or starved and has said so; nothing is lost but speed.
        finally:
            # The thread of a sweep cannot be cancelled, but what it waits for can.
            await asyncio.to_thread(self._upkeep.stop)

    def sweep(self, *, settle_all: bool = False) -> bool:
        """One round of upkeep; whether there was anything to do. Blocks. `settle_all` does not wait for quiet."""
        self._tell_streams()
        return self._upkeep.sweep(settle_all=settle_all)

    def _tell_streams(self) -> None:
        if self._problems is None:
            return
        count = len(self._directory)
        if count * 10 >= self._streams_max * 9:
            what = STREAMS_WHAT.with_(count=count, max=self._streams_max)
            self._problems.raise_(STREAMS_PROBLEM, Severity.WARNING, what, STREAMS_DO)
        else:
            self._problems.clear(STREAMS_PROBLEM)

    def status(self) -> list[TableStatus]:
        return table_status(self._engine, TABLES)

    def queues(self) -> list[QueueStatus]:
        return [queue for queue in self._writer.queues() if queue.name == NAME]
