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
from hannun.query.promql.kernels.windows import longest_run, moved_on

QUANTILE, MAD = 0, 1
DERIV, PREDICT = 0, 1
ROUNDS_MAX = 60
"""Halving at least a little each time, a million values take some thirty rounds."""


@kernel
def quantile_of(values: Floats, count: int, q: float) -> float:
    """Of the first `count` values, NaN being the smallest: linear between neighbours, ±Inf outside [0, 1].

    Reorders the values: two neighbours in order are found without ordering all, in linear time.
    """
    if count == 0 or math.isnan(q):
        return math.nan
    if q < 0.0:
        return -math.inf
    if q > 1.0:
        return math.inf
    nans = 0
    for i in range(count):
        if math.isnan(values[i]):
            values[i] = values[nans]
            values[nans] = math.nan
            nans += 1
    rank = q * (count - 1.0)
    lower = int(rank)
    weight = rank - math.floor(rank)
    if lower < nans:
        return math.nan
    _select(values, nans, count - 1, lower)
    below = values[lower]
    above = below
    if lower + 1 < count:
        above = values[lower + 1]
        for i in range(lower + 2, count):
            above = min(above, values[i])
    return float(below * (1.0 - weight) + above * weight)


@kernel
def _select(values: Floats, low: int, high: int, wanted: int) -> None:
    """Bring the value of rank `wanted` to its place among `values[low:high + 1]`, smaller ones before, larger behind.

    Hoare's selection around the median of three. Values made to defeat it are sorted after a bounded number of rounds.
    """
    rounds = 0
    while low < high:
        rounds += 1
        if rounds > ROUNDS_MAX:
            values[low : high + 1].sort()
            return
        middle = (low + high) // 2
        if values[middle] < values[low]:
            values[middle], values[low] = values[low], values[middle]
        if values[high] < values[low]:
            values[high], values[low] = values[low], values[high]
        if values[high] < values[middle]:
            values[high], values[middle] = values[middle], values[high]
        pivot = values[middle]
        i = low
        j = high
        while i <= j:
            while values[i] < pivot:
                i += 1
            while pivot < values[j]:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                i += 1
                j -= 1
        if wanted <= j:
            high = j
        elif wanted >= i:
            low = i
        else:
            return


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
    longest = longest_run(offsets, first, last)
    scratch = np.empty(longest)
    for row in range(first, last):
        low = offsets[row]
        high = offsets[row]
        stop = offsets[row + 1]
        for k in range(first_step, last_step):
            end = ends[k]
            low, high = moved_on(ts, low, high, stop, end - range_ms, end)
            count = high - low
            present[row, k] = count > 0
            out[row, k] = 0.0
            if count == 0:
                continue
            for i in range(count):
                scratch[i] = value[low + i]
            if op == QUANTILE:
                out[row, k] = quantile_of(scratch, count, q[k])
                continue
            median = quantile_of(scratch, count, 0.5)
            for i in range(count):
                scratch[i] = abs(scratch[i] - median)
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
            low, high = moved_on(ts, low, high, stop, end - range_ms, end)
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
            low, high = moved_on(ts, low, high, stop, end - range_ms, end)
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
