"""Range functions that look at few samples of a window: counts, firsts, lasts, last differences, resets and changes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hannun.model.metric import Floats, Ints
from hannun.query.promql.grid import Bools
from hannun.query.promql.kernels.compiled import inlined, kernel

COUNT, PRESENT, FIRST, LAST, FIRST_TIME, LAST_TIME, IRATE, IDELTA, RESETS, CHANGES = range(10)


@inlined
def _differs(op: int, before: float, after: float) -> bool:
    if op == RESETS:
        return after < before
    return after != before and not (math.isnan(after) and math.isnan(before))


@kernel
def picks(
    offsets: Ints,
    ts: NDArray[Any],
    value: Floats,
    first: int,
    last: int,
    ends: Ints,
    range_ms: int,
    base_ms: int,
    op: int,
    anchor_ms: int,
    out: Floats,
    present: Bools,
) -> None:
    """`anchor_ms` > 0: an anchored window also holds the newest sample of that long before its start."""
    steps = len(ends)
    for row in range(first, last):
        origin = offsets[row]
        low = origin
        high = origin
        stop = offsets[row + 1]
        # Differences between neighbours that both lie in [low, high).
        differing = 0
        for k in range(steps):
            end = ends[k]
            start = end - range_ms
            while high < stop and ts[high] <= end:
                if op >= RESETS and high > low and _differs(op, value[high - 1], value[high]):
                    differing += 1
                high += 1
            while low < high and ts[low] <= start:
                low += 1
                if op >= RESETS and low < high and _differs(op, value[low - 1], value[low]):
                    differing -= 1
            count = high - low
            if count == 0 or (op in (IRATE, IDELTA) and count < 2):
                out[row, k] = 0.0
                present[row, k] = False
                continue
            present[row, k] = True
            if op == COUNT:
                out[row, k] = count
            elif op == PRESENT:
                out[row, k] = 1.0
            elif op == FIRST:
                out[row, k] = value[low]
            elif op == LAST:
                out[row, k] = value[high - 1]
            elif op == FIRST_TIME:
                out[row, k] = (base_ms + np.int64(ts[low])) / 1000.0
            elif op == LAST_TIME:
                out[row, k] = (base_ms + np.int64(ts[high - 1])) / 1000.0
            elif op == IDELTA:
                out[row, k] = value[high - 1] - value[high - 2]
            elif op == IRATE:
                newest = value[high - 1]
                before = value[high - 2]
                gained = newest if newest < before else newest - before
                out[row, k] = gained / ((np.int64(ts[high - 1]) - np.int64(ts[high - 2])) / 1000.0)
            else:
                found = differing
                older = anchor_ms > 0 and low > origin and ts[low - 1] > start - anchor_ms
                if older and _differs(op, value[low - 1], value[low]):
                    found += 1
                out[row, k] = found
