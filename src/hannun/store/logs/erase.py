"""Deletion of lines: whole days as partitions, else by lightweight delete.

Commits go on beside it: what comes while a delete runs is of after the delete, and no day outside its range is touched,
not even when all there is goes. A lightweight delete hides rows at once, on every path; `store/logs/settle.py` then
writes the parts anew without them. The caller empties the caches before it answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from hannun.model.log import Statement
from hannun.model.metric import Ids
from hannun.store.engine.port import Engine
from hannun.store.logs.mutate import mutate
from hannun.store.logs.seen import DAY_NS, read_days
from hannun.store.logs.values import encoded

IDS_PER_STATEMENT = 10_000
LAST_NS = 9_223_372_036_854_775_807
LINES, STREAMS = "logs__local", "log_streams__local"


@dataclass(frozen=True, slots=True)
class _Condition:
    """SQL that is true for the lines to delete. Own parameters are named so that they cannot meet the caller's."""

    sql: str
    params: dict[str, Any]


def delete(engine: Engine, streams: Ids, all_streams: bool, where: Statement | None, start_ns: int, end_ns: int) -> int:
    """Remove lines of these streams in `[start, end)`; how many there were."""
    start_ns, end_ns = max(start_ns, 0), min(end_ns, LAST_NS)
    if not len(streams) or start_ns >= end_ns:
        return 0
    count = 0
    if all_streams and where is None:
        count += _drop_whole_days(engine, start_ns, end_ns)
    pieces = (
        [None]
        if all_streams
        else [streams[at : at + IDS_PER_STATEMENT] for at in range(0, len(streams), IDS_PER_STATEMENT)]
    )
    for piece in pieces:
        condition = _condition(piece, where, start_ns, end_ns)
        found = _count(engine, condition)
        if found:
            mutate(engine, f"DELETE FROM {LINES}\nWHERE {condition.sql}", condition.params)
        count += found
    return count


def forget_streams(engine: Engine, known: Ids) -> bool:
    """Remove rows of streams that have no line any more; whether there were any. The caller holds the commit lock."""
    left = engine.query_arrow("SELECT DISTINCT stream FROM log_counts")
    alive = left.column("stream").to_numpy() if left.num_rows else np.empty(0, np.uint64)
    gone = np.setdiff1d(known, alive)
    if not len(gone):
        return False
    if len(gone) == len(known):
        engine.execute(f"TRUNCATE TABLE {STREAMS}")
        return True
    for at in range(0, len(gone), IDS_PER_STATEMENT):
        some = gone[at : at + IDS_PER_STATEMENT].tolist()
        engine.execute(f"DELETE FROM {STREAMS}\nWHERE stream IN {{ids:Array(UInt64)}}", {"ids": some})
    return True


def _drop_whole_days(engine: Engine, start_ns: int, end_ns: int) -> int:
    """Days that lie wholly in the range; their lines."""
    inside = [day for day in read_days(engine) if start_ns <= day * DAY_NS and (day + 1) * DAY_NS <= end_ns]
    count = 0
    for day in sorted(inside):
        condition = _condition(None, None, day * DAY_NS, (day + 1) * DAY_NS)
        count += _count(engine, condition)
    for day in sorted(inside):
        # The partition's name is a date that we write ourselves: DDL takes no parameters.
        engine.execute(f"ALTER TABLE {LINES} DROP PARTITION '{np.datetime64(day, 'D')}'")
    return count


def _condition(streams: Ids | None, where: Statement | None, start_ns: int, end_ns: int) -> _Condition:
    terms = [
        "ts >= fromUnixTimestamp64Nano({hannun_start:Int64}, 'UTC')",
        "ts < fromUnixTimestamp64Nano({hannun_end:Int64}, 'UTC')",
    ]
    params: dict[str, Any] = {"hannun_start": start_ns, "hannun_end": end_ns}
    if streams is not None:
        terms.append("stream IN {hannun_streams:Array(UInt64)}")
        params["hannun_streams"] = streams.tolist()
    if where is not None:
        terms.append(f"({where.sql})")
        params |= encoded(where.params)
    return _Condition(" AND ".join(terms), params)


def _count(engine: Engine, condition: _Condition) -> int:
    return int(engine.query_rows(f"SELECT count() FROM {LINES}\nWHERE {condition.sql}", condition.params)[0][0])
