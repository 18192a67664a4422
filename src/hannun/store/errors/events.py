"""Single events of an issue: the newest, the one before, by id. The payload is read only for what is answered.

Events of an issue lie on many days and each day is a partition, so a search for a neighbour looks at the days around
it first and widens only when there is nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from hannun.model.budget import Budget
from hannun.model.issue import StoredEvent
from hannun.store.engine.port import Engine

DAY_MS = 86_400_000
NEWEST_WITHIN = 50
"""`recommended` chooses among so many of the newest."""
LIMIT_MAX = 1_000

_AT = "toUnixTimestamp64Milli(ts)"
_HEAD = f"SELECT lower(hex(id)), {_AT}, hash\nFROM events\n"
_OF_ISSUE = "WHERE project = {project:UInt32} AND hash IN {hashes:Array(UInt64)}"
_WINDOW = "ts >= fromUnixTimestamp64Milli({start:Int64}, 'UTC') AND ts <= fromUnixTimestamp64Milli({end:Int64}, 'UTC')"
_IN_ENVIRONMENTS = "\n  AND environment IN {environments:Array(String)}"
_WHOLE = (
    f"SELECT lower(hex(id)), project, hash, {_AT}, toUnixTimestamp64Milli(received), payload, tags\nFROM events\n"
    "WHERE project = {project:UInt32} AND hash IN {hashes:Array(UInt64)}\n"
    f"  AND {_WINDOW}\n"
    "  AND id IN (SELECT toFixedString(unhex(arrayJoin({ids:Array(String)})), 16))"
)
_FIND = f"SELECT lower(hex(id)), {_AT}, hash, project\nFROM events\nWHERE id = toFixedString(unhex({{id:String}}), 16)"


@dataclass(frozen=True, slots=True)
class Group:
    """Where the events of an issue stand: project, first halves of its hashes, times of the first and the last."""

    issue: int
    project: int
    hashes: Sequence[int]
    first_ms: int
    last_ms: int
    environments: Sequence[str] = ()

    @property
    def where(self) -> str:
        return _OF_ISSUE + (_IN_ENVIRONMENTS if self.environments else "")

    @property
    def params(self) -> dict[str, Any]:
        params: dict[str, Any] = {"project": self.project, "hashes": list(self.hashes)}
        return params | ({"environments": list(self.environments)} if self.environments else {})


@dataclass(frozen=True, slots=True)
class Place:
    """One event, found."""

    id: str
    ts_ms: int
    hash: int


class EventTable:
    """Questions about single events. All block."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def newest(self, group: Group, budget: Budget, *, limit: int = 1, before: Place | None = None) -> list[Place]:
        """Newest first; of one time by id. `before`: only those that come after it in this order."""
        found: list[Place] = []
        end_ms = group.last_ms if before is None else before.ts_ms
        for start_ms in _widening(end_ms, group.first_ms, -1):
            found = self._places(group, start_ms, end_ms, "DESC", limit, before, budget)
            if len(found) >= limit:
                break
        return found

    def oldest(self, group: Group, budget: Budget, *, after: Place | None = None) -> Place | None:
        """The oldest, or the one that comes next after another."""
        start_ms = group.first_ms if after is None else after.ts_ms
        for end_ms in _widening(start_ms, group.last_ms, 1):
            found = self._places(group, start_ms, end_ms, "ASC", 1, after, budget)
            if found:
                return found[0]
        return None

    def in_group(self, group: Group, id_: str, budget: Budget) -> Place | None:
        """The event of this id (32 lower hex digits), if the issue has it."""
        sql = f"{_HEAD}{group.where}\n  AND id = toFixedString(unhex({{id:String}}), 16)\nLIMIT 1"
        rows = self._engine.query_rows(sql, group.params | {"id": id_}, budget)
        return _place(rows[0]) if rows else None

    def anywhere(self, id_: str, project: int | None, budget: Budget) -> tuple[int, Place] | None:
        """(project, event) of an id."""
        sql = _FIND + ("" if project is None else " AND project = {project:UInt32}") + "\nLIMIT 1"
        params: dict[str, Any] = {"id": id_} | ({} if project is None else {"project": project})
        rows = self._engine.query_rows(sql, params, budget)
        return (int(rows[0][3]), _place(rows[0])) if rows else None

    def whole(self, group: Group, places: Sequence[Place], budget: Budget) -> list[StoredEvent]:
        """With payload and tags, in the order of `places`."""
        if not places:
            return []
        params: dict[str, Any] = {
            "project": group.project,
            "hashes": sorted({place.hash for place in places}),
            "start": min(place.ts_ms for place in places),
            "end": max(place.ts_ms for place in places),
            "ids": [place.id for place in places],
        }
        rows = self._engine.query_arrow(_WHOLE, params, budget)
        if not rows.num_rows:
            return []
        found = {}
        for id_, project, _, ts_ms, received_ms, payload, tags in zip(
            *(column.to_pylist() for column in rows.columns), strict=True
        ):
            body = payload if isinstance(payload, bytes) else payload.encode()
            found[id_] = StoredEvent(id_, project, group.issue, ts_ms, received_ms, body, dict(tags))
        return [found[place.id] for place in places if place.id in found]

    def _places(
        self, group: Group, start_ms: int, end_ms: int, order: str, limit: int, beyond: Place | None, budget: Budget
    ) -> list[Place]:
        params = group.params | {"start": start_ms, "end": end_ms}
        where = f"{group.where}\n  AND {_WINDOW}"
        if beyond is not None:
            sign = "<" if order == "DESC" else ">"
            where += f"\n  AND ({_AT}, lower(hex(id))) {sign} ({{beyond_ms:Int64}}, {{beyond_id:String}})"
            params |= {"beyond_ms": beyond.ts_ms, "beyond_id": beyond.id}
        sql = f"{_HEAD}{where}\nORDER BY ts {order}, id {order}\nLIMIT {limit}"
        return [_place(row) for row in self._engine.query_rows(sql, params, budget)]


def _place(row: Sequence[Any]) -> Place:
    return Place(row[0], int(row[1]), int(row[2]))


def _widening(from_ms: int, bound_ms: int, sign: int) -> Iterator[int]:
    """Ends of windows of a day, eight, and everything, never beyond `bound_ms`."""
    last = None
    for days in (1, 8, None):
        end_ms = bound_ms if days is None else from_ms + sign * days * DAY_MS
        end_ms = max(end_ms, bound_ms) if sign < 0 else min(end_ms, bound_ms)
        if end_ms != last:
            yield end_ms
        last = end_ms
