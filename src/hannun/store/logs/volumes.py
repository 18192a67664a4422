"""Lines and bytes per stream of a range: whole 15-second buckets from the roll-up, both edges counted in the lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hannun.model.budget import Budget
from hannun.model.log import LogStream, StreamVolume
from hannun.store.engine.port import Engine

BUCKET_NS = 15 * 10**9
IDS_IN_QUERY_MAX = 10_000
"""More streams than these are picked from an answer over all of them."""


def read_volumes(
    engine: Engine, streams: Sequence[LogStream], services: Sequence[str], start_ns: int, end_ns: int, budget: Budget
) -> tuple[StreamVolume, ...]:
    """Of streams that have any, sorted by stream id. The range is `[start, end)`."""
    start_ns = max(start_ns, 0)
    if not streams or start_ns >= end_ns:
        return ()
    params: dict[str, Any] = {}
    chosen = "true"
    of_lines = "true"
    if len(streams) <= IDS_IN_QUERY_MAX:
        params["streams"] = [stream.id for stream in streams]
        params["services"] = list(services)
        chosen = "stream IN {streams:Array(UInt64)}"
        of_lines = f"service IN {{services:Array(String)}} AND {chosen}"
    # Bucket b holds (b * 15 s, (b + 1) * 15 s]: those that lie in [start, end) as a whole.
    first, last = -(-start_ns // BUCKET_NS), (end_ns - 1) // BUCKET_NS
    spans = [(start_ns, end_ns)]
    parts = []
    if first < last:
        spans = [(start_ns, first * BUCKET_NS + 1), (last * BUCKET_NS + 1, end_ns)]
        params |= {
            "first": first,
            "last": last,
            "from": first * 15 // 3600 * 3600,
            "to": (last * 15) // 3600 * 3600,
        }
        parts.append(
            "SELECT stream, sum(lines) AS n, sum(bytes) AS size\nFROM log_counts\n"
            "WHERE hour >= toDateTime({from:UInt32}, 'UTC') AND hour <= toDateTime({to:UInt32}, 'UTC')\n"
            f"  AND bucket >= {{first:UInt32}} AND bucket < {{last:UInt32}} AND {chosen}\nGROUP BY stream"
        )
    for number, (from_ns, to_ns) in enumerate(spans):
        if from_ns < to_ns:
            params |= {f"from_{number}": from_ns, f"to_{number}": to_ns}
            parts.append(
                "SELECT stream, count() AS n, sum(logs.size) AS size\nFROM logs\n"
                f"WHERE ts >= fromUnixTimestamp64Nano({{from_{number}:Int64}}, 'UTC')"
                f" AND ts < fromUnixTimestamp64Nano({{to_{number}:Int64}}, 'UTC') AND {of_lines}\nGROUP BY stream"
            )
    union = "\nUNION ALL\n".join(parts)
    rows = engine.query_arrow(
        f"SELECT stream, sum(n) AS n, sum(size) AS size\nFROM (\n{union}\n)\nGROUP BY stream", params, budget
    )
    if not rows.num_rows:
        return ()
    found = dict(
        zip(
            rows.column("stream").to_pylist(),
            zip(rows.column("n").to_pylist(), rows.column("size").to_pylist(), strict=True),
            strict=True,
        )
    )
    return tuple(StreamVolume(stream, *found[stream.id]) for stream in streams if stream.id in found)
