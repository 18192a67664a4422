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

_STRIDE = 128
RESETS_ADDED = 32
"""Up to here resets are added one by one, exactly as Prometheus does."""


@kernel
def _find_resets(value: Floats, begin: int, stop: int, resets: Ints, lost: Floats) -> int:
    """Places in `(begin, stop)` whose value is below the one before; `lost` sums the values before them. The count."""
    found = 0
    at = begin + 1
    while at < stop:
        # Whole strides are tested without a branch each.
        until = min(at + _STRIDE, stop)
        now = value[at:until]
        before = value[at - 1 : until - 1]
        drops = 0
        for j in range(len(now)):
            drops |= now[j] < before[j]
        if drops:
            for i in range(at, until):
                if value[i] < value[i - 1]:
                    resets[found] = i
                    lost[found] = value[i - 1] + (lost[found - 1] if found else 0.0)
                    found += 1
        at = until
    return found


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
    """A row costs one pass over its values for resets, and a few looks at its times per step.

    Counter resets are rare: their places are noted once, and each window adds those that it holds, oldest first as
    Prometheus does.
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
        found = _find_resets(value, low, stop, resets, lost) if is_counter else 0
        known = 0
        oldest = 0
        low_stride = 0
        high_stride = 0
        for k in range(steps):
            end = ends[k]
            start = end - range_ms
            # Samples mostly come at a pace, so both edges are looked for where the last step's stride leads.
            before = high
            if high + high_stride <= stop and high_stride and ts[high + high_stride - 1] <= end:
                high += high_stride
            while high < stop and ts[high] <= end:
                high += 1
            high_stride = high - before
            before = low
            if low + low_stride <= high and low_stride and ts[low + low_stride - 1] <= start:
                low += low_stride
            while low < high and ts[low] <= start:
                low += 1
            low_stride = low - before
            while known < found and resets[known] < high:
                known += 1
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
