"""A table family of single values that each stand on one day: what most of the smaller tables have in common.

A request's values are one batch, cut by days when they lie on many; a group of batches becomes one INSERT. What a
sender dates beyond what is kept is left out and counted, so that nobody makes partitions without end.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Generic, TypeVar

import numpy as np
import pyarrow as pa

from hannun.model.status import QueueStatus, TableStatus
from hannun.model.time import Clock, SystemClock
from hannun.observe.outcomes import Outcome, Outcomes
from hannun.store.engine.port import Engine
from hannun.store.tables import table_status
from hannun.store.writer import Writer

T = TypeVar("T")
DAY_MS = 86_400_000
AHEAD_MS = DAY_MS
"""How far ahead of our clock a value may be."""
NOT_IN_TIME = "outside of the time that is kept"

_TIME = pa.timestamp("ms", "UTC")


class DayTable(ABC, Generic[T]):
    """A sink of `T` and the writer's view of it. `keep_ms` 0: for ever. `commit` runs in one thread at a time."""

    name: ClassVar[str]
    tables: ClassVar[tuple[str, ...]]
    """Names for writing, all partitioned by day."""

    def __init__(
        self,
        engine: Engine,
        writer: Writer,
        *,
        keep_ms: int = 0,
        clock: Clock | None = None,
        outcomes: Outcomes | None = None,
    ) -> None:
        self._engine = engine
        self._writer = writer
        self._keep_ms = keep_ms
        self._clock = clock or SystemClock()
        self._outcomes = outcomes
        writer.register(self)

    @abstractmethod
    def at_ms(self, value: T, /) -> int:
        """The time that says on which day it stands."""

    @abstractmethod
    def weight(self, value: T, /) -> int:
        """Bytes that it takes in a queue, about."""

    @abstractmethod
    def insert(self, values: Sequence[T], /) -> int:
        """Make them durable; returns INSERTs made. Called in a commit thread."""

    async def write(self, values: Sequence[T], /) -> None:
        """Returns when all are durable. Raises Overloaded, DiskFull, StoreUnavailable."""
        now_ms = self._clock.now_ms()
        # A day more than is kept: partitions go when their last moment is out.
        oldest_ms = max(now_ms - self._keep_ms - DAY_MS, 0) if self._keep_ms else 0
        kept = [value for value in values if oldest_ms <= self.at_ms(value) <= now_ms + AHEAD_MS]
        if self._outcomes is not None and len(kept) < len(values):
            self._outcomes.count(self.name, Outcome.INVALID, len(values) - len(kept), reason=NOT_IN_TIME)
        if kept:
            await self._writer.write(self.name, kept)

    def status(self) -> Sequence[TableStatus]:
        return table_status(self._engine, self.tables)

    def queues(self) -> Sequence[QueueStatus]:
        return [queue for queue in self._writer.queues() if queue.name == self.name]

    # --- the writer's view --------------------------------------------------------------------------------------------

    def rows(self, batch: Sequence[T]) -> int:
        return len(batch)

    def size_bytes(self, batch: Sequence[T]) -> int:
        return sum(map(self.weight, batch))

    def split(self, batch: Sequence[T], days_max: int) -> list[tuple[Sequence[T], frozenset[int]]]:
        by_day: dict[int, list[T]] = {}
        for value in batch:
            by_day.setdefault(self.at_ms(value) // DAY_MS, []).append(value)
        if len(by_day) <= days_max:
            return [(batch, frozenset(by_day))]
        days = sorted(by_day)
        pieces = [days[at : at + days_max] for at in range(0, len(days), days_max)]
        return [([value for day in some for value in by_day[day]], frozenset(some)) for some in pieces]

    def commit(self, batches: Sequence[Sequence[T]]) -> int:
        return self.insert([value for batch in batches for value in batch])


def text(value: str, length_max: int = 1_024) -> str:
    """A sender's text as a column takes it: cut, and without what has no UTF-8."""
    cut = value[:length_max]
    return cut if cut.isascii() else cut.encode("utf-8", "replace").decode()


def texts(values: Sequence[str], length_max: int = 1_024) -> pa.Array:
    return pa.array([text(value, length_max) for value in values], pa.string())


def times(values: Sequence[int]) -> pa.Array:
    """Unix ms as a column of DateTime64(3)."""
    return pa.array(np.array(values, np.int64), _TIME)


def id16(digits: str) -> bytes:
    """32 hex digits as 16 bytes; what is none becomes zeros."""
    try:
        raw = bytes.fromhex(digits)
    except ValueError:
        raw = b""
    return raw if len(raw) == 16 else bytes(16)


def ids16(values: Sequence[str]) -> pa.Array:
    return pa.array([id16(value) for value in values], pa.binary(16))


def raw(column: pa.ChunkedArray) -> list[bytes]:
    """The bytes of a String column of an answer. As Python text they would have to be valid UTF-8."""
    return [bytes(value) for value in column.cast(pa.large_binary()).to_pylist()]
