"""The last steps of every receiver of log lines: names, limits, what is read out of the lines; then write and count.

As Loki does, the good lines of a push are stored and the answer tells of the bad ones. Lines may come in any order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hannun.model.errors import DiskFull, HannunError, OutOfBounds, Overloaded, StoreUnavailable
from hannun.model.log import Attributes, LogBatch, LogSink, NewStream
from hannun.model.time import Clock, SystemClock
from hannun.observe.outcomes import Outcome, Outcomes
from hannun.process.identity import of_stream
from hannun.process.logs import examine, names, tidy
from hannun.process.logs.metadata import taken as texts_at
from hannun.receive.log_checks import Checks, LeftOut
from hannun.receive.log_limits import LogLimits
from hannun.receive.log_streams import Resolved, Streams
from hannun.wire.loki.columns import NS_MAX, PushColumns

SIGNAL = "logs"
_REFUSED_FOR_NOW: dict[type[HannunError], str] = {
    Overloaded: "refused for now: queue full",
    DiskFull: "refused for now: disk reserve reached",
    StoreUnavailable: "refused for now: store unavailable",
}


@dataclass(frozen=True, slots=True)
class Prepared:
    """A push on its way into the store. `good` bool[n]: which lines of the push are in the batch.

    `cut` and `mended` count lines that were changed, `size_bytes` is the weight of the batch.
    """

    batch: LogBatch
    left_out: LeftOut
    good: NDArray[np.bool_]
    cut: int = 0
    mended: int = 0
    size_bytes: int = 0


class LogIntake:
    """Shared by all receivers of lines, so that limits hold over all of them together."""

    def __init__(
        self, sink: LogSink, outcomes: Outcomes, limits: LogLimits | None = None, *, clock: Clock | None = None
    ) -> None:
        self._sink = sink
        self.outcomes = outcomes
        self.clock = clock or SystemClock()
        self.limit(limits or LogLimits())

    @property
    def limits(self) -> LogLimits:
        return self._limits

    def limit(self, limits: LogLimits) -> None:
        """Other limits from now on (a reload)."""
        self._limits = limits
        self._streams = Streams(limits)
        self._fields = names(limits.level_fields)
        self._checks = Checks(limits, self._streams, self._sink.bounds_ns, self.clock)

    def prepare(self, columns: PushColumns) -> Prepared:
        """The batch that is to be stored, and what is left out. Takes 3 to 4 ns a byte: large pushes in a thread."""
        resolver, checks, limits, fields = self._streams, self._checks, self._limits, self._fields
        streams = resolver.resolve(columns)
        rows = np.repeat(np.arange(len(columns.counts), dtype=np.int64), columns.counts)
        good, left_out = checks.run(columns, streams, rows)
        lines, ts_ns, chosen = columns.lines, columns.ts_ns, None
        if not good.all():
            chosen = np.flatnonzero(good)
            rows, lines, ts_ns = rows[chosen], lines[chosen], ts_ns[chosen]
        tidied = tidy(columns.text, lines, limits.line_bytes_max)
        found = examine(tidied.column, _attributes(columns, chosen), streams.severity[rows], fields)
        batch = LogBatch(
            stream=streams.ids[rows],
            ts_ns=ts_ns,
            severity=found.severity,
            body=tidied.column,
            said=found.said,
            attributes=found.attributes,
            trace_id=found.trace_id,
            span_id=found.span_id,
            introduced=self._introduced(resolver, columns, streams, rows),
        )
        # Weighing many new label sets takes a while too, so it is done here and not on the event loop.
        return Prepared(batch, left_out, good, tidied.cut, tidied.mended, batch.size_bytes)

    async def store(self, prepared: Prepared, key: str = "") -> None:
        """Returns when all lines are durable. Raises OutOfBounds, Overloaded, DiskFull, StoreUnavailable.

        `key` is whom outcomes are counted for (a token's name). What was left out is counted in any case.
        """
        self.count_left_out(prepared, key)
        await self.write(prepared, key)

    def count_left_out(self, prepared: Prepared, key: str = "") -> None:
        for (outcome, reason), lines in prepared.left_out.counts.items():
            self.outcomes.count(SIGNAL, outcome, lines, reason=reason, key=key)

    async def write(self, prepared: Prepared, key: str = "", *, again: bool = False) -> None:
        """`store` without counting what was left out. `again`: the caller comes back after a refusal that passes by."""
        count = self.outcomes.count
        lines = len(prepared.batch)
        if not lines:
            return
        try:
            await self._sink.write(prepared.batch)
        except (Overloaded, DiskFull, StoreUnavailable) as err:
            if not again:
                why = next(words for kind, words in _REFUSED_FOR_NOW.items() if isinstance(err, kind))
                count(SIGNAL, Outcome.LIMITED, lines, reason=why, key=key)
            raise
        except OutOfBounds:
            # Only when the clock moved between looking and writing: lines out of bounds were sorted out before.
            count(SIGNAL, Outcome.INVALID, lines, reason="timestamp out of bounds", key=key)
            raise
        count(SIGNAL, Outcome.ACCEPTED, lines, key=key)

    def _introduced(
        self, resolver: Streams, columns: PushColumns, streams: Resolved, rows: NDArray[np.int64]
    ) -> tuple[NewStream, ...]:
        """Those that the sink must be told, of the rows that still have lines."""
        used = np.unique(rows)
        if not len(used):
            return ()
        introduced: dict[int, NewStream] = {}
        for index in used[self._sink.unknown(streams.ids[used])].tolist():
            stream = int(streams.ids[index])
            if stream not in introduced:
                labels = resolver.labels(columns.pairs_of(index))
                introduced[stream] = NewStream(stream, labels, of_stream(labels))
        return tuple(introduced.values())


def _attributes(columns: PushColumns, chosen: NDArray[np.int64] | None) -> Attributes | None:
    """The metadata of the chosen lines (None: all)."""
    if columns.pairs is None or columns.pair_offsets is None or not len(columns.pairs):
        return None
    keys = tidy(columns.text, np.ascontiguousarray(columns.pairs[:, :2]), NS_MAX).column
    values = tidy(columns.text, np.ascontiguousarray(columns.pairs[:, 2:]), NS_MAX).column
    offsets = columns.pair_offsets
    if chosen is None:
        return Attributes(offsets, keys, values)
    counts = np.diff(offsets)[chosen]
    kept = np.zeros(len(chosen) + 1, dtype=np.int64)
    np.cumsum(counts, out=kept[1:])
    wanted = np.repeat(offsets[:-1][chosen] - kept[:-1], counts) + np.arange(kept[-1])
    return Attributes(kept, texts_at(keys, wanted), texts_at(values, wanted)) if len(wanted) else None
