"""rate, increase and delta with Prometheus 3.6's extrapolation, over sliding windows."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hannun.model.metric import Floats, Ints
from hannun.query.promql.grid import Bools
from hannun.query.promql.kernels.compiled import kernel
from hannun.query.promql.kernels.windows import longest_run

RESETS_ADDED = 32
"""Up to here resets are added one by one, exactly as Prometheus does."""


@kernel
def extrapolated(
    offsets: Ints,
    ts: NDArray[Any],
    value: Floats,
    first: int,
    last: int,
    ends: Ints,
    range_ms: int,
    is_counter: bool,
    is_rate: bool,
    out: Floats,
    present: Bools,
) -> None:
    """Both pointers only move forward, so a row costs samples + steps.

    Counter resets are rare: their places are noted once as the right pointer passes them, and each window adds those
    that it holds, oldest first as Prometheus does.
    """
    steps = len(ends)
    longest = longest_run(offsets, first, last)
    resets = np.empty(longest if is_counter else 0, dtype=np.int64)
    # Sums of all values before resets so far, so that a window of thousands of resets need not add them one by one.
    lost = np.empty(longest if is_counter else 0)
    range_s = range_ms / 1000.0
    for row in range(first, last):
        low = offsets[row]
        high = offsets[row]
        stop = offsets[row + 1]
        known = 0
        oldest = 0
        for k in range(steps):
            end = ends[k]
            start = end - range_ms
            while high < stop and ts[high] <= end:
                if is_counter and high > offsets[row] and value[high] < value[high - 1]:
                    resets[known] = high
                    lost[known] = value[high - 1] + (lost[known - 1] if known else 0.0)
                    known += 1
                high += 1
            while low < high and ts[low] <= start:
                low += 1
            count = high - low
            if count < 2:
                out[row, k] = 0.0
                present[row, k] = False
                continue
            v1 = value[low]
            result = value[high - 1] - v1
            while oldest < known and resets[oldest] <= low:
                oldest += 1
            if known - oldest > RESETS_ADDED and math.isfinite(lost[known - 1]):
                result += lost[known - 1] - (lost[oldest - 1] if oldest else 0.0)
            else:
                for i in range(oldest, known):
                    result += value[resets[i] - 1]
            t1 = np.int64(ts[low])
            tn = np.int64(ts[high - 1])
            to_start = (t1 - start) / 1000.0
            to_end = (end - tn) / 1000.0
            sampled = (tn - t1) / 1000.0
            average = sampled / (count - 1)
            threshold = average * 1.1
            if to_start >= threshold:
                to_start = average / 2
            if is_counter:
                to_zero = to_start
                if result > 0 and v1 >= 0:
                    to_zero = sampled * (v1 / result)
                if to_zero < to_start:
                    to_start = to_zero
            if to_end >= threshold:
                to_end = average / 2
            factor = (sampled + to_start + to_end) / sampled
            if is_rate:
                factor /= range_s
            out[row, k] = result * factor
            present[row, k] = True
