"""The arrays that the scan fills, and how they grow. Uninitialised: only what was filled is ever read."""

from __future__ import annotations

import numpy as np

from hannun.wire.elasticsearch import scan
from hannun.wire.loki.columns import Bytes
from hannun.wire.loki.limits import PushLimits

# First guesses of how many entries `bytes / this` a body holds; a wrong one costs another scan with more room.
_BYTES_PER_DOCUMENT, _BYTES_PER_PAIR = 200, 40
_FIRST_ACTIONS, _SLACK = 64, 64 << 10


class Room:
    def __init__(self, body: Bytes, limits: PushLimits) -> None:
        self._limits = limits
        self._documents = min(len(body) // _BYTES_PER_DOCUMENT + 16, limits.lines_max)
        self._pairs = min(len(body) // _BYTES_PER_PAIR + 16, limits.pairs_max)
        self._actions = _FIRST_ACTIONS
        self._written = len(body) + len(body) // 4 + _SLACK
        self._make()

    def _make(self) -> None:
        self.text = np.empty(self._written, dtype=np.uint8)
        self.actions = np.empty((self._actions, 2), dtype=np.int64)
        # Zeros, because odd documents have no message and labels to fill in.
        self.documents = np.zeros((self._documents, scan.DOCUMENT_SLOTS), dtype=np.int64)
        self.odd = np.empty(self._documents, dtype=np.bool_)
        self.times = np.empty(self._documents, dtype=np.int64)
        self.keys = np.empty((self._documents, 2), dtype=np.uint64)
        self.pairs = np.empty((self._pairs, 4), dtype=np.int64)
        self.ends = np.empty(self._documents, dtype=np.int64)
        self.tally = np.zeros(scan.TALLY_SLOTS, dtype=np.int64)

    def scan(self, body: Bytes, seed: np.uint64, now_ns: int) -> int:
        return int(
            scan.scan(
                body, seed, np.int64(now_ns), self.text, self.actions, self.documents, self.odd, self.times, self.keys,
                self.pairs, self.ends, self.tally,
            )
        )  # fmt: skip

    def grow(self, status: int) -> None:
        """More of what `status` says is missing. Raises TooLarge at the limit."""
        match status:
            case scan.MORE_DOCUMENTS:
                self._limits.check_lines(self._documents + 1)
                self._documents = min(4 * self._documents, self._limits.lines_max)
            case scan.MORE_PAIRS:
                self._limits.check_pairs(self._pairs + 1)
                self._pairs = min(4 * self._pairs, self._limits.pairs_max)
            case scan.MORE_ACTIONS:
                # The second action says that every document has one of its own.
                self._actions = max(16 * self._actions, self._documents)
            case _:
                self._written *= 2
        self._make()


def scanned(body: Bytes, seed: np.uint64, now_ns: int, limits: PushLimits) -> Room | None:
    """The filled arrays; None where only the plain decoder knows what to do or to say. Raises TooLarge."""
    room = Room(body, limits)
    while (status := room.scan(body, seed, now_ns)) != scan.OK:
        if status not in scan.MORE:
            return None
        room.grow(status)
    return room if room.tally[scan.DOCUMENTS] else None
