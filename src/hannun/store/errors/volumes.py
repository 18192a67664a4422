"""How many events and users issues had, hour by hour, from the roll-up that is part of the events' own table.

The engine takes the roll-up only for a question of exactly its columns: hours as `toStartOfHour(ts)`, the counts as the
projection writes them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hannun.model.budget import Budget
from hannun.model.errors import BadQuery
from hannun.store.engine.port import Engine
from hannun.store.errors.directory import HashDirectory

HOUR_MS = 3_600_000
BARS_MAX = 10_000
Counts = NDArray[np.int64]

_HOURS = (
    "toStartOfHour(ts) >= fromUnixTimestamp64Milli({start:Int64}, 'UTC')\n"
    "  AND toStartOfHour(ts) <= fromUnixTimestamp64Milli({end:Int64}, 'UTC')"
)
_ENVIRONMENTS = "\n  AND environment IN {environments:Array(String)}"
_BY_HOUR = (
    "SELECT project, hash, toUnixTimestamp(toStartOfHour(ts)) AS hour, count() AS n\nFROM events\n"
    "WHERE project = {project:UInt32} AND hash IN {hashes:Array(UInt64)} AND "
)
EVENTS, USERS = "count()", "uniqCombinedIf(12)(user, notEmpty(user))"


class Volumes:
    """Blocks; safe from any thread."""

    def __init__(self, engine: Engine, directory: HashDirectory) -> None:
        self._engine = engine
        self._directory = directory

    def events(
        self, issues: NDArray[np.int64], start_ms: int, end_ms: int, environments: Sequence[str], budget: Budget
    ) -> Counts:
        """Of each issue, in the hours that the window touches."""
        return self._all(EVENTS, issues, start_ms, end_ms, environments, budget)

    def users(
        self, issues: NDArray[np.int64], start_ms: int, end_ms: int, environments: Sequence[str], budget: Budget
    ) -> Counts:
        """As `events`; a user that met several groups of one issue counts with each."""
        return self._all(USERS, issues, start_ms, end_ms, environments, budget)

    def bars(
        self, issues: Sequence[int], start_ms: int, end_ms: int, step_ms: int, budget: Budget
    ) -> Mapping[int, Sequence[int]]:
        """Events per step from `start_ms` rounded down to a step, until `end_ms` lies in the last bar."""
        if step_ms < HOUR_MS or step_ms % HOUR_MS:
            raise BadQuery("the step of bars is a whole number of hours")
        start_ms = start_ms // step_ms * step_ms
        count = max(0, -(-(end_ms - start_ms) // step_ms))
        if count > BARS_MAX:
            raise BadQuery(f"more than {BARS_MAX} bars were asked for; take a longer step")
        bars = {issue: np.zeros(count, np.int64) for issue in issues}
        by_project: dict[int, list[int]] = {}
        for project, hashes in self._directory.hashes_of(issues).values():
            by_project.setdefault(project, []).extend(hashes)
        for project, hashes in by_project.items():
            params: dict[str, Any] = {"project": project, "hashes": hashes, "start": start_ms, "end": end_ms - 1}
            rows = self._engine.query_arrow(
                f"{_BY_HOUR}{_HOURS}\nGROUP BY project, hash, toStartOfHour(ts)", params, budget
            )
            if not rows.num_rows:
                continue
            owners = self._directory.issues_of(project, rows.column("hash").to_numpy())
            at = (rows.column("hour").to_numpy().astype(np.int64) * 1000 - start_ms) // step_ms
            counted = rows.column("n").to_numpy().astype(np.int64)
            for issue in np.unique(owners).tolist():
                if issue in bars:
                    own = owners == issue
                    np.add.at(bars[issue], at[own], counted[own])
        return {issue: bar.tolist() for issue, bar in bars.items()}

    def _all(
        self,
        what: str,
        issues: NDArray[np.int64],
        start_ms: int,
        end_ms: int,
        environments: Sequence[str],
        budget: Budget,
    ) -> Counts:
        params: dict[str, Any] = {"start": start_ms // HOUR_MS * HOUR_MS, "end": end_ms}
        where = _HOURS
        if environments:
            where += _ENVIRONMENTS
            params["environments"] = list(environments)
        sql = f"SELECT project, hash, {what} AS n\nFROM events\nWHERE {where}\nGROUP BY project, hash"
        rows = self._engine.query_arrow(sql, params, budget)
        totals = np.zeros(len(issues), np.int64)
        if not rows.num_rows or not len(issues):
            return totals
        order = np.argsort(issues)
        projects, hashes = (rows.column(name).to_numpy() for name in ("project", "hash"))
        counted = rows.column("n").to_numpy().astype(np.int64)
        for project in np.unique(projects):
            own = projects == project
            owners = self._directory.issues_of(int(project), hashes[own])
            at = np.minimum(np.searchsorted(issues[order], owners), len(issues) - 1)
            there = issues[order][at] == owners
            np.add.at(totals, order[at[there]], counted[own][there])
        return totals
