"""Functions that need a window's values in order, and those that walk a window from its start.

Their cost is steps × window, so they also take a slice of steps: no call runs long.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hannun.model.metric import Floats, Ints
from hannun.query.promql.grid import Bools
from hannun.query.promql.kernels.compiled import kernel

QUANTILE, MAD = 0, 1
DERIV, PREDICT = 0, 1


@kernel
def quantile_of(ordered: Floats, count: int, q: float) -> float:
    """Of the first `count` values, ascending with NaN first: linear between neighbours, ±Inf outside [0, 1]."""
    if count == 0 or math.isnan(q):
        return math.nan
    if q < 0.0:
        return -math.inf
    if q > 1.0:
        return math.inf
    rank = q * (count - 1.0)
    lower = max(0.0, math.floor(rank))
    upper = min(count - 1.0, lower + 1.0)
    weight = rank - math.floor(rank)
    return float(ordered[int(lower)] * (1.0 - weight) + ordered[int(upper)] * weight)


@kernel
def sort_nan_first(values: Floats, count: int) -> None:
    """In place; NaN is the smallest."""
    nans = 0
    for i in range(count):
        if math.isnan(values[i]):
            values[i] = values[nans]
            values[nans] = math.nan
            nans += 1
    values[nans:count].sort()


@kernel
def ranked(
    offsets: Ints,
    ts: NDArray[Any],
    value: Floats,
    first: int,
    last: int,
    first_step: int,
    last_step: int,
    ends: Ints,
    range_ms: int,
    op: int,
    q: Floats,
    out: Floats,
    present: Bools,
) -> None:
    """quantile_over_time (`q` per step) and mad_over_time."""
    longest = 0
    for row in range(first, last):
        longest = max(longest, offsets[row + 1] - offsets[row])
    scratch = np.empty(longest)
    for row in range(first, last):
        low = offsets[row]
        high = offsets[row]
        stop = offsets[row + 1]
        for k in range(first_step, last_step):
            end = ends[k]
            while high < stop and ts[high] <= end:
                high += 1
            while low < high and ts[low] <= end - range_ms:
                low += 1
            count = high - low
            present[row, k] = count > 0
            out[row, k] = 0.0
            if count == 0:
                continue
            for i in range(count):
                scratch[i] = value[low + i]
            sort_nan_first(scratch, count)
            if op == QUANTILE:
                out[row, k] = quantile_of(scratch, count, q[k])
                continue
            median = quantile_of(scratch, count, 0.5)
            for i in range(count):
                scratch[i] = abs(scratch[i] - median)
            sort_nan_first(scratch, count)
            out[row, k] = quantile_of(scratch, count, 0.5)


@kernel
def regressed(
    offsets: Ints,
    ts: NDArray[Any],
    value: Floats,
    first: int,
    last: int,
    first_step: int,
    last_step: int,
    ends: Ints,
    range_ms: int,
    op: int,
    shift_ms: Ints,
    ahead_s: Floats,
    out: Floats,
    present: Bools,
) -> None:
    """deriv and predict_linear: least squares with compensated sums.

    x counts from the first sample (deriv) or from the evaluation time, `ends[k] + shift_ms[k]` (predict_linear).
    """
    for row in range(first, last):
        low = offsets[row]
        high = offsets[row]
        stop = offsets[row + 1]
        for k in range(first_step, last_step):
            end = ends[k]
            while high < stop and ts[high] <= end:
                high += 1
            while low < high and ts[low] <= end - range_ms:
                low += 1
            present[row, k] = high - low >= 2
            out[row, k] = 0.0
            if high - low < 2:
                continue
            origin = np.int64(ts[low]) if op == DERIV else end + shift_ms[k]
            sums = np.zeros(4)
            lost = np.zeros(4)
            constant = True
            y0 = value[low]
            for i in range(low, high):
                y = value[i]
                if y != y0:
                    constant = False
                x = (np.int64(ts[i]) - origin) / 1000.0
                for j in range(4):
                    increment = x if j == 0 else y if j == 1 else x * y if j == 2 else x * x
                    total = sums[j]
                    t = total + increment
                    if math.isinf(t):
                        lost[j] = 0.0
                    elif abs(total) >= abs(increment):
                        lost[j] += (total - t) + increment
                    else:
                        lost[j] += (increment - t) + total
                    sums[j] = t
            if constant:
                slope = math.nan if math.isinf(y0) else 0.0
                intercept = math.nan if math.isinf(y0) else y0
            else:
                n = np.float64(high - low)
                sx = sums[0] + lost[0]
                sy = sums[1] + lost[1]
                slope = ((sums[2] + lost[2]) - sx * sy / n) / ((sums[3] + lost[3]) - sx * sx / n)
                intercept = sy / n - slope * sx / n
            out[row, k] = slope if op == DERIV else slope * ahead_s[k] + intercept


@kernel
def smoothed(
    offsets: Ints,
    ts: NDArray[Any],
    value: Floats,
    first: int,
    last: int,
    first_step: int,
    last_step: int,
    ends: Ints,
    range_ms: int,
    smoothing: Floats,
    trend: Floats,
    out: Floats,
    present: Bools,
) -> None:
    """double_exponential_smoothing with both factors per step."""
    for row in range(first, last):
        low = offsets[row]
        high = offsets[row]
        stop = offsets[row + 1]
        for k in range(first_step, last_step):
            end = ends[k]
            while high < stop and ts[high] <= end:
                high += 1
            while low < high and ts[low] <= end - range_ms:
                low += 1
            present[row, k] = high - low >= 2
            out[row, k] = 0.0
            if high - low < 2:
                continue
            sf = smoothing[k]
            tf = trend[k]
            before = 0.0
            level = value[low]
            slope = value[low + 1] - value[low]
            for i in range(low + 1, high):
                if i > low + 1:
                    slope = tf * (level - before) + (1.0 - tf) * slope
                now = sf * value[i] + (1.0 - sf) * (level + slope)
                before = level
                level = now
            out[row, k] = level
