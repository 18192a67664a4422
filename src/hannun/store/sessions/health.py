"""Release health from the two tables of sessions: those told one by one, and the minutes that servers counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hannun.model.budget import Budget
from hannun.model.release_health import HealthHour, HealthQuestion, ReleaseHealth, SessionTotals
from hannun.store.engine.port import Engine

RELEASES_MAX = 1_000
HOURS_MAX = 24 * 400

_SUMS = (
    "sum(n) AS sessions, sum(e), sum(u), sum(a), sum(c),\n"
    "  uniqExactIf(user, user != '') AS users, uniqExactIf(user, user != '' AND c > 0) AS crashed_users"
)
_AMONG = (
    "started >= fromUnixTimestamp64Milli({start:Int64}, 'UTC')"
    " AND started < fromUnixTimestamp64Milli({end:Int64}, 'UTC')"
)


class HealthTable:
    """Questions; all block."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def releases(self, question: HealthQuestion, budget: Budget) -> list[ReleaseHealth]:
        source, params = _source(question)
        of_project = (
            f"SELECT project, sum(n) AS all_sessions, uniqExactIf(user, user != '') AS all_users\n"
            f"FROM ({source})\nGROUP BY project"
        )
        rows = self._engine.query_rows(
            f"SELECT project, release, {_SUMS},\n"
            "  toUnixTimestamp64Milli(min(started)), toUnixTimestamp64Milli(max(started))\n"
            f"FROM ({source})\nGROUP BY project, release\nORDER BY sessions DESC, release\n"
            f"LIMIT {min(max(question.limit, 1), RELEASES_MAX):d}",
            params,
            budget,
        )
        whole = {int(row[0]): (int(row[1]), int(row[2])) for row in self._engine.query_rows(of_project, params, budget)}
        found = []
        for row in rows:
            totals = _totals(row[2:9])
            sessions, users = whole.get(int(row[0]), (0, 0))
            adoption = totals.sessions / sessions if sessions else 0.0
            user_adoption = totals.users / users if users else None
            made = ReleaseHealth(int(row[0]), row[1], totals, int(row[9]), int(row[10]), adoption, user_adoption)
            found.append(made)
        return found

    def hours(self, question: HealthQuestion, release: str, budget: Budget) -> list[HealthHour]:
        source, params = _source(question, release)
        rows = self._engine.query_rows(
            f"SELECT toUnixTimestamp(toStartOfHour(started)) AS hour, {_SUMS}\n"
            f"FROM ({source})\nGROUP BY hour\nORDER BY hour\nLIMIT {HOURS_MAX}",
            params,
            budget,
        )
        return [HealthHour(int(row[0]) * 1000, _totals(row[1:8])) for row in rows]


def _source(question: HealthQuestion, release: str = "") -> tuple[str, dict[str, Any]]:
    """Rows (project, release, started, user, n and how many of them were errored, unhandled, abnormal, crashed)."""
    params: dict[str, Any] = {"start": max(question.start_ms, 0), "end": max(question.end_ms, 0)}
    where = _AMONG
    if question.projects:
        where += " AND project IN {projects:Array(UInt32)}"
        params["projects"] = list(question.projects)
    if question.environments:
        where += " AND environment IN {environments:Array(String)}"
        params["environments"] = list(question.environments)
    if release:
        where += " AND release = {release:String}"
        params["release"] = release
    single = (
        "SELECT project, release, started, user, toUInt64(1) AS n,\n"
        "  toUInt64(status = 'errored' OR (status IN ('ok', 'exited') AND errors > 0)) AS e,\n"
        "  toUInt64(status = 'unhandled') AS u, toUInt64(status = 'abnormal') AS a,\n"
        "  toUInt64(status = 'crashed') AS c\n"
        f"FROM sessions FINAL\nWHERE {where}"
    )
    counted = (
        "SELECT project, release, started, user, exited + errored + abnormal + crashed + unhandled AS n,\n"
        "  errored AS e, unhandled AS u, abnormal AS a, crashed AS c\n"
        f"FROM session_counts\nWHERE {where}"
    )
    return f"{single}\nUNION ALL\n{counted}", params


def _totals(row: Sequence[Any]) -> SessionTotals:
    return SessionTotals(*(int(cell) for cell in row))
