"""What a target has told before: the texts of its series and comments, each with a number that stays while it is told.

Bounded by what the target tells now: a text that is missing for some pages is forgotten, at once when more is
remembered than twice the page, and its number is free again.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hannun.model.metric import Ints
from hannun.wire.exposition_text import scan

KEEP_PAGES = 10
"""So long a text may be missing before it is forgotten: series that come and go are not read anew each time."""
SPARE = 1024
_ENTRIES_MIN, _BYTES_MIN = 64, 1 << 12


class Memory:
    """Entries by number. Arrays are public to the scan, which reads all of them; only this class writes."""

    def __init__(self) -> None:
        self.seed = np.uint64(secrets.randbits(64))
        self._page = 0
        self._tally = np.zeros(scan.TALLY_SLOTS, dtype=np.int64)
        self._free = np.empty(_ENTRIES_MIN, dtype=np.int64)
        self.arena: NDArray[np.uint8] = np.empty(_BYTES_MIN, dtype=np.uint8)
        self.start: Ints = np.empty(_ENTRIES_MIN, dtype=np.int64)
        self.length: Ints = np.empty(_ENTRIES_MIN, dtype=np.int64)
        self.kinds: NDArray[np.uint8] = np.full(_ENTRIES_MIN, scan.FREE, dtype=np.uint8)
        self.hashes: NDArray[np.uint64] = np.empty(_ENTRIES_MIN, dtype=np.uint64)
        self.place: Ints = np.empty(_ENTRIES_MIN, dtype=np.int64)
        self.slots: NDArray[np.int64] = np.zeros(2 * _ENTRIES_MIN, dtype=np.int64)
        self._seen: Ints = np.zeros(_ENTRIES_MIN, dtype=np.int64)
        self.order: Ints = np.empty(0, dtype=np.int64)
        """The entries of the last good page, line by line."""

    def __len__(self) -> int:
        return self.end - int(self._tally[scan.FREED])

    @property
    def end(self) -> int:
        """All numbers in use are below it."""
        return int(self._tally[scan.USED])

    @property
    def nbytes(self) -> int:
        arrays = (self.arena, self.start, self.length, self.kinds, self.hashes, self.place, self.slots, self._seen)
        return sum(array.nbytes for array in (*arrays, self._free, self.order))

    def enter(self, texts: Sequence[bytes], kinds: Sequence[int]) -> tuple[list[int], list[bool]]:
        """The entry of each text, and whether it is new."""
        stops = np.cumsum([len(text) for text in texts], dtype=np.int64)
        self._make_room(len(texts), int(stops[-1]))
        entries = np.empty(len(texts), dtype=np.int64)
        fresh = np.empty(len(texts), dtype=np.bool_)
        scan.enter(
            np.frombuffer(b"".join(texts), dtype=np.uint8),
            stops,
            np.array(kinds, dtype=np.uint8),
            self.seed,
            self._tally,
            self._free,
            self.arena,
            self.start,
            self.length,
            self.kinds,
            self.hashes,
            self.place,
            self.slots,
            entries,
            fresh,
        )
        return entries.tolist(), fresh.tolist()

    def comments(self, sequence: Ints) -> Ints:
        """Those of the entries that are comment lines."""
        return sequence[self.kinds[sequence] >= scan.COMMENT]

    def turn(self, sequence: Ints) -> Ints:
        """A good page had these entries, line by line. Returns the entries that are forgotten with it, ascending."""
        self._page += 1
        self._seen[sequence] = self._page
        if not np.array_equal(sequence, self.order):
            self.place[self.order] = -1
            self.place[sequence] = np.arange(len(sequence))
            self.order = sequence
        seen = self._seen[: self.end]
        keep = 1 if len(self) > 2 * len(sequence) + SPARE else KEEP_PAGES
        # Free entries have been seen long ago as well.
        old = seen <= self._page - keep
        if not old.any():
            return _NONE
        gone = np.flatnonzero(old & (self.kinds[: self.end] != scan.FREE))
        self.drop(gone)
        return gone

    def drop(self, entries: Ints) -> None:
        """Forget these entries, each once. They must not stand in the order."""
        if len(entries) == 0:
            return
        freed = int(self._tally[scan.FREED])
        self._free[freed : freed + len(entries)] = entries
        self._tally[scan.FREED] += len(entries)
        self.kinds[entries] = scan.FREE
        self._pack(len(self.slots), len(self.arena))

    def _make_room(self, entries: int, size: int) -> None:
        """For this many more of either. What `drop` freed is not counted on, so that room is never short."""
        wanted = self.end + entries
        room = len(self.start)
        if wanted > room:
            more = max(room + room // 2, wanted) - room
            self.start, self.length, self.place, self._free = (
                np.concatenate([array, np.empty(more, dtype=np.int64)])
                for array in (self.start, self.length, self.place, self._free)
            )
            self._seen = np.concatenate([self._seen, np.zeros(more, dtype=np.int64)])
            self.kinds = np.concatenate([self.kinds, np.full(more, scan.FREE, dtype=np.uint8)])
            self.hashes = np.concatenate([self.hashes, np.empty(more, dtype=np.uint64)])
        slots = len(self.slots)
        while slots < 2 * wanted:
            slots *= 2
        filled = int(self._tally[scan.BYTES])
        if slots != len(self.slots) or filled + size > len(self.arena):
            # Texts are most of what is remembered, and a page that is known brings no more of them.
            short = filled + size > len(self.arena)
            self._pack(slots, filled + max(size, filled // 4) if short else len(self.arena))

    def _pack(self, slots: int, size: int) -> None:
        packed = np.empty(size, dtype=np.uint8)
        table = np.zeros(slots, dtype=np.int64)
        self._tally[scan.BYTES] = scan.pack(
            self.end, self.kinds, self.hashes, self.start, self.length, self.arena, packed, table
        )
        self.arena, self.slots = packed, table


_NONE: Ints = np.empty(0, dtype=np.int64)
