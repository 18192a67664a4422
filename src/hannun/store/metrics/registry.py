"""Which series have a durable row: a compact set in memory (numba open addressing, 22 bytes a slot).

A million series cost about 45 MB. Beside the id it keeps what the write road needs per series: the metric, the scale
hint of its last value, and the last hour that `metric_seen` knows. A series enters only after its row is durable.
"""

from __future__ import annotations

import threading
from collections.abc import Collection

import numpy as np
from numba import njit
from numpy.typing import NDArray

from hannun.model.metric import Ids

FIRST_SLOTS = 1 << 12
NEVER = -1


@njit(cache=True, nogil=True)
def _find(ids: np.ndarray, used: np.ndarray, wanted: np.ndarray, slots: np.ndarray) -> int:
    """The slot of every wanted id, -1 where unknown; returns how many are unknown."""
    mask = np.uint64(len(ids) - 1)
    missing = 0
    for i in range(len(wanted)):
        at = (wanted[i] ^ (wanted[i] >> np.uint64(32))) & mask
        while used[at] and ids[at] != wanted[i]:
            at = (at + np.uint64(1)) & mask
        if used[at]:
            slots[i] = np.int64(at)
        else:
            slots[i] = -1
            missing += 1
    return missing


@njit(cache=True, nogil=True)
def _add(ids: np.ndarray, used: np.ndarray, new: np.ndarray, slots: np.ndarray) -> int:
    """Put ids in; `slots` tells where. Returns how many were not there before. The table must have room."""
    mask = np.uint64(len(ids) - 1)
    added = 0
    for i in range(len(new)):
        at = (new[i] ^ (new[i] >> np.uint64(32))) & mask
        while used[at] and ids[at] != new[i]:
            at = (at + np.uint64(1)) & mask
        if not used[at]:
            used[at] = 1
            ids[at] = new[i]
            added += 1
        slots[i] = np.int64(at)
    return added


@njit(cache=True, nogil=True)
def _outdated(slots: np.ndarray, hours: np.ndarray, seen: np.ndarray, out: np.ndarray) -> int:
    """Positions of samples whose hour their series is not marked for; the caller removes repeats."""
    found = 0
    for i in range(len(slots)):
        if seen[slots[i]] != hours[i]:
            out[found] = i
            found += 1
    return found


class IdTable:
    """Series ids numbered in the order in which they came: a row number per series. Not locked."""

    def __init__(self) -> None:
        self._ids = np.zeros(FIRST_SLOTS // 16, np.uint64)
        self._used = np.zeros(FIRST_SLOTS // 16, np.uint8)
        self._row = np.zeros(FIRST_SLOTS // 16, np.int64)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def bytes(self) -> int:
        return self._ids.nbytes + self._used.nbytes + self._row.nbytes

    def find(self, wanted: Ids) -> NDArray[np.int64]:
        """Row numbers, -1 for unknown ids."""
        slots = np.empty(len(wanted), np.int64)
        _find(self._ids, self._used, np.ascontiguousarray(wanted, np.uint64), slots)
        return np.where(slots < 0, -1, self._row[slots])

    def places(self, wanted: Ids) -> NDArray[np.int64]:
        """Row numbers; unknown ids get the next ones."""
        rows = self.find(wanted)
        if not (rows < 0).any():
            return rows
        new = np.unique(wanted[rows < 0])
        self._room_for(len(new))
        slots = np.empty(len(new), np.int64)
        _add(self._ids, self._used, new, slots)
        self._row[slots] = np.arange(self._count, self._count + len(new))
        self._count += len(new)
        return self.find(wanted)

    def _room_for(self, more: int) -> None:
        size = len(self._ids)
        while (self._count + more) * 5 > size * 3:
            size *= 2
        if size == len(self._ids):
            return
        at = np.flatnonzero(self._used)
        ids, row = self._ids[at], self._row[at]
        self._ids, self._used, self._row = np.zeros(size, np.uint64), np.zeros(size, np.uint8), np.zeros(size, np.int64)
        slots = np.empty(len(ids), np.int64)
        _add(self._ids, self._used, ids, slots)
        self._row[slots] = row


class SeriesRegistry:
    """Every method takes the lock; the arrays behind it are only touched under it."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._metrics: list[str] = []
        self._metric_codes: dict[str, int] = {}
        self._per_metric: dict[str, int] = {}
        self._count = 0
        self.ids = np.zeros(FIRST_SLOTS, np.uint64)
        self.used = np.zeros(FIRST_SLOTS, np.uint8)
        self.metric = np.zeros(FIRST_SLOTS, np.int32)
        self.hint = np.zeros(FIRST_SLOTS, np.int8)
        self.seen_hour = np.full(FIRST_SLOTS, NEVER, np.int32)

    def __len__(self) -> int:
        return self._count

    @property
    def bytes(self) -> int:
        return int(sum(array.nbytes for array in (self.ids, self.used, self.metric, self.hint, self.seen_hour)))

    def metrics(self) -> dict[str, int]:
        """Series per metric name."""
        with self.lock:
            return dict(self._per_metric)

    def series_of(self, metric: str) -> int:
        """How many series the metric has; 0: no such metric."""
        return self._per_metric.get(metric, 0)

    def metric_name(self, code: int) -> str:
        return self._metrics[code]

    def metric_names(self) -> list[str]:
        """By code; only grows."""
        return self._metrics

    def codes(self, metrics: Collection[str]) -> NDArray[np.int32]:
        """Of those that it has."""
        with self.lock:
            found = [self._metric_codes[name] for name in metrics if name in self._metric_codes]
        return np.array(found, np.int32)

    def unknown(self, wanted: Ids) -> NDArray[np.bool_]:
        return self.find(wanted) < 0

    def find(self, wanted: Ids) -> NDArray[np.int64]:
        """Slots, valid while the lock is held; -1: unknown."""
        wanted = np.ascontiguousarray(wanted, dtype=np.uint64)
        slots = np.empty(len(wanted), np.int64)
        with self.lock:
            _find(self.ids, self.used, wanted, slots)
        return slots

    def add(self, metric: str, new: Ids) -> None:
        """These series of one metric have a durable row now."""
        if not len(new):
            return
        with self.lock:
            self._room_for(len(new))
            slots = np.empty(len(new), np.int64)
            before = np.ascontiguousarray(new, dtype=np.uint64)
            fresh = self.find(before) < 0
            added = _add(self.ids, self.used, before, slots)
            self.metric[slots[fresh]] = self._code(metric)
            self._count += added
            self._per_metric[metric] = self._per_metric.get(metric, 0) + added

    def remove(self, gone: Ids) -> None:
        """Forget series whose rows were deleted: the table is built anew without them."""
        with self.lock:
            keep = self.used.astype(bool)
            slots = self.find(np.unique(gone))
            keep[slots[slots >= 0]] = False
            at = np.flatnonzero(keep)
            kept = (self.ids[at], self.metric[at], self.hint[at], self.seen_hour[at])
            self._allocate(_slots_for(len(at)))
            new = np.empty(len(at), np.int64)
            _add(self.ids, self.used, kept[0], new)
            self.metric[new], self.hint[new], self.seen_hour[new] = kept[1], kept[2], kept[3]
            self._count = len(at)
            counts = np.bincount(kept[1], minlength=len(self._metrics))
            self._per_metric = {name: int(counts[code]) for code, name in enumerate(self._metrics) if counts[code]}

    def forget_seen(self) -> None:
        """After rows of `metric_seen` were deleted: mark every series anew with its next sample."""
        with self.lock:
            self.seen_hour[:] = NEVER

    def clear(self) -> None:
        with self.lock:
            self._per_metric = {}
            self._allocate(FIRST_SLOTS)

    def outdated(self, slots: NDArray[np.int64], hours: NDArray[np.int32]) -> NDArray[np.int64]:
        """Positions of the samples that `metric_seen` does not cover yet."""
        out = np.empty(len(slots), np.int64)
        with self.lock:
            return out[: _outdated(slots, hours, self.seen_hour, out)]

    def mark_seen(self, series: Ids, hours: NDArray[np.int32]) -> None:
        """These (series, hour) are durable in `metric_seen`."""
        with self.lock:
            slots = self.find(series)
            known = slots >= 0
            self.seen_hour[slots[known]] = hours[known]

    def _code(self, metric: str) -> int:
        if metric not in self._metric_codes:
            self._metric_codes[metric] = len(self._metrics)
            self._metrics.append(metric)
        return self._metric_codes[metric]

    def _allocate(self, slots: int) -> None:
        self._count = 0
        self.ids = np.zeros(slots, np.uint64)
        self.used = np.zeros(slots, np.uint8)
        self.metric = np.zeros(slots, np.int32)
        self.hint = np.zeros(slots, np.int8)
        self.seen_hour = np.full(slots, NEVER, np.int32)

    def _room_for(self, more: int) -> None:
        needed = _slots_for(self._count + more)
        if needed <= len(self.ids):
            return
        at = np.flatnonzero(self.used)
        old = (self.ids[at], self.metric[at], self.hint[at], self.seen_hour[at])
        self._allocate(needed)
        slots = np.empty(len(at), np.int64)
        _add(self.ids, self.used, old[0], slots)
        self.metric[slots], self.hint[slots], self.seen_hour[slots] = old[1], old[2], old[3]
        self._count = len(at)


def _slots_for(count: int) -> int:
    """A power of two at most 60 % full."""
    slots = FIRST_SLOTS
    while count * 5 > slots * 3:
        slots *= 2
    return slots
