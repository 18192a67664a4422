"""Raw label bytes (as 2 x 64-bit hash) -> series id: what makes a known series cost one lookup.

The id is a pure function of the bytes, so an entry never becomes wrong; the table is only bounded. At its bound it is
emptied at once instead of choosing victims: a fleet in use fills it again within one scrape interval.
"""

from __future__ import annotations

import threading

import numpy as np
from numpy.typing import NDArray

from hannun.model.metric import Ids
from hannun.wire.remote_write import scan

SLOTS_MIN = 1 << 12
ENTRIES_MAX = 1 << 19
TAKEN = 1
"""State of an entry whose series is taken; a refused one holds its Refusal + 1, an empty slot 0."""


class SeriesCache:
    """Safe to use from any thread. One entry takes 50 bytes at half fill: 26 MB at the bound."""

    def __init__(self, entries_max: int = ENTRIES_MAX) -> None:
        self._entries_max = entries_max
        self._lock = threading.Lock()
        self._empty(SLOTS_MIN)

    def __len__(self) -> int:
        return self._entries

    def find(self, keys: scan.Keys) -> tuple[Ids, NDArray[np.uint8], NDArray[np.int64]]:
        """(ids uint64[s], states uint8[s] with 0 = not known, indexes of those not known)."""
        ids = np.zeros(len(keys), dtype=np.uint64)
        states = np.zeros(len(keys), dtype=np.uint8)
        missing = np.empty(len(keys), dtype=np.int64)
        with self._lock:
            lost = scan.find(keys, self._keys, self._ids, self._states, ids, states, missing)
        return ids, states, missing[:lost]

    def put(self, keys: scan.Keys, ids: Ids, states: NDArray[np.uint8]) -> None:
        """Remember entries; more than the bound in one call are simply not remembered."""
        if len(keys) > self._entries_max:
            return
        with self._lock:
            if self._entries + len(keys) > self._entries_max:
                self._empty(len(self._keys))
            self._make_room(self._entries + len(keys))
            self._entries += scan.put(keys, ids, states, self._keys, self._ids, self._states)

    def clear(self) -> None:
        with self._lock:
            self._empty(SLOTS_MIN)

    def _empty(self, slots: int) -> None:
        self._keys: scan.Keys = np.zeros((slots, 2), dtype=np.uint64)
        self._ids: Ids = np.zeros(slots, dtype=np.uint64)
        self._states: NDArray[np.uint8] = np.zeros(slots, dtype=np.uint8)
        self._entries = 0

    def _make_room(self, entries: int) -> None:
        slots = len(self._keys)
        while slots < 2 * entries:
            slots *= 2
        if slots == len(self._keys):
            return
        keys, ids, states = self._keys, self._ids, self._states
        self._empty(slots)
        self._entries = scan.put(keys, ids, states, self._keys, self._ids, self._states)
