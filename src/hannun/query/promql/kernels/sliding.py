"""Sums, means, spreads and extremes over sliding windows at a constant cost per sample.

A window is the suffix of an older block and the prefix of the growing one (the queue made of two stacks): suffixes are
computed when the older block runs out, so every sample is touched twice whatever the window's length. Nothing is ever
subtracted, so Infinity, NaN and 1e100 leave no trace once they left the window, and sums stay compensated.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hannun.model.metric import Floats, Ints
from hannun.query.promql.grid import Bools
from hannun.query.promql.kernels.compiled import inlined, kernel
from hannun.query.promql.kernels.windows import longest_run

SUM, AVG = 0, 1
MIN, MAX, MIN_TIME, MAX_TIME = 0, 1, 2, 3
STDVAR, STDDEV = 0, 1


@inlined
def kahan(increment: float, total: float, lost: float) -> tuple[float, float]:
    """One step of Neumaier's summation, as Prometheus does it: (total, lost)."""
    t = total + increment
    if math.isinf(t):
        lost = 0.0
    elif abs(total) >= abs(increment):
        lost += (total - t) + increment
    else:
        lost += (increment - t) + total
    return t, lost


@kernel
def sums(
    offsets: Ints,
    ts: NDArray[Any],
    value: Floats,
    first: int,
    last: int,
    ends: Ints,
    range_ms: int,
    op: int,
    out: Floats,
    present: Bools,
) -> None:
    """sum_over_time, avg_over_time. A mean whose sum overflows is computed incrementally, as Prometheus does."""
    steps = len(ends)
    longest = longest_run(offsets, first, last)
    suffix = np.empty(longest)
    suffix_lost = np.empty(longest)
    for row in range(first, last):
        origin = offsets[row]
        low = origin
        high = origin
        middle = origin
        stop = offsets[row + 1]
        total = 0.0
        lost = 0.0
        for k in range(steps):
            end = ends[k]
            start = end - range_ms
            while high < stop and ts[high] <= end:
                total, lost = kahan(value[high], total, lost)
                high += 1
            while low < high and ts[low] <= start:
                low += 1
            if low >= high:
                middle = high
                total = 0.0
                lost = 0.0
                out[row, k] = 0.0
                present[row, k] = False
                continue
            if low >= middle:
                back = 0.0
                back_lost = 0.0
                for i in range(high - 1, low - 1, -1):
                    back, back_lost = kahan(value[i], back, back_lost)
                    suffix[i - origin] = back
                    suffix_lost[i - origin] = back_lost
                middle = high
                total = 0.0
                lost = 0.0
            both, both_lost = kahan(total, suffix[low - origin], suffix_lost[low - origin])
            both_lost += lost
            present[row, k] = True
            if op == SUM:
                out[row, k] = both if math.isinf(both) else both + both_lost
                continue
            count = high - low
            if not math.isinf(both):
                out[row, k] = both / count + both_lost / count
                continue
            mean = 0.0
            mean_lost = 0.0
            for i in range(low, high):
                seen = i - low + 1.0
                if i == low:
                    mean = value[i]
                    continue
                share = (seen - 1.0) / seen
                mean, mean_lost = kahan(value[i] / seen, share * mean, share * mean_lost)
            out[row, k] = mean + mean_lost if math.isfinite(mean) else mean
    return


@kernel
def extremes(
    offsets: Ints,
    ts: NDArray[Any],
    value: Floats,
    first: int,
    last: int,
    ends: Ints,
    range_ms: int,
    base_ms: int,
    op: int,
    out: Floats,
    present: Bools,
) -> None:
    """min/max_over_time and their times in seconds (the latest of equals). NaN counts only when all are NaN."""
    steps = len(ends)
    longest = longest_run(offsets, first, last)
    suffix = np.empty(longest, dtype=np.int64)
    smallest = op in (MIN, MIN_TIME)
    for row in range(first, last):
        origin = offsets[row]
        low = origin
        high = origin
        middle = origin
        stop = offsets[row + 1]
        best = -1
        for k in range(steps):
            end = ends[k]
            start = end - range_ms
            while high < stop and ts[high] <= end:
                v = value[high]
                if best < 0 or math.isnan(value[best]):
                    best = high
                elif smallest:
                    if v <= value[best]:
                        best = high
                elif v >= value[best]:
                    best = high
                high += 1
            while low < high and ts[low] <= start:
                low += 1
            if low >= high:
                middle = high
                best = -1
                out[row, k] = 0.0
                present[row, k] = False
                continue
            if low >= middle:
                back = high - 1
                for i in range(high - 1, low - 1, -1):
                    v = value[i]
                    if math.isnan(value[back]):
                        if not math.isnan(v):
                            back = i
                    elif smallest:
                        if v < value[back]:
                            back = i
                    elif v > value[back]:
                        back = i
                    suffix[i - origin] = back
                middle = high
                best = -1
            found = suffix[low - origin]
            if best >= 0:
                v = value[best]
                if math.isnan(value[found]):
                    found = best
                elif smallest:
                    if v <= value[found]:
                        found = best
                elif v >= value[found]:
                    found = best
            present[row, k] = True
            if op in (MIN, MAX):
                out[row, k] = value[found]
            else:
                out[row, k] = (base_ms + np.int64(ts[found])) / 1000.0


@kernel
def spreads(
    offsets: Ints,
    ts: NDArray[Any],
    value: Floats,
    first: int,
    last: int,
    ends: Ints,
    range_ms: int,
    op: int,
    out: Floats,
    present: Bools,
) -> None:
    """stdvar/stddev_over_time of the population: Welford forward, Chan's merge of the two halves."""
    steps = len(ends)
    longest = longest_run(offsets, first, last)
    suffix_mean = np.empty(longest)
    suffix_m2 = np.empty(longest)
    for row in range(first, last):
        origin = offsets[row]
        low = origin
        high = origin
        middle = origin
        stop = offsets[row + 1]
        mean = 0.0
        m2 = 0.0
        n = 0.0
        for k in range(steps):
            end = ends[k]
            start = end - range_ms
            while high < stop and ts[high] <= end:
                n += 1.0
                delta = value[high] - mean
                mean += delta / n
                m2 += delta * (value[high] - mean)
                high += 1
            while low < high and ts[low] <= start:
                low += 1
            if low >= high:
                middle = high
                mean = 0.0
                m2 = 0.0
                n = 0.0
                out[row, k] = 0.0
                present[row, k] = False
                continue
            if low >= middle:
                mean = 0.0
                m2 = 0.0
                n = 0.0
                for i in range(high - 1, low - 1, -1):
                    n += 1.0
                    delta = value[i] - mean
                    mean += delta / n
                    m2 += delta * (value[i] - mean)
                    suffix_mean[i - origin] = mean
                    suffix_m2[i - origin] = m2
                middle = high
                mean = 0.0
                m2 = 0.0
                n = 0.0
            older = np.float64(middle - low)
            both = suffix_m2[low - origin]
            if n > 0.0:
                delta = mean - suffix_mean[low - origin]
                both = both + m2 + delta * delta * (older * n / (older + n))
            both /= older + n
            out[row, k] = math.sqrt(both) if op == STDDEV else both
            present[row, k] = True
