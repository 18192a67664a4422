"""Patterns of log lines at rest: a few rows a minute, written past the writer because nobody waits for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa

from hannun.model.budget import Budget
from hannun.model.log import SEVERITIES, LogStream, PatternSeries
from hannun.model.matcher import Matchers
from hannun.model.pattern import PatternCount, PatternSeen, PatternText
from hannun.store.engine.port import Engine

TEXTS = "log_pattern_texts__local"
COUNTS = "log_pattern_counts__local"
RETAINED = (COUNTS,)
TEXTS_MAX = 100_000
SERIES_MAX = 300
Streams = Callable[[Sequence[Matchers], int, int, Budget], tuple[LogStream, ...]]


class PatternStore:
    """`PatternSink`, `PatternReader` and Loki's `LogPatterns`. `streams` is the log reader's."""

    def __init__(self, engine: Engine, streams: Streams, *, admit: Callable[[], None] = lambda: None) -> None:
        self._engine = engine
        self._streams = streams
        self._admit = admit
        rows = engine.query_rows("SELECT max(version) FROM log_pattern_texts")
        self._version = int(rows[0][0])

    def load(self) -> list[PatternText]:
        rows = self._engine.query_rows(
            "SELECT pattern, service, text, first_ms FROM log_pattern_texts FINAL\n"
            "ORDER BY first_ms LIMIT {most:UInt32}",
            {"most": TEXTS_MAX},
        )
        return [PatternText(int(pattern), service, text, int(first_ms)) for pattern, service, text, first_ms in rows]

    def add(self, texts: Sequence[PatternText], counts: Sequence[PatternCount]) -> None:
        self._admit()
        if texts:
            self._version += 1
            self._engine.insert_arrow(
                TEXTS,
                pa.table(
                    {
                        "pattern": np.array([one.id for one in texts], np.uint64),
                        "service": [one.service for one in texts],
                        "text": [one.text.encode("utf-8", "replace").decode() for one in texts],
                        "first_ms": np.array([one.first_ms for one in texts], np.int64),
                        "version": np.full(len(texts), self._version, np.uint64),
                    }
                ),
            )
        if counts:
            self._engine.insert_arrow(
                COUNTS,
                pa.table(
                    {
                        "minute": pa.array(
                            np.array([one.minute_s for one in counts], np.int64), pa.timestamp("s", "UTC")
                        ),
                        "stream": np.array([one.stream for one in counts], np.uint64),
                        "pattern": np.array([one.pattern for one in counts], np.uint64),
                        "severity": np.array([one.severity for one in counts], np.uint8),
                        "lines": np.array([one.lines for one in counts], np.uint64),
                    }
                ),
            )

    def seen(
        self, streams: Sequence[int], start_ms: int, end_ms: int, step_ms: int, limit: int, budget: Budget
    ) -> tuple[PatternSeen, ...]:
        step_s = max(60, step_ms // 1000 // 60 * 60)
        start_s, end_s = start_ms // 1000 // 60 * 60, -(-end_ms // 60_000) * 60
        steps = max(1, -(-(end_s - start_s) // step_s))
        rows = self._engine.query_rows(
            "SELECT c.pattern, any(t.text), c.severity, groupUniqArray(t.service), sumIf(c.lines, c.at >= 0),"
            " sumIf(c.lines, c.at < 0), any(t.first_ms), max(c.last),"
            " sumMapIf([c.at], [c.lines], c.at >= 0)\n"
            "FROM (\n"
            "  SELECT pattern, severity, sum(lines) AS lines, max(toUnixTimestamp(minute)) AS last,\n"
            "    toInt32(floor((toUnixTimestamp(minute) - {start:Int64}) / {step:Int64})) AS at\n"
            "  FROM log_pattern_counts\n"
            "  WHERE stream IN {streams:Array(UInt64)} AND minute >= toDateTime({before:Int64}, 'UTC')"
            " AND minute < toDateTime({end:Int64}, 'UTC')\n"
            "  GROUP BY pattern, severity, at\n"
            ") AS c GLOBAL INNER JOIN (SELECT pattern, service, text, first_ms FROM log_pattern_texts FINAL) AS t"
            " ON c.pattern = t.pattern\n"
            "GROUP BY c.pattern, c.severity\n"
            "HAVING sumIf(c.lines, c.at >= 0) > 0\n"
            "ORDER BY c.severity >= 5 DESC, sumIf(c.lines, c.at >= 0) DESC\n"
            "LIMIT {limit:UInt32}",
            {
                "streams": list(streams),
                "start": start_s,
                "before": max(0, 2 * start_s - end_s),
                "end": end_s,
                "step": step_s,
                "limit": limit,
            },
            budget,
        )
        return tuple(
            PatternSeen(
                id=int(pattern),
                text=text,
                severity=int(severity),
                services=tuple(sorted(services)),
                lines=int(lines),
                before=int(before),
                first_ms=int(first_ms),
                last_ms=int(last_s) * 1000,
                counts=_counts(by_step, steps),
            )
            for pattern, text, severity, services, lines, before, first_ms, last_s, by_step in rows
        )

    def patterns(
        self, selector: Matchers, start_ns: int, end_ns: int, step_ns: int, budget: Budget
    ) -> Sequence[PatternSeries]:
        streams = [stream.id for stream in self._streams([selector], start_ns, end_ns, budget)]
        start_ms, end_ms, step_ms = start_ns // 10**6, end_ns // 10**6, step_ns // 10**6
        step_s = max(60, step_ms // 1000 // 60 * 60)
        first_ns = start_ms // 1000 // 60 * 60 * 10**9
        return [
            PatternSeries(
                one.text,
                tuple((first_ns + at * step_s * 10**9, lines) for at, lines in enumerate(one.counts) if lines),
                SEVERITIES[one.severity],
            )
            for one in self.seen(streams, start_ms, end_ms, step_ms, SERIES_MAX, budget)
        ]


def _counts(by_step: tuple[Sequence[int], Sequence[int]], steps: int) -> tuple[int, ...]:
    counts = [0] * steps
    for at, lines in zip(by_step[0], by_step[1], strict=True):
        if 0 <= int(at) < steps:
            counts[int(at)] = int(lines)
    return tuple(counts)
