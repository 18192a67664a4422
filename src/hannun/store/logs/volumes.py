"""Lines and bytes per stream of a range: whole minutes from memory, the edges counted in the lines.

Minute `m` holds the times `(m * 60 s, (m + 1) * 60 s]`, left-open as the buckets of the roll-up, so a range from just
after a full minute until just after another reads nothing. Hours come from the roll-up when they are asked for first
(6 ms for two hours of 26 streams) and follow each commit from then on; what does not fit is asked for each time.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa

from hannun.model.budget import Budget
from hannun.model.errors import QueryTimeout
from hannun.model.log import LogStream, StreamVolume
from hannun.model.metric import Ids, Ints
from hannun.store.engine.port import Engine
from hannun.store.logs.minutes import MINUTE_NS, Counts, HourCounts, grouped, minutes_of, summed
from hannun.store.logs.seen import Positions

ROWS_MAX = 1_000_000
"""Counts in memory: a stream's minute each, 26 bytes."""
HOURS_MAX = 24 * 92
"""Of a longer range the engine's own sum is as quick."""
LOAD_S_MAX = 1.0
"""Commits wait for a load, and a load for a commit: no longer than this."""

_WHOLE = (
    "FROM logs__local\n"
    "WHERE toStartOfHour(ts) BETWEEN toDateTime({from:UInt32}, 'UTC') AND toDateTime({to:UInt32}, 'UTC')\n"
    "  AND toUInt32(intDiv(toUnixTimestamp64Nano(ts) - 1, 15000000000)) BETWEEN {first:UInt32} AND {last:UInt32}\n"
)
_BY_STREAM = f"SELECT stream, count() AS lines, sum(size) AS bytes\n{_WHOLE}GROUP BY stream"
_BY_MINUTE = (
    "SELECT stream, intDiv(toUInt32(intDiv(toUnixTimestamp64Nano(ts) - 1, 15000000000)), 4) AS minute,\n"
    f"  count() AS lines, sum(size) AS bytes\n{_WHOLE}GROUP BY stream, minute\nLIMIT {ROWS_MAX + 1}"
)
_EDGES = "SELECT stream, count() AS lines, sum(size) AS bytes\nFROM logs__local\nWHERE {spans}\nGROUP BY stream"
_SPAN = (
    "ts >= fromUnixTimestamp64Nano({{from_{n}:Int64}}, 'UTC') AND ts < fromUnixTimestamp64Nano({{to_{n}:Int64}}, 'UTC')"
)


class Volumes:
    """Thread-safe. `commits` is held by whoever stores lines, so that no line is counted twice or never."""

    def __init__(self, engine: Engine, commits: threading.Lock) -> None:
        self._engine = engine
        self._commits = commits
        self._lock = threading.Lock()
        self._hours: OrderedDict[int, HourCounts] = OrderedDict()
        self._rows = 0
        self._too_many = 1 << 62

    def stored(self, streams: Ids, positions: Positions, ts_ns: Ints, sizes: Ints) -> None:
        """Lines were stored; by whom holds `commits`. Costs nothing while nobody asks."""
        if not self._hours or not len(ts_ns):
            return
        minutes = minutes_of(ts_ns)
        first, last = int(minutes.min()) // 60, int(minutes.max()) // 60
        with self._lock:
            for hour in [one for one in self._hours if first <= one <= last]:
                at = slice(None) if first == last else np.flatnonzero(minutes // 60 == hour)
                before = len(self._hours[hour])
                self._hours[hour].add(grouped(streams[at], positions[at], minutes[at] - 60 * hour, sizes[at]))
                self._rows += len(self._hours[hour]) - before
            self._evict()

    def forget(self) -> None:
        """After lines were deleted, and when nobody knows whether some were stored. By whom holds `commits`."""
        with self._lock:
            self._hours.clear()
            self._rows, self._too_many = 0, 1 << 62

    def read(
        self, streams: Sequence[LogStream], days: Iterable[int], start_ns: int, end_ns: int, budget: Budget
    ) -> tuple[StreamVolume, ...]:
        """Of those streams that have any lines in `[start, end)`, in their order. `days` (since 1970) have lines."""
        start_ns = max(start_ns, 0)
        if not streams or start_ns >= end_ns:
            return ()
        first, end = max(-(-(start_ns - 1) // MINUTE_NS), 0), (end_ns - 1) // MINUTE_NS
        spans = [(start_ns, end_ns)]
        found: list[Counts] = []
        if first < end:
            spans = [(start_ns, first * MINUTE_NS + 1), (end * MINUTE_NS + 1, end_ns)]
            if first == 0:
                spans[0] = (0, 0)  # the first minute of all holds its own first moment
            found = self._whole_minutes(_hours_of(days, first, end), first, end, budget)
        wanted = [(a, b) for a, b in spans if a < b]
        if wanted:
            found.append(self._edges(wanted, budget))
        lines, size = summed(found, np.array([stream.id for stream in streams], np.uint64))
        return tuple(StreamVolume(streams[i], int(lines[i]), int(size[i])) for i in np.flatnonzero(lines).tolist())

    def _whole_minutes(self, hours: list[int], first: int, end: int, budget: Budget) -> list[Counts]:
        if not hours:
            return []
        if len(hours) <= HOURS_MAX:
            held = self._held(hours, first, end)
            if held is None and self._load(hours):
                held = self._held(hours, first, end)
            if held is not None:
                return held
        span = {"from": first // 60 * 3600, "to": -(-end // 60) * 3600, "first": 4 * first, "last": 4 * end - 1}
        return [_counts(self._engine.query_arrow(_BY_STREAM, span, budget))]

    def _held(self, hours: list[int], first: int, end: int) -> list[Counts] | None:
        """None when an hour is not in memory."""
        with self._lock:
            if any(hour not in self._hours for hour in hours):
                return None
            for hour in hours:
                self._hours.move_to_end(hour)
            return [self._hours[hour].between(first - 60 * hour, end - 60 * hour) for hour in hours]

    def _load(self, hours: list[int]) -> bool:
        """Whether these hours are in memory now."""
        if len(self._missing(hours)) >= self._too_many or not self._commits.acquire(timeout=LOAD_S_MAX):
            return False
        missing = self._missing(hours)
        try:
            if not missing:
                return True  # another question has read them meanwhile
            first, last = missing[0], missing[-1]
            span = {"from": first * 3600, "to": (last + 1) * 3600, "first": 240 * first, "last": 240 * last + 239}
            rows = self._engine.query_arrow(_BY_MINUTE, span, Budget(timeout_s=LOAD_S_MAX))
            if rows.num_rows > ROWS_MAX:
                self._too_many = len(missing)
                return False
            self._take(missing, rows)
        except QueryTimeout:
            self._too_many = len(missing)
            return False
        finally:
            self._commits.release()
        return True

    def _missing(self, hours: list[int]) -> list[int]:
        with self._lock:
            return [hour for hour in hours if hour not in self._hours]

    def _take(self, hours: list[int], rows: pa.Table) -> None:
        counts = _counts(rows)
        minute = rows.column("minute").to_numpy().astype(np.int64) if rows.num_rows else np.empty(0, np.int64)
        order = np.argsort(minute, kind="stable")
        minute, counts = minute[order], counts.at(order)
        with self._lock:
            for hour in hours:
                part = slice(*np.searchsorted(minute, [60 * hour, 60 * hour + 60]).tolist())
                self._hours[hour] = HourCounts(counts.at(part).of_minutes(minute[part] - 60 * hour))
                self._rows += part.stop - part.start
            self._evict(keep=len(hours))

    def _evict(self, keep: int = 0) -> None:
        """Under the lock. What was not asked for longest goes, and never all that was just read."""
        while self._rows > ROWS_MAX and len(self._hours) > keep:
            self._rows -= len(self._hours.popitem(last=False)[1])

    def _edges(self, spans: Sequence[tuple[int, int]], budget: Budget) -> Counts:
        sql = _EDGES.replace("{spans}", "\n  OR ".join(f"({_SPAN.format(n=n)})" for n in range(len(spans))))
        params = {
            f"{side}_{n}": ns for n, span in enumerate(spans) for side, ns in zip(("from", "to"), span, strict=True)
        }
        return _counts(self._engine.query_arrow(sql, params, budget))


def _hours_of(days: Iterable[int], first: int, end: int) -> list[int]:
    """The hours of the minutes `[first, end)` that may have lines; midnight itself is of the day before."""
    candidates = {hour for day in days for hour in range(24 * day - 1, 24 * day + 24)}
    return sorted(hour for hour in candidates if first // 60 <= hour <= (end - 1) // 60)


def _counts(rows: pa.Table) -> Counts:
    if not rows.num_rows:
        return Counts.none()
    lines, size = rows.column("lines").to_numpy().astype(np.int64), rows.column("bytes").to_numpy().astype(np.int64)
    return Counts(rows.column("stream").to_numpy(), np.zeros(len(lines), np.uint8), lines, size)
