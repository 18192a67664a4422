"""The arrays that the scan fills, and how they grow. Uninitialised: only what was filled is ever read."""

from __future__ import annotations

import numpy as np

from hannun.wire.loki.limits import PushLimits
from hannun.wire.otlp_logs import scan
from hannun.wire.otlp_logs.written import STATIC

GROUPS_MAX = 200_000
"""A body of more resources and scopes is for the plain decoder, which needs no table of them."""
# First guesses of how many entries `bytes / this` a body holds; a wrong one costs another scan with more room.
_BYTES_PER_GROUP, _BYTES_PER_LINE, _BYTES_PER_PAIR, _BYTES_PER_ODD, _BYTES_PER_WRITTEN = 2_048, 150, 40, 400, 3
_SLACK = 4_096


class Room:
    def __init__(self, body: bytes, limits: PushLimits) -> None:
        size = len(body)
        self._body = body
        self._limits = limits
        self._groups = size // _BYTES_PER_GROUP + 16
        self._lines = min(size // _BYTES_PER_LINE + 16, limits.lines_max)
        self._pairs = min(size // _BYTES_PER_PAIR + 16, limits.pairs_max)
        self._odd = size // _BYTES_PER_ODD + 16
        self._written = size // _BYTES_PER_WRITTEN + _SLACK
        self._make()

    def _make(self) -> None:
        total, static = len(self._body), len(STATIC)
        self.text = np.empty(total + static + self._written, dtype=np.uint8)
        self.text[:total] = np.frombuffer(self._body, dtype=np.uint8)
        self.text[total : total + static] = STATIC
        self.groups = np.empty((self._groups, scan.GROUP_SLOTS), dtype=np.int64)
        self.times = np.empty(self._lines, dtype=np.uint64)
        self.lines = np.zeros((self._lines, 2), dtype=np.int64)
        # A record may write a few pairs at once: the scan asks for room for all of them.
        self.pairs = np.empty((self._pairs + scan.PAIRS_AT_ONCE, 4), dtype=np.int64)
        self.ends = np.empty(self._lines, dtype=np.int64)
        self.values = np.empty((self._odd, 3), dtype=np.int64)
        self.records = np.empty((self._odd, 3), dtype=np.int64)
        self.tally = np.zeros(scan.TALLY_SLOTS, dtype=np.int64)

    def scan(self) -> int:
        return int(
            scan.scan(
                self.text, np.int64(len(self._body)), self.groups, self.times, self.lines, self.pairs, self.ends,
                self.values, self.records, self.tally,
            )
        )  # fmt: skip

    def grow(self, status: int) -> None:
        """More of what `status` says is missing. Raises TooLarge at the limit."""
        match status:
            case scan.MORE_GROUPS:
                self._groups *= 4
            case scan.MORE_LINES:
                self._limits.check_lines(self._lines + 1)
                self._lines = min(4 * self._lines, self._limits.lines_max)
            case scan.MORE_PAIRS:
                self._limits.check_pairs(self._pairs + 1)
                self._pairs = min(4 * self._pairs, self._limits.pairs_max)
            case scan.MORE_ODD:
                self._odd *= 4
            case _:
                self._written *= 2
        self._make()


def scanned(body: bytes, limits: PushLimits) -> Room | None:
    """The filled arrays; None where only the plain decoder knows what to do or to say. Raises TooLarge."""
    room = Room(body, limits)
    while (status := room.scan()) != scan.OK:
        if status not in scan.MORE or (status == scan.MORE_GROUPS and len(room.groups) > GROUPS_MAX):
            return None
        room.grow(status)
    return room
