"""Lines and bytes per stream of a range: whole 15-second buckets from the roll-up, both edges counted in the lines.

Two statements that each read little: one with both edges, and one that the projection answers by itself (asking it
through `log_counts` costs 2 ms more). Streams are picked here, because conditions on many ids cost more to plan than
their few rows to read.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from hannun.model.budget import Budget
from hannun.model.log import LogStream, StreamVolume
from hannun.store.engine.port import Engine

BUCKET_NS = 15 * 10**9
HOUR_NS = 3_600 * 10**9

_BUCKETS = (
    "SELECT stream, count() AS lines, sum(size) AS bytes\nFROM logs__local\n"
    "WHERE toStartOfHour(ts) BETWEEN toDateTime({from:UInt32}, 'UTC') AND toDateTime({to:UInt32}, 'UTC')\n"
    "  AND toUInt32(intDiv(toUnixTimestamp64Nano(ts) - 1, 15000000000)) BETWEEN {first:UInt32} AND {last:UInt32}\n"
    "GROUP BY stream"
)
_EDGES = "SELECT stream, count() AS lines, sum(size) AS bytes\nFROM logs__local\nWHERE {spans}\nGROUP BY stream"
_SPAN = (
    "ts >= fromUnixTimestamp64Nano({{from_{n}:Int64}}, 'UTC') AND ts < fromUnixTimestamp64Nano({{to_{n}:Int64}}, 'UTC')"
)


def read_volumes(
    engine: Engine, streams: Sequence[LogStream], start_ns: int, end_ns: int, budget: Budget
) -> tuple[StreamVolume, ...]:
    """Of those streams that have any lines in `[start, end)`, in their order."""
    start_ns = max(start_ns, 0)
    if not streams or start_ns >= end_ns:
        return ()
    # Bucket b holds (b * 15 s, (b + 1) * 15 s]: those of [first, end) lie in the range as a whole.
    first, end = -(-start_ns // BUCKET_NS), (end_ns - 1) // BUCKET_NS
    spans = [(start_ns, end_ns)]
    answers = []
    if first < end:
        spans = [(start_ns, first * BUCKET_NS + 1), (end * BUCKET_NS + 1, end_ns)]
        hours = {"from": first * BUCKET_NS // HOUR_NS * 3600, "to": end * BUCKET_NS // HOUR_NS * 3600}
        answers.append(engine.query_arrow(_BUCKETS, {**hours, "first": first, "last": end - 1}, budget))
    wanted = [(a, b) for a, b in spans if a < b]
    if wanted:
        sql = _EDGES.replace("{spans}", "\n  OR ".join(f"({_SPAN.format(n=n)})" for n in range(len(wanted))))
        params = {
            f"{end}_{n}": ns for n, span in enumerate(wanted) for end, ns in zip(("from", "to"), span, strict=True)
        }
        answers.append(engine.query_arrow(sql, params, budget))
    return _sums(streams, [answer for answer in answers if answer.num_rows])


def _sums(streams: Sequence[LogStream], answers: Sequence[pa.Table]) -> tuple[StreamVolume, ...]:
    ids = np.array([stream.id for stream in streams], np.uint64)
    order = np.argsort(ids)
    lines, size = np.zeros(len(ids), np.int64), np.zeros(len(ids), np.int64)
    for answer in answers:
        found = answer.column("stream").to_numpy()
        at = order[np.minimum(np.searchsorted(ids, found, sorter=order), len(ids) - 1)]
        ours = ids[at] == found
        lines[at[ours]] += answer.column("lines").to_numpy()[ours].astype(np.int64)
        size[at[ours]] += answer.column("bytes").to_numpy()[ours].astype(np.int64)
    return tuple(StreamVolume(streams[i], int(lines[i]), int(size[i])) for i in np.flatnonzero(lines).tolist())
