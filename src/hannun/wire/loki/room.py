"""The arrays that a scan fills, and how they grow. Uninitialised: only what was filled is ever read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from hannun.wire.loki import scan
from hannun.wire.loki.columns import Bytes, Pairs, PushColumns
from hannun.wire.loki.limits import PushLimits

# First guesses of how many entries `bytes / this` a body holds; a wrong one costs a second scan with more room.
_BYTES_PER_STREAM, _BYTES_PER_LINE, _PAIR_ROOM = 4_096, 100, 64


class Room:
    def __init__(self, limits: PushLimits, body_bytes: int) -> None:
        self._limits = limits
        self._streams = min(body_bytes // _BYTES_PER_STREAM + 16, limits.streams_max)
        self._lines = min(body_bytes // _BYTES_PER_LINE + 16, limits.lines_max)
        self._pairs = min(_PAIR_ROOM, limits.pairs_max)
        self._make()

    def _make(self) -> None:
        self.keys = np.empty((self._streams, 2), dtype=np.uint64)
        self.labels = np.empty((self._streams, 2), dtype=np.int64)
        self.counts = np.empty(self._streams, dtype=np.int64)
        self.ts_ns = np.empty(self._lines, dtype=np.int64)
        self.lines = np.empty((self._lines, 2), dtype=np.int64)
        self.pairs = np.empty((self._pairs, 4), dtype=np.int64)
        self.pair_offsets = np.zeros(self._lines + 1, dtype=np.int64)
        self.tally = np.zeros(scan.TALLY_SLOTS, dtype=np.int64)

    def arrays(self) -> tuple[Any, ...]:
        """In the order in which the scans take them."""
        return (
            self.keys,
            self.labels,
            self.counts,
            self.ts_ns,
            self.lines,
            self.pairs,
            self.pair_offsets[1:],
            self.tally,
        )

    def grow(self, status: int) -> None:
        """More of what `status` says is missing. Raises TooLarge at the limit."""
        most = self._limits
        match status:
            case scan.MORE_STREAMS:
                most.check_streams(self._streams + 1)
                self._streams = min(4 * self._streams, most.streams_max)
            case scan.MORE_LINES:
                most.check_lines(self._lines + 1)
                self._lines = min(4 * self._lines, most.lines_max)
            case _:
                most.check_pairs(self._pairs + 1)
                # The first line with metadata says that all of them have some.
                self._pairs = min(max(16 * self._pairs, self._lines), most.pairs_max)
        self._make()

    def filled(self, text: Bytes, pairs_of: Callable[[int], Pairs]) -> PushColumns:
        streams, lines, pairs = self.tally[:3].tolist()
        return PushColumns(
            text=text,
            keys=self.keys[:streams],
            counts=self.counts[:streams],
            ts_ns=self.ts_ns[:lines],
            lines=self.lines[:lines],
            pairs_of=pairs_of,
            pairs=self.pairs[:pairs] if pairs else None,
            pair_offsets=self.pair_offsets[: lines + 1] if pairs else None,
        )
