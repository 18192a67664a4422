"""Lines that were just written, so that what an agent sends again after a kill is stored once.

Two generations of 64-bit hashes, a million lines each, together at most 32 MB: when the younger is full it becomes the
older, and the older is forgotten. At the first commit after a start they are filled from the newest lines of the table.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hannun.model.compiled import compiled
from hannun.model.metric import Ids

LINES_MAX = 1 << 20
FIRST_SLOTS = 1 << 14


@compiled
def _admit(new: Any, younger: Any, older: Any, first: Any) -> Any:
    """Puts hashes into `younger`; `first[i]` tells whether neither held it. Returns how many were put in."""
    mask, old_mask = np.uint64(len(younger) - 1), np.uint64(len(older) - 1)
    one, none = np.uint64(1), np.uint64(0)
    added = 0
    for i in range(len(new)):
        wanted = new[i]
        at = wanted & old_mask
        while older[at] != none and older[at] != wanted:
            at = (at + one) & old_mask
        if older[at] == wanted:
            first[i] = False
            continue
        at = wanted & mask
        while younger[at] != none and younger[at] != wanted:
            at = (at + one) & mask
        first[i] = younger[at] == none
        if first[i]:
            younger[at] = wanted
            added += 1
    return added


class Repeats:
    """Not locked: only one commit runs at a time."""

    def __init__(self, lines_max: int = LINES_MAX) -> None:
        self._lines_max = lines_max
        self._younger, self._older = _table(FIRST_SLOTS), _table(FIRST_SLOTS)
        self._count = self._older_count = 0

    def __len__(self) -> int:
        return self._count + self._older_count

    @property
    def bytes(self) -> int:
        return int(self._younger.nbytes + self._older.nbytes)

    def admit(self, hashes: Ids) -> NDArray[np.bool_]:
        """True for each line that is the first of its kind; from now on it is known."""
        if self._count and self._count + len(hashes) > self._lines_max:
            self._older, self._older_count = self._younger, self._count
            self._younger, self._count = _table(FIRST_SLOTS), 0
        self._room_for(len(hashes))
        first = np.empty(len(hashes), np.bool_)
        self._count += _admit(hashes, self._younger, self._older, first)
        return first

    def forget(self, hashes: Ids) -> None:
        """These lines could not be stored after all. Rare, so the table is built anew without them."""
        held = self._younger[self._younger != 0]
        kept = held[~np.isin(held, hashes)]
        self._younger, self._count = _table(FIRST_SLOTS), 0
        self._room_for(len(kept))
        self._count = _admit(kept, self._younger, _table(2), np.empty(len(kept), np.bool_))

    def clear(self) -> None:
        self._younger, self._older = _table(FIRST_SLOTS), _table(FIRST_SLOTS)
        self._count = self._older_count = 0

    def _room_for(self, more: int) -> None:
        size = len(self._younger)
        while (self._count + more) * 2 > size:
            size *= 2
        if size > len(self._younger):
            held = self._younger[self._younger != 0]
            self._younger = _table(size)
            _admit(held, self._younger, _table(2), np.empty(len(held), np.bool_))


def _table(slots: int) -> Ids:
    return np.zeros(slots, np.uint64)
