"""Compiled loops from raw columns to CSR: absorb blocks, order runs, merge what overlaps.

A run is a stretch of rows of one series with rising time inside one block. A part holds each series as one run, so ten
thousand series over six hours are some ten thousand runs however many samples they have, and all work except the one
pass over the samples is done per run.

The parts of a day come one after another and each goes on where the one before ended, so the first run of a series
reserves the room that its pace will need until the end of the question. What later parts hold then lands in its final
place; only what does not fit or overlaps is a run of its own, and only then are the samples copied a second time.
"""

from __future__ import annotations

import numpy as np
from numba import njit

STALE_BITS = np.int64(0x7FF0000000000002)

# Columns of the run table: position of the series in the sorted ids, bounds in the buffers, end of its reserved room,
# number of its first block.
RUN_SERIES, RUN_START, RUN_END, RUN_LIMIT, RUN_BLOCK = 0, 1, 2, 3, 4
RUN_COLUMNS = 5

# What one block tells the next: rows used of the buffers, runs, the pace (ms) of the last series that showed one.
AT, RUN_COUNT, PACE, STALE = 0, 1, 2, 3
STATE_COLUMNS = 4

_STRIDE = 64
_PACE_ROWS = 16


@njit(cache=True, nogil=True)
def _position(ids: np.ndarray, wanted: np.uint64, hint: int) -> int:
    """Where `wanted` stands in the ascending `ids`, -1 when nowhere. Rows come in their order: `hint` mostly hits."""
    if hint < len(ids) and ids[hint] == wanted:
        return hint
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
def _run_length(series: np.ndarray, ts: np.ndarray) -> int:
    """How many rows from the first on are of its series with rising time. Whole strides are tested without branches."""
    n = len(series)
    one = series[0]
    i = 1
    while i + _STRIDE <= n:
        same, now, before = series[i : i + _STRIDE], ts[i : i + _STRIDE], ts[i - 1 : i - 1 + _STRIDE]
        wrong = 0
        for j in range(_STRIDE):
            wrong |= (same[j] != one) | (now[j] <= before[j])
        if wrong:
            break
        i += _STRIDE
    while i < n and series[i] == one and ts[i] > ts[i - 1]:
        i += 1
    return i


@njit(cache=True, nogil=True)
def _block_length(block: np.ndarray) -> int:
    i = 1
    while i < len(block) and block[i] == block[0]:
        i += 1
    return i


@njit(cache=True, nogil=True)
def _reserve(ts: np.ndarray, until_ms: int, state: np.ndarray) -> int:
    """Rows that the series of this run will still have until `until_ms` at its own pace, or at its neighbour's."""
    n = len(ts)
    if n > 1:
        # The shortest step, because a lost sample stretches the mean; but no more than twice what the mean says.
        pace = ts[1] - ts[0]
        for j in range(2, min(n, _PACE_ROWS)):
            pace = min(pace, ts[j] - ts[j - 1])
        state[PACE] = max(pace, (ts[n - 1] - ts[0]) // (2 * (n - 1)), 1)
    if state[PACE] == 0:
        return 0
    return int(max(until_ms - ts[n - 1], 0) // state[PACE])


@njit(cache=True, nogil=True)
def _decode(mantissa: np.ndarray, scale: np.ndarray, powers: np.ndarray, out: np.ndarray) -> bool:
    """Values of one run; True when a staleness marker is among them. Mostly one scale, which needs no branch a row."""
    n = len(mantissa)
    k = scale[0]
    mixed = 0
    for j in range(n):
        mixed |= scale[j] ^ k
    if not mixed and k == 0:
        for j in range(n):
            out[j] = np.float64(mantissa[j])
        return False
    if not mixed and k > 0:
        power = powers[k]
        for j in range(n):
            out[j] = np.float64(mantissa[j]) / power
        return False
    bits = out.view(np.int64)
    stale = False
    for j in range(n):
        k = scale[j]
        if k == 0:
            out[j] = np.float64(mantissa[j])
        elif k > 0:
            out[j] = np.float64(mantissa[j]) / powers[k]
        else:
            bits[j] = mantissa[j]
            stale |= mantissa[j] == STALE_BITS
    return stale


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
    until_ms: int,
    reserve_to: int,
    out_ts: np.ndarray,
    out_value: np.ndarray,
    runs: np.ndarray,
    last_run: np.ndarray,
    state: np.ndarray,
) -> None:
    """Take in the rows of wanted series (`ids` ascending).

    `out_ts` and `out_value` have room for the block behind `state[AT]` and `runs` for one run per row. `last_run[p]`
    is the newest run of the series at position p, -1 before its first. `block` is the commit each row came with, or
    empty when the caller does not need to know which of two rows is newer; with it nothing is reserved, so that runs
    stand in the buffer in the order in which they came. Room is reserved up to the time `until_ms` and up to row
    `reserve_to`, at most the length of the first buffers: it must never be the reason to grow.
    """
    knows_block = len(block) > 0
    n = len(series)
    i = 0
    place = -1
    at, run_count = state[AT], state[RUN_COUNT]
    while i < n:
        start = i
        i += _run_length(series[i:], ts[i:])
        number = np.int64(0)
        if knows_block:
            i = start + _block_length(block[start:i])
            number = np.int64(block[start])
        place = _position(ids, series[start], place + 1)
        if place < 0:
            continue
        rows = i - start
        r = last_run[place]
        to = np.int64(-1)
        if r >= 0 and runs[r, RUN_BLOCK] == number and np.int64(out_ts[runs[r, RUN_END] - 1]) < ts[start] - base_ms:
            # The end of one block and the head of the next, or of one part and the next.
            if runs[r, RUN_LIMIT] - runs[r, RUN_END] >= rows:
                to = runs[r, RUN_END]
            elif runs[r, RUN_LIMIT] == at:
                to = runs[r, RUN_END]
                at = to + rows
                runs[r, RUN_LIMIT] = at
        if to >= 0:
            runs[r, RUN_END] = to + rows
        else:
            to = at
            at += rows
            if r < 0 and not knows_block:
                more = _reserve(ts[start:i], until_ms, state)
                if at + more + (n - i) <= reserve_to:
                    at += more
            runs[run_count, RUN_SERIES] = place
            runs[run_count, RUN_START] = to
            runs[run_count, RUN_END] = to + rows
            runs[run_count, RUN_LIMIT] = at
            runs[run_count, RUN_BLOCK] = number
            last_run[place] = run_count
            run_count += 1
        times, read = out_ts[to : to + rows], ts[start:i]
        for j in range(rows):
            times[j] = read[j] - base_ms
        if _decode(mantissa[start:i], scale[start:i], powers, out_value[to : to + rows]):
            state[STALE] = 1
    state[AT] = at
    state[RUN_COUNT] = run_count


@njit(cache=True, nogil=True)
def settle(runs: np.ndarray, ts: np.ndarray, value: np.ndarray, offsets: np.ndarray) -> None:
    """Every series is one run: close the gaps of room that was reserved and not needed, in place."""
    at = 0
    for r in range(len(runs)):
        start, n = runs[r, RUN_START], runs[r, RUN_END] - runs[r, RUN_START]
        offsets[r] = at
        if start != at:
            from_ts, to_ts = ts[start : start + n], ts[at : at + n]
            for j in range(n):
                to_ts[j] = from_ts[j]
            from_value, to_value = value[start : start + n], value[at : at + n]
            for j in range(n):
                to_value[j] = from_value[j]
        at += n
    offsets[len(runs)] = at


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
    last = len(order)
    while r < last:
        place = runs[order[r], RUN_SERIES]
        begin = at
        ascending = True
        while r < last and runs[order[r], RUN_SERIES] == place:
            start, end = runs[order[r], RUN_START], runs[order[r], RUN_END]
            if at > begin and ts[start] <= out_ts[at - 1]:
                ascending = False
            n = end - start
            from_ts, to_ts = ts[start:end], out_ts[at : at + n]
            for j in range(n):
                to_ts[j] = from_ts[j]
            from_value, to_value = value[start:end], out_value[at : at + n]
            for j in range(n):
                to_value[j] = from_value[j]
            at += n
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
