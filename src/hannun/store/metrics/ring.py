"""Compiled loops over a matrix of recent samples: one row per series, ascending in time, `count` samples long.

Times are uint32 milliseconds after a base, so a sample takes 12 bytes.
"""

from __future__ import annotations

import numpy as np
from numba import njit

STALE_BITS = np.int64(0x7FF0000000000002)


@njit(cache=True, nogil=True)
def insert(
    place: np.ndarray,
    ts_ms: np.ndarray,
    value: np.ndarray,
    first: int,
    base_ms: int,
    floor_ms: int,
    times: np.ndarray,
    values: np.ndarray,
    count: np.ndarray,
) -> int:
    """Put samples `first…` into their rows; a later sample of equal time replaces the earlier. Samples at or below
    the floor are left out. Returns where it stopped because a row was full; `len(ts_ms)` when all are in.
    """
    capacity = times.shape[1]
    for i in range(first, len(ts_ms)):
        if ts_ms[i] <= floor_ms:
            continue
        row = place[i]
        at = np.uint32(ts_ms[i] - base_ms)
        n = count[row]
        if n == 0 or at > times[row, n - 1]:
            if n == capacity:
                return i
            times[row, n] = at
            values[row, n] = value[i]
            count[row] = n + 1
            continue
        low, high = 0, n
        while low < high:
            middle = (low + high) // 2
            if times[row, middle] < at:
                low = middle + 1
            else:
                high = middle
        if times[row, low] == at:
            values[row, low] = value[i]
            continue
        if n == capacity:
            return i
        for j in range(n, low, -1):
            times[row, j] = times[row, j - 1]
            values[row, j] = values[row, j - 1]
        times[row, low] = at
        values[row, low] = value[i]
        count[row] = n + 1
    return len(ts_ms)


@njit(cache=True, nogil=True)
def fill(
    place: np.ndarray,
    offsets: np.ndarray,
    ts: np.ndarray,
    value: np.ndarray,
    shift: int,
    times: np.ndarray,
    values: np.ndarray,
    count: np.ndarray,
) -> None:
    """Stretch i of the CSR columns becomes row `place[i]`, which is empty and wide enough; `ts + shift` is its time."""
    for i in range(len(place)):
        row, start, n = place[i], offsets[i], offsets[i + 1] - offsets[i]
        for j in range(n):
            times[row, j] = np.uint32(np.int64(ts[start + j]) + shift)
            values[row, j] = value[start + j]
        count[row] = n


@njit(cache=True, nogil=True)
def trim(floor: np.uint32, times: np.ndarray, values: np.ndarray, count: np.ndarray) -> int:
    """Drop samples at or before `floor` (ms after the base); returns the longest row that is left."""
    longest = 0
    for row in range(len(count)):
        n = count[row]
        gone = 0
        while gone < n and times[row, gone] <= floor:
            gone += 1
        if gone:
            for j in range(gone, n):
                times[row, j - gone] = times[row, j]
                values[row, j - gone] = values[row, j]
            count[row] = n - gone
        longest = max(longest, n - gone)
    return longest


@njit(cache=True, nogil=True)
def bounds(
    place: np.ndarray, first: int, last: int, times: np.ndarray, count: np.ndarray, low: np.ndarray, high: np.ndarray
) -> int:
    """For every wanted row (-1: none) its stretch with `first <= time <= last`; returns how many samples in all."""
    total = 0
    for i in range(len(place)):
        row = place[i]
        low[i] = high[i] = 0
        if row < 0:
            continue
        n = count[row]
        a, b = 0, n
        while a < b:
            middle = (a + b) // 2
            if times[row, middle] < first:
                a = middle + 1
            else:
                b = middle
        low[i] = a
        b = n
        while a < b:
            middle = (a + b) // 2
            if times[row, middle] <= last:
                a = middle + 1
            else:
                b = middle
        high[i] = a
        total += high[i] - low[i]
    return total


@njit(cache=True, nogil=True)
def copy(
    place: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    shift: int,
    times: np.ndarray,
    values: np.ndarray,
    out_ts: np.ndarray,
    out_value: np.ndarray,
    chosen: np.ndarray,
    offsets: np.ndarray,
) -> tuple[int, bool]:
    """Stretches of `bounds` as CSR; times become ms after `base + shift`. Returns (series with samples, stale seen)."""
    bits = values.view(np.int64)
    out_bits = out_value.view(np.int64)
    # Modulo 2^32, which is exact because every difference fits.
    back = np.uint32(shift & 0xFFFFFFFF)
    found = 0
    at = 0
    stale = False
    for i in range(len(place)):
        if high[i] == low[i]:
            continue
        row = place[i]
        chosen[found] = i
        offsets[found] = at
        found += 1
        n = high[i] - low[i]
        # Stretches of their own, so that the loops over them need neither bounds nor branches.
        from_ts, to_ts = times[row, low[i] : high[i]], out_ts[at : at + n]
        for j in range(n):
            to_ts[j] = from_ts[j] - back
        from_bits, to_bits = bits[row, low[i] : high[i]], out_bits[at : at + n]
        markers = 0
        for j in range(n):
            to_bits[j] = from_bits[j]
            markers |= from_bits[j] == STALE_BITS
        stale |= markers != 0
        at += n
    offsets[found] = at
    return found, stale
