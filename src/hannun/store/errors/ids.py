"""Event ids that were stored: SDKs and relays send again what they are not sure of, and it must count once.

The newest ids stand in memory, two generations of them. An event older than what memory covers is looked up in the
table, so that nothing is counted twice however late it comes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hannun.model.event import Event
from hannun.store.engine.port import Engine

GENERATION = 100_000
"""Ids of one generation; two are kept, some 17 MB."""
SLACK_MS = 120_000
"""An event's time may lie a minute ahead of the moment it was stored, and is corrected anew when it is sent again."""
SEEDED_MS = 86_400_000

_ALL = "SELECT project, lower(hex(id)) FROM events"
_NEWEST = (
    "SELECT project, lower(hex(id)), toUnixTimestamp64Milli(stored)\nFROM events\n"
    "WHERE ts >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')\nORDER BY stored DESC\nLIMIT {limit:UInt32}"
)
_FIND = (
    "SELECT project, lower(hex(id))\nFROM events\n"
    "WHERE id IN (SELECT toFixedString(unhex(arrayJoin({ids:Array(String)})), 16))"
)


def key_of(project: int, id_: str) -> int:
    """One number of both: half the memory of a pair."""
    return project << 128 | int(id_, 16)


class StoredIds:
    """Used under the lock of the commits."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._newest: set[int] = set()
        self._older: set[int] = set()
        self._began_ms = 0
        """When the newest generation began, by the store's clock."""
        self.covers_ms = 0
        """Ids of events that were stored since then, of a time since then, are all in memory."""

    def seed(self, now_ms: int) -> None:
        """From the table: after a start, and after a delete, because what was deleted may come again."""
        self._newest, self._older, self._began_ms, self.covers_ms = set(), set(), 0, 0
        count = int(self._engine.query_rows("SELECT count() FROM events")[0][0])
        if count <= GENERATION:
            self._newest = {key_of(int(project), id_) for project, id_ in self._engine.query_rows(_ALL)}
            return
        since_ms = now_ms - SEEDED_MS
        rows = self._engine.query_rows(_NEWEST, {"since": since_ms, "limit": GENERATION})
        self._newest = {key_of(int(project), id_) for project, id_, _ in rows}
        oldest_ms = int(rows[-1][2]) + 1 if len(rows) >= GENERATION else since_ms
        self._began_ms = self.covers_ms = max(since_ms, oldest_ms)

    def fresh(self, events: Sequence[Event]) -> list[Event]:
        """Those that were never stored, each id once."""
        unknown: dict[int, Event] = {}
        for event in events:
            key = key_of(event.project, event.id)
            if key not in self._newest and key not in self._older:
                unknown.setdefault(key, event)
        young_ms = self.covers_ms + SLACK_MS if self.covers_ms else 0
        if old := {event.id for event in unknown.values() if event.ts_ms < young_ms}:
            for project, id_ in self._engine.query_rows(_FIND, {"ids": sorted(old)}):
                unknown.pop(key_of(int(project), id_), None)
        return list(unknown.values())

    def add(self, events: Iterable[Event], stored_ms: int) -> None:
        """What is durable now."""
        self._newest.update(key_of(event.project, event.id) for event in events)
        if len(self._newest) >= GENERATION:
            self._older, self._newest = self._newest, set()
            self.covers_ms, self._began_ms = self._began_ms, stored_ms + 1
