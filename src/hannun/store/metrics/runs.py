"""Compiled loops from raw columns to CSR: absorb blocks, order runs, merge what overlaps.

A run is a stretch of rows of one series with rising time inside one block. A part holds each series as one run, so ten
thousand series over six hours are some ten thousand runs however many samples they have, and all work except the one
pass over the samples is done per run.
"""

from __future__ import annotations

import numpy as np
from numba import njit

STALE_BITS = np.int64(0x7FF0000000000002)

# Columns of the run table: position of the series in the sorted ids, bounds in the buffers, number of its first block.
RUN_SERIES, RUN_START, RUN_END, RUN_BLOCK = 0, 1, 2, 3
RUN_COLUMNS = 4


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
    block: np.ndarray,
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

    `out_ts` and `out_value` have room for the block and `runs` for one run per row. `block` is the commit each row
    came with, or empty when the caller does not need to know which of two rows is newer.
    """
    knows_block = len(block) > 0
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
            if knows_block and block[i] != block[start]:
                break
            i += 1
        if place < 0:
            continue
        # The end of one block and the head of the next are one run when nothing stands between them.
        first = ts[start] - base_ms
        number = np.int64(block[start]) if knows_block else np.int64(0)
        last = run_count - 1
        if (
            run_count
            and runs[last, RUN_SERIES] == place
            and runs[last, RUN_BLOCK] == number
            and np.int64(out_ts[at - 1]) < first
        ):
            runs[last, RUN_END] = at + (i - start)
        else:
            runs[run_count, RUN_SERIES] = place
            runs[run_count, RUN_START] = at
            runs[run_count, RUN_END] = at + (i - start)
            runs[run_count, RUN_BLOCK] = number
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
        top = max(top, runs[r, RUN_SERIES])
    met = np.zeros(top + 1, np.uint8)
    for r in range(len(runs)):
        seen += met[runs[r, RUN_SERIES]]
        met[runs[r, RUN_SERIES]] = 1
    return seen == 0


@njit(cache=True, nogil=True)
def collapse(ts: np.ndarray, value: np.ndarray) -> int:
    """Of equal neighbours of an ascending `ts` keep the last, in place; returns how many stay."""
    at = 0
    for i in range(1, len(ts)):
        if ts[i] != ts[at]:
            at += 1
        ts[at] = ts[i]
        value[at] = value[i]
    return at + 1


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
    """Copy runs in `order` (by series) behind each other; returns how many series there are.

    `series[s]` is the position of the s-th series, `offsets` its bounds. Runs that overlap in time are merged by a
    stable sort of that series alone. `doubled[s]` tells that two rows of it have one timestamp, of which the one whose
    run stands later in `order` is kept.
    """
    count = 0
    at = 0
    r = 0
    n = len(order)
    while r < n:
        place = runs[order[r], RUN_SERIES]
        begin = at
        ascending = True
        while r < n and runs[order[r], RUN_SERIES] == place:
            start, end = runs[order[r], RUN_START], runs[order[r], RUN_END]
            if at > begin and ts[start] <= out_ts[at - 1]:
                ascending = False
            for j in range(start, end):
                out_ts[at] = ts[j]
                out_value[at] = value[j]
                at += 1
            r += 1
        doubled[count] = 0
        if not ascending:
            by_time = np.argsort(out_ts[begin:at], kind="mergesort")
            out_ts[begin:at] = out_ts[begin:at][by_time]
            out_value[begin:at] = out_value[begin:at][by_time]
            kept = collapse(out_ts[begin:at], out_value[begin:at])
            doubled[count] = kept < at - begin
            at = begin + kept
        series[count] = place
        offsets[count] = begin
        count += 1
    offsets[count] = at
    return count
