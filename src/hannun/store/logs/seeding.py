"""The hashes of the newest stored lines, read once after a start: an agent repeats just those after a kill.

Newest by the time they were written, which is that of their part, because a backfill writes old times; beside them
the last minutes of the lines' own time, for parts that a merge has made large. Bounded in lines and in part size.
"""

from __future__ import annotations

import numpy as np

from hannun.model.budget import Budget
from hannun.model.errors import QueryTimeout
from hannun.store.engine.port import Engine
from hannun.store.logs.columns import read_back
from hannun.store.logs.lines import hashes
from hannun.store.logs.repeats import LINES_MAX, Repeats

WRITTEN_WITHIN_S = 120
LINES_WITHIN_S = 120
PART_ROWS_MAX = 2_000_000
TIMEOUT_S = 10.0

_NEWEST_PARTS = (
    "SELECT name\nFROM system.parts\n"
    "WHERE active AND database = currentDatabase() AND table = 'logs__local' AND rows <= {rows_max:UInt64}\n"
    "  AND modification_time >= (\n"
    "    SELECT max(modification_time) - {seconds:UInt32}\n    FROM system.parts\n"
    "    WHERE active AND database = currentDatabase() AND table = 'logs__local')\n"
    "ORDER BY modification_time DESC\nLIMIT 1000"
)
_LINES = (
    "SELECT stream, toUnixTimestamp64Nano(ts) AS ts, body, attributes\nFROM logs__local\nWHERE {where}\nLIMIT {limit}"
)


def seed(engine: Engine, repeats: Repeats, secret: np.uint64) -> None:
    """Gives up after ten seconds: a repetition that is stored twice is better than a commit that waits longer."""
    parts = [
        row[0] for row in engine.query_rows(_NEWEST_PARTS, {"rows_max": PART_ROWS_MAX, "seconds": WRITTEN_WITHIN_S})
    ]
    if not parts:
        return
    budget = Budget(timeout_s=TIMEOUT_S)
    (newest,) = engine.query_rows("SELECT toUnixTimestamp64Nano(max(ts)) FROM logs__local")[0]
    since = int(newest) - LINES_WITHIN_S * 10**9
    conditions: tuple[tuple[str, dict[str, int | list[str]]], ...] = (
        ("_part IN {parts:Array(String)}", {"parts": parts}),
        (
            "ts >= fromUnixTimestamp64Nano({since:Int64}, 'UTC') AND _part NOT IN {parts:Array(String)}",
            {"since": since, "parts": parts},
        ),
    )
    try:
        for where, params in conditions:
            sql = _LINES.replace("{where}", where).replace("{limit}", str(LINES_MAX // 2))
            for rows in engine.stream_arrow(sql, params, budget):
                repeats.admit(hashes(read_back(rows), secret))
    except QueryTimeout:
        return
