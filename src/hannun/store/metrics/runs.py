"""Compiled loops from raw columns to CSR: absorb blocks, order runs, merge what overlaps.

A run is a stretch of rows of one series with rising time inside one block. A part holds each series as one run, so ten
thousand series over six hours are some ten thousand runs however many samples they have, and all work except the one
pass over the samples is done per run.
"""

from __future__ import annotations

import numpy as np
from numba import njit

STALE_BITS = np.int64(0x7FF0000000000002)

RUN_SERIES, RUN_START, RUN_END = 0, 1, 2  # columns of the run table; RUN_SERIES is a position in the sorted ids


@njit(cache=True, nogil=True)
def _position(ids: np.ndarray, wanted: np.uint64) -> int:
    low, high = 0, len(ids)
    while low < high:
        middle = (low + high) // 2
        if ids[middle] < wanted:
            low = middle + 1
        else:
            high = middle
    if low < len(ids) and ids[low] == wanted:
        return low
    return -1


@njit(cache=True, nogil=True)
def absorb(
    series: np.ndarray,
    ts: np.ndarray,
    mantissa: np.ndarray,
    scale: np.ndarray,
    powers: np.ndarray,
    ids: np.ndarray,
    base_ms: int,
    out_ts: np.ndarray,
    out_value: np.ndarray,
    at: int,
    runs: np.ndarray,
    run_count: int,
) -> tuple[int, int, bool]:
    """Append the rows of wanted series (`ids` ascending) behind `at`; returns (new at, new run count, stale seen).

    `out_ts` and `out_value` have room for the block and `runs` for one run per row.
    """
    bits = out_value.view(np.int64)
    stale = False
    n = len(series)
    i = 0
    while i < n:
        one = series[i]
        place = _position(ids, one)
        start = i
        i += 1
        while i < n and series[i] == one and ts[i] > ts[i - 1]:
            i += 1
        if place < 0:
            continue
        # The end of one block and the head of the next are one run when nothing stands between them.
        first = ts[start] - base_ms
        if run_count and runs[run_count - 1, 0] == place and np.int64(out_ts[at - 1]) < first:
            runs[run_count - 1, 2] = at + (i - start)
        else:
            runs[run_count, 0] = place
            runs[run_count, 1] = at
            runs[run_count, 2] = at + (i - start)
            run_count += 1
        for j in range(start, i):
            k = scale[j]
            out_ts[at] = ts[j] - base_ms
            if k == 0:
                out_value[at] = np.float64(mantissa[j])
            elif k > 0:
                out_value[at] = np.float64(mantissa[j]) / powers[k]
            else:
                bits[at] = mantissa[j]
                stale |= mantissa[j] == STALE_BITS
            at += 1
    return at, run_count, stale


@njit(cache=True, nogil=True)
def in_place(runs: np.ndarray) -> bool:
    """True when every series is one run: the buffer is the answer, only the labels follow its order."""
    seen = 0
    top = 0
    for r in range(len(runs)):
        top = max(top, runs[r, 0])
    met = np.zeros(top + 1, np.uint8)
    for r in range(len(runs)):
        seen += met[runs[r, 0]]
        met[runs[r, 0]] = 1
    return seen == 0


@njit(cache=True, nogil=True)
def gather(
    runs: np.ndarray,
    order: np.ndarray,
    ts: np.ndarray,
    value: np.ndarray,
    out_ts: np.ndarray,
    out_value: np.ndarray,
    series: np.ndarray,
    offsets: np.ndarray,
    doubled: np.ndarray,
) -> int:
    """Copy runs in `order` (by series, then start time) behind each other; returns how many series there are.

    `series[s]` is the position of the s-th series, `offsets` its bounds. Runs that overlap in time are merged by
    sorting that series alone; `doubled[s]` tells that two rows of it have one timestamp: the caller asks the engine
    which one is newer, because a run does not know its part.
    """
    count = 0
    at = 0
    r = 0
    n = len(order)
    while r < n:
        place = runs[order[r], 0]
        begin = at
        sorted_so_far = True
        while r < n and runs[order[r], 0] == place:
            start, end = runs[order[r], 1], runs[order[r], 2]
            if at > begin and ts[start] <= out_ts[at - 1]:
                sorted_so_far = False
            for j in range(start, end):
                out_ts[at] = ts[j]
                out_value[at] = value[j]
                at += 1
            r += 1
        doubled[count] = 0
        if not sorted_so_far:
            by_time = np.argsort(out_ts[begin:at], kind="mergesort")
            out_ts[begin:at] = out_ts[begin:at][by_time]
            out_value[begin:at] = out_value[begin:at][by_time]
            for j in range(begin + 1, at):
                if out_ts[j] == out_ts[j - 1]:
                    doubled[count] = 1
        series[count] = place
        offsets[count] = begin
        count += 1
    offsets[count] = at
    return count


@njit(cache=True, nogil=True)
def collapse(ts: np.ndarray, value: np.ndarray) -> int:
    """Of equal neighbours of an ascending `ts` keep the last, in place; returns how many stay."""
    if not len(ts):
        return 0
    at = 0
    for i in range(1, len(ts)):
        if ts[i] != ts[at]:
            at += 1
        ts[at] = ts[i]
        value[at] = value[i]
    return at + 1
