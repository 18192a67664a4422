"""How a group of events becomes durable: known ids left out, one INSERT, then one transaction that counts them.

After an INSERT or a transaction that failed nobody knows which events were stored. The next commit, or the next start,
then reads from the table what was stored since the watermark and counts exactly that.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from hannun.model.event import Event
from hannun.model.time import Clock
from hannun.observe.outcomes import Outcome, Outcomes
from hannun.store.engine.port import Engine
from hannun.store.errors.accounts import Accounts
from hannun.store.errors.columns import TABLE, TOLD, event_rows, told
from hannun.store.errors.directory import DISCARDED
from hannun.store.errors.ids import StoredIds

_log = logging.getLogger("hannun.store.errors")
NAME = "events"
DAY_MS = 86_400_000
RECOUNTED_AT_A_TIME = 5_000

_UNCOUNTED = (
    f"SELECT {TOLD}\nFROM events\n"
    "WHERE stored > fromUnixTimestamp64Milli({after:Int64}, 'UTC')\n"
    "  AND stored <= fromUnixTimestamp64Milli({until:Int64}, 'UTC')"
)
_TIMES = (
    "SELECT toUnixTimestamp64Milli(stored), count()\nFROM events\n"
    "WHERE stored > fromUnixTimestamp64Milli({after:Int64}, 'UTC')\nGROUP BY stored\nORDER BY stored"
)


@dataclass(slots=True)
class EventBatch:
    """One request's events, or a piece of them. `new` is told by the commits."""

    events: Sequence[Event]
    whole: EventBatch | None = None
    new: int = 0
    size_bytes: int = field(init=False)

    def __post_init__(self) -> None:
        self.size_bytes = sum(event.size_bytes for event in self.events)


class EventFamily:
    """The writer's view of events. `commit` runs in one thread at a time."""

    name = NAME

    def __init__(self, engine: Engine, accounts: Accounts, *, clock: Clock, outcomes: Outcomes | None) -> None:
        self.lock = threading.RLock()
        """Held by each commit, and by whoever changes issues."""
        self.touched: set[int] = set()
        """Issues that events came for since somebody took the set."""
        self._engine = engine
        self._accounts = accounts
        self._clock = clock
        self._outcomes = outcomes
        self._ids = StoredIds(engine)
        self._stored_ms = 0
        self._sure = False

    def rows(self, batch: EventBatch) -> int:
        return len(batch.events)

    def size_bytes(self, batch: EventBatch) -> int:
        return batch.size_bytes

    def split(self, batch: EventBatch, days_max: int) -> list[tuple[EventBatch, frozenset[int]]]:
        by_day: dict[int, list[Event]] = {}
        for event in batch.events:
            by_day.setdefault(event.ts_ms // DAY_MS, []).append(event)
        if len(by_day) <= days_max:
            return [(batch, frozenset(by_day))]
        days = sorted(by_day)
        pieces = [days[at : at + days_max] for at in range(0, len(days), days_max)]
        return [
            (EventBatch([event for day in some for event in by_day[day]], whole=batch), frozenset(some))
            for some in pieces
        ]

    def commit(self, batches: Sequence[EventBatch]) -> int:
        """Raises WireError for an event that cannot be written, and the stores' errors."""
        with self.lock:
            self.make_sure()
            told_events = [event for batch in batches for event in batch.events]
            fresh = self._wanted(self._ids.fresh(told_events))
            if fresh:
                rows = event_rows(fresh, self._tick())
                try:
                    self._engine.insert_arrow(TABLE, rows)
                    self.touched |= self._accounts.settle(fresh, self._stored_ms, self._clock.now_ms())
                except BaseException:
                    self._sure = False
                    raise
                self._ids.add(fresh, self._stored_ms)
            self._tell(batches, fresh)
            return int(bool(fresh))

    def make_sure(self) -> None:
        """Count what was stored and not counted: after a start, and after a commit that failed half-way."""
        if self._sure:
            return
        with self.lock:
            counted_ms = self._accounts.watermark()
            times = [(int(at), int(count)) for at, count in self._engine.query_rows(_TIMES, {"after": counted_ms})]
            while times:
                size = 0
                while times and (size == 0 or size + times[0][1] <= RECOUNTED_AT_A_TIME):
                    until_ms, count = times.pop(0)
                    size += count
                rows = self._engine.query_rows(_UNCOUNTED, {"after": counted_ms, "until": until_ms})
                events = [event for _, event in told(rows)]
                self.touched |= self._accounts.settle(events, until_ms, self._clock.now_ms())
                _log.info("%d events that were stored and not counted were counted", len(events))
                counted_ms = until_ms
            self._stored_ms = max(self._stored_ms, counted_ms)
            self.reseed()
            self._sure = True

    def reseed(self) -> None:
        """The known ids anew from the table; under the lock."""
        self._ids.seed(self._clock.now_ms())

    def now_stored_ms(self) -> int:
        """Everything that is stored now has this time or an earlier one; under the lock."""
        return self._stored_ms

    def _tick(self) -> int:
        """The store's clock: the present, and always later than the group before."""
        self._stored_ms = max(self._clock.now_ms(), self._stored_ms + 1)
        return self._stored_ms

    def _wanted(self, events: list[Event]) -> list[Event]:
        find = self._accounts.directory.find
        kept = [
            event
            for event in events
            if all(find(event.project, hash_) != DISCARDED for hash_ in event.grouping.hashes[:2])
        ]
        if self._outcomes is not None:
            self._outcomes.count(NAME, Outcome.FILTERED, len(events) - len(kept), reason="discarded issue")
        return kept

    def _tell(self, batches: Sequence[EventBatch], fresh: Sequence[Event]) -> None:
        new = {(event.project, event.id) for event in fresh}
        for batch in batches:
            own = {(event.project, event.id) for event in batch.events} & new
            (batch.whole or batch).new += len(own)
            new -= own
