"""Which lines of a push are taken: times, lengths, metadata, rates, in the words of Loki's distributor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from hannun.model.time import Clock
from hannun.observe.outcomes import Outcome
from hannun.receive.log_limits import LogLimits
from hannun.receive.log_rates import Rates, size_text
from hannun.receive.log_streams import WORDS, Refusal, Resolved, Streams, shown
from hannun.wire.loki.columns import NS_MAX, PushColumns

NS_PER_MS = 1_000_000
_BY_LIMIT = (Refusal.TOO_MANY, Refusal.LONG_NAME, Refusal.LONG_VALUE)
_ASK = "or contact your Loki administrator to increase it"
Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(slots=True)
class LeftOut:
    """What of a push was refused: lines per (outcome, reason), and the last message in Loki's words with its status."""

    counts: Counter[tuple[Outcome, str]] = field(default_factory=Counter)
    message: str = ""
    status: int = 400

    def add(self, outcome: Outcome, reason: str, lines: int, message: str, status: int = 400) -> None:
        self.counts[outcome, reason] += lines
        self.message, self.status = message, status


@dataclass(frozen=True, slots=True, eq=False)
class _Push:
    """`good` bool[n] is narrowed by every check; `rows` int64[n] names the stream of each line."""

    columns: PushColumns
    streams: Resolved
    rows: Rows
    good: Mask
    left_out: LeftOut


class Checks:
    """The limits of one configuration and what they remember. Safe to use from several threads."""

    def __init__(
        self, limits: LogLimits, streams: Streams, bounds_ns: Callable[[], tuple[int, int]], clock: Clock
    ) -> None:
        self._limits = limits
        self._streams = streams
        self._bounds_ns = bounds_ns
        self._clock = clock
        self._rates = Rates(limits.rate_bytes_s, limits.burst_bytes, clock)
        self._stream_rates = Rates(limits.stream_rate_bytes_s, limits.stream_burst_bytes, clock)
        self._active: set[int] = set()

    def run(self, columns: PushColumns, streams: Resolved, rows: Rows) -> tuple[Mask, LeftOut]:
        """Which lines are taken, bool[n]."""
        push = _Push(columns, streams, rows, streams.taken[rows], LeftOut())
        self._check_streams(push)
        self._check_times(push)
        self._check_lengths(push)
        self._check_metadata(push)
        self._check_active(push)
        self._check_rates(push)
        return push.good, push.left_out

    def _check_streams(self, push: _Push) -> None:
        streams, counts = push.streams, push.columns.counts
        if streams.taken.all():
            return
        for state in np.unique(streams.states[~streams.taken]).tolist():
            refusal = Refusal(state)
            of = np.flatnonzero(streams.states == state)
            outcome = Outcome.LIMITED if refusal in _BY_LIMIT else Outcome.INVALID
            # A stream without lines is still something that was sent and is not there.
            lines = max(int(counts[of].sum()), len(of))
            push.left_out.add(outcome, WORDS[refusal], lines, self._streams.why(push.columns, int(of[-1])))

    def _check_times(self, push: _Push) -> None:
        limits, ts_ns = self._limits, push.columns.ts_ns
        oldest, newest = self._bounds_ns()
        now_ns = self._clock.now_ms() * NS_PER_MS
        if limits.oldest_ms:
            oldest = max(oldest, now_ns - limits.oldest_ms * NS_PER_MS)
        if limits.newest_ms:
            newest = min(newest, now_ns + limits.newest_ms * NS_PER_MS)
        oldest, newest = max(oldest, -NS_MAX), min(newest, NS_MAX - 1)
        self._drop(
            push,
            ts_ns < oldest,
            "timestamp too old",
            lambda line, stream: (
                f"entry for stream '{stream}' has timestamp too old: {_rfc3339(int(ts_ns[line]))}, "
                f"oldest acceptable timestamp is: {_rfc3339(oldest)}"
            ),
            outcome=Outcome.INVALID,
        )
        self._drop(
            push,
            ts_ns > newest,
            "timestamp too new",
            lambda line, stream: f"entry for stream '{stream}' has timestamp too new: {_rfc3339(int(ts_ns[line]))}",
            outcome=Outcome.INVALID,
        )

    def _check_lengths(self, push: _Push) -> None:
        most = self._limits.line_bytes_max
        if self._limits.cut_lines:
            return
        lengths = push.columns.lines[:, 1] - push.columns.lines[:, 0]
        self._drop(
            push,
            lengths > most,
            "line too long",
            lambda line, stream: (
                f"max entry size '{most}' bytes exceeded for stream '{stream}' while adding an entry with length "
                f"'{lengths[line]}' bytes"
            ),
        )

    def _check_metadata(self, push: _Push) -> None:
        pairs, offsets, limits = push.columns.pairs, push.columns.pair_offsets, self._limits
        if pairs is None or offsets is None:
            return
        counts = np.diff(offsets)
        if not limits.take_metadata:
            self._drop(
                push,
                counts > 0,
                "structured metadata is not allowed",
                lambda _, stream: (
                    f"stream '{stream}' includes structured metadata, but this feature is disallowed. Please see "
                    "`limits_config.allow_structured_metadata` or contact your Loki administrator to enable it"
                ),
            )
            return
        widths = (pairs[:, 1] - pairs[:, 0]) + (pairs[:, 3] - pairs[:, 2])
        running = np.concatenate(([0], np.cumsum(widths)))
        sizes = running[offsets[1:]] - running[offsets[:-1]]
        self._drop(
            push,
            sizes > limits.metadata_bytes_max,
            "structured metadata too large",
            lambda line, stream: (
                f"stream '{stream}' has structured metadata too large: '{sizes[line]}' bytes, limit: "
                f"'{limits.metadata_bytes_max}' bytes. Please see `limits_config.max_structured_metadata_size` {_ASK}"
            ),
        )
        self._drop(
            push,
            counts > limits.metadata_pairs_max,
            "too much structured metadata",
            lambda line, stream: (
                f"stream '{stream}' has too many structured metadata labels: '{counts[line]}', limit: "
                f"'{limits.metadata_pairs_max}'. Please see "
                f"`limits_config.max_structured_metadata_entries_count` {_ASK}"
            ),
        )

    def _check_active(self, push: _Push) -> None:
        most = self._limits.streams_max
        if not most:
            return
        beyond = np.zeros(len(push.streams.ids), dtype=np.bool_)
        for index in np.flatnonzero(push.streams.taken).tolist():
            stream = int(push.streams.ids[index])
            if stream in self._active or len(self._active) < most:
                self._active.add(stream)
            else:
                beyond[index] = True
        self._drop(
            push,
            beyond[push.rows],
            "too many active streams",
            lambda _, stream: (
                f"maximum active stream limit exceeded when trying to create stream {stream}, reduce the number of "
                "active streams (reduce labels or reduce label values), or contact your Loki administrator to see if "
                f"the limit can be increased, user: '{self._limits.tenant}'"
            ),
            status=429,
        )

    def _check_rates(self, push: _Push) -> None:
        if not (self._rates.on or self._stream_rates.on):
            return
        limits, good, streams = self._limits, push.good, push.streams
        sizes = np.where(good, push.columns.lines[:, 1] - push.columns.lines[:, 0], 0)
        total, lines = int(sizes.sum()), int(np.count_nonzero(good))
        if not self._rates.take(0, total):
            self._drop(
                push,
                np.ones(len(good), dtype=np.bool_),
                "ingestion rate limit",
                lambda _line, _stream: (
                    f"ingestion rate limit exceeded for user {limits.tenant} (limit: {int(limits.rate_bytes_s)} "
                    f"bytes/sec) while attempting to ingest '{lines}' lines totaling '{total}' bytes, reduce log "
                    "volume or contact your Loki administrator to see if the limit can be increased"
                ),
                status=429,
            )
            return
        if not self._stream_rates.on:
            return
        per_row = np.bincount(push.rows, weights=sizes, minlength=len(push.columns.counts))
        beyond = np.array(
            [
                bool(taken) and not self._stream_rates.take(int(stream), float(size))
                for stream, size, taken in zip(streams.ids, per_row, streams.taken, strict=True)
            ],
            dtype=np.bool_,
        )
        self._drop(
            push,
            beyond[push.rows],
            "per stream rate limit",
            lambda line, stream: (
                f"Per stream rate limit exceeded (limit: {size_text(limits.stream_rate_bytes_s)}/sec) while attempting "
                f"to ingest for stream '{stream}' totaling {size_text(per_row[push.rows[line]])}, consider splitting "
                "a stream via additional labels or contact your Loki administrator to see if the limit can be increased"
            ),
            status=429,
        )

    def _drop(
        self,
        push: _Push,
        bad: Mask,
        reason: str,
        say: Callable[[int, str], str],
        *,
        outcome: Outcome = Outcome.LIMITED,
        status: int = 400,
    ) -> None:
        """Take `bad` lines out of `good`; `say` makes the message out of the last one's position and its stream."""
        where = np.flatnonzero(bad & push.good)
        if not len(where):
            return
        push.good[where] = False
        line = int(where[-1])
        stream = shown(self._streams.labels(push.columns.pairs_of(int(push.rows[line]))))
        push.left_out.add(outcome, reason, len(where), say(line, stream), status)


def _rfc3339(ts_ns: int) -> str:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=ts_ns // 1_000_000_000)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
