"""Tags of events: shares within an issue, and what completes a search. Of the newest events, so that they cost alike
whether an issue has a thousand events or a million.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from hannun.model.budget import Budget
from hannun.model.event import EVENT_LEVELS
from hannun.model.issue import TagShare, TagValue
from hannun.store.engine.port import Engine
from hannun.store.errors.event_terms import TEXTS
from hannun.store.errors.events import Group
from hannun.store.errors.globs import like_pattern
from hannun.store.meta.database import Database
from hannun.store.meta.issues import RELEASES

NEWEST = 20_000
KEYS_MAX = 200
VALUES_MAX = 50
VALUE_LENGTH_MAX = 400
HOUR_MS = 3_600_000

_PER_HOUR = (
    "SELECT toUnixTimestamp(toStartOfHour(ts)) AS hour, count() AS n\nFROM events\n{where}\nGROUP BY toStartOfHour(ts)"
)
_SINCE = "ts >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')"
_SHARES = (
    "SELECT key, value, n, first, last, of_key\n"
    "FROM (\n"
    "  SELECT key, value, count() AS n, min(at) AS first, max(at) AS last, sum(n) OVER (PARTITION BY key) AS of_key\n"
    "  FROM (\n"
    "    SELECT toUnixTimestamp64Milli(ts) AS at, tags\n    FROM events\n    {where}\n"
    "    ORDER BY ts DESC\n    LIMIT {newest}\n"
    "  )\n"
    "  ARRAY JOIN mapKeys(tags) AS key, mapValues(tags) AS value\n"
    "  GROUP BY key, value\n"
    ")\n"
    "ORDER BY of_key DESC, key, n DESC, value\nLIMIT {values} BY key\nLIMIT {rows}"
)
_KEYS = (
    "SELECT key\nFROM (\n  SELECT mapKeys(tags) AS keys\n  FROM events\n  {where}\n  LIMIT {newest}\n)\n"
    "ARRAY JOIN keys AS key\nGROUP BY key\nORDER BY count() DESC, key\nLIMIT {keys}"
)
_VALUES = (
    "SELECT value\nFROM (\n  SELECT {column} AS value\n  FROM events\n  {where}\n  LIMIT {newest}\n)\n"
    "WHERE value ILIKE {{like:String}} AND value != ''\nGROUP BY value\nORDER BY count() DESC, value\nLIMIT {values}"
)


class EventTags:
    """Blocks; safe from any thread."""

    def __init__(self, engine: Engine, database: Database) -> None:
        self._engine = engine
        self._database = database

    def shares(self, group: Group, values: int, budget: Budget) -> list[TagShare]:
        """Commonest tags first, of the newest 20,000 events."""
        since_ms, count = self._since(group.where, group.params, budget)
        if not count:
            return []
        where = f"{group.where}\n      AND {_SINCE}"
        values = min(max(values, 1), 100)
        sql = _SHARES.format(where=where, newest=NEWEST, values=values, rows=values * KEYS_MAX)
        rows = self._engine.query_rows(sql, group.params | {"since": since_ms}, budget)
        by_key: dict[str, list[TagValue]] = {}
        events: dict[str, int] = {}
        for key, value, n, first, last, of_key in rows:
            by_key.setdefault(key, []).append(TagValue(value, int(n), int(first), int(last)))
            events[key] = int(of_key)
        looked_at = min(count, NEWEST)
        return [TagShare(key, events[key], looked_at, tuple(found)) for key, found in by_key.items()]

    def keys(self, projects: Sequence[int], budget: Budget) -> list[str]:
        where, params = _of_projects(projects)
        since_ms, count = self._since(where, params, budget)
        if not count:
            return []
        sql = _KEYS.format(where=_and(where, _SINCE), newest=10 * NEWEST, keys=KEYS_MAX)
        return [row[0] for row in self._engine.query_rows(sql, params | {"since": since_ms}, budget)]

    def values(self, projects: Sequence[int], key: str, prefix: str, budget: Budget) -> list[str]:
        if key == "level":
            return [level for level in reversed(EVENT_LEVELS) if level.startswith(prefix.lower())]
        if key in ("release", "firstRelease"):
            return self._releases(projects, prefix)
        where, params = _of_projects(projects)
        since_ms, count = self._since(where, params, budget)
        if not count:
            return []
        params |= {"since": since_ms, "like": like_pattern(prefix.replace("\\", "\\\\").replace("*", "\\*")) + "%"}
        column = TEXTS.get(key)
        if column is None:
            column, params["key"] = "tags[{key:String}]", key
        sql = _VALUES.format(column=column, where=_and(where, _SINCE), newest=10 * NEWEST, values=VALUES_MAX)
        return [row[0] for row in self._engine.query_rows(sql, params, budget)]

    def _releases(self, projects: Sequence[int], prefix: str) -> list[str]:
        newest = select(RELEASES.c.version).distinct().order_by(RELEASES.c.version.desc())
        newest = newest.where(RELEASES.c.version.startswith(prefix, autoescape=True)).limit(VALUES_MAX)
        if projects:
            newest = newest.where(RELEASES.c.project_id.in_(projects))
        with self._database.reading() as connection:
            return list(connection.execute(newest).scalars())

    def _since(self, where: str, params: Mapping[str, Any], budget: Budget) -> tuple[int, int]:
        """The hour from which there are as many events as are looked at, and how many there are; from the roll-up."""
        rows = self._engine.query_rows(_PER_HOUR.format(where=where), dict(params), budget)
        count, since_ms = 0, 0
        for hour, n in sorted(((int(hour), int(n)) for hour, n in rows), reverse=True):
            count += n
            since_ms = hour * 1000
            if count >= NEWEST:
                break
        return since_ms, count


def _of_projects(projects: Sequence[int]) -> tuple[str, dict[str, Any]]:
    if not projects:
        return "", {}
    return "WHERE project IN {projects:Array(UInt32)}", {"projects": list(projects)}


def _and(where: str, condition: str) -> str:
    return f"{where} AND {condition}" if where else f"WHERE {condition}"
