"""The rows of `check_ins`: written as words of jobs, read as check-ins."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from hannun.model.budget import Budget
from hannun.model.monitor import StoredCheckIn
from hannun.store.day_table import ids16, texts, times
from hannun.store.engine.port import Engine

TABLE = "check_ins__local"
LISTED_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Word:
    """One row. `status` may also be `missed` or `timeout`."""

    project: int
    monitor: str
    environment: str
    at_ms: int
    id: str
    status: str
    expected_ms: int = 0
    duration_s: float | None = None
    release: str = ""
    trace_id: str = ""


def word_rows(words: Sequence[Word]) -> pa.Table:
    return pa.table(
        {
            "project": np.array([one.project for one in words], np.uint32),
            "monitor": texts([one.monitor for one in words], 64),
            "environment": texts([one.environment for one in words], 64),
            "at": times([one.at_ms for one in words]),
            "id": ids16([one.id for one in words]),
            "status": texts([one.status for one in words], 16),
            "expected": times([one.expected_ms for one in words]),
            "duration_s": np.array(
                [math.nan if one.duration_s is None else one.duration_s for one in words], np.float64
            ),
            "release": texts([one.release for one in words]),
            "trace_id": texts([one.trace_id for one in words], 64),
        }
    )


def read(
    engine: Engine, project: int, monitor: str, budget: Budget, before_ms: int | None, limit: int
) -> list[StoredCheckIn]:
    """A check-in is what its words say together: the last one that is no `in_progress` is how it ended.

    `ok` and `error` that come after a `timeout` hold: the job did end.
    """
    params: dict[str, str | int] = {"project": project, "monitor": monitor}
    if before_ms is not None:
        params["before"] = before_ms
    until = "" if before_ms is None else "HAVING began < {before:Int64}\n"
    rows = engine.query_rows(
        "SELECT lower(hex(id)), any(environment), argMax(status, (status != 'in_progress', at)) AS ended,\n"
        "  toUnixTimestamp64Milli(min(at)) AS began, toUnixTimestamp64Milli(max(at)),\n"
        "  toUnixTimestamp64Milli(max(expected)), argMax(duration_s, (status != 'in_progress', at)), max(release),\n"
        "  max(trace_id), countIf(status != 'in_progress')\n"
        "FROM check_ins\n"
        "WHERE project = {project:UInt32} AND monitor = {monitor:String}\n"
        f"GROUP BY id\n{until}ORDER BY began DESC, id\nLIMIT {min(max(limit, 1), LISTED_MAX):d}",
        params,
        budget,
    )
    found = []
    for id_, environment, status, began, last, expected, duration, release, trace_id, ends in rows:
        duration_s = None if duration is None or math.isnan(float(duration)) else float(duration)
        ended_ms = int(last) if int(ends) and status != "missed" else None
        found.append(
            StoredCheckIn(
                id_, environment, status, int(began), ended_ms, int(expected) or None, duration_s, release, trace_id
            )
        )
    return found
