"""Functions over the unwrapped values of sliding windows that PromQL has not: Loki's first, last and rate_counter."""

from __future__ import annotations

import math

import numpy as np

from hannun.model.metric import Floats, Ints
from hannun.query.promql.grid import Bools
from hannun.query.promql.kernels.compiled import kernel
from hannun.query.promql.kernels.windows import moved_on

FIRST, LAST = 0, 1


@kernel
def ends_of_windows(
    offsets: Ints,
    ts: Ints,
    value: Floats,
    first: int,
    last: int,
    ends: Ints,
    range_ns: int,
    op: int,
    out: Floats,
    present: Bools,
) -> None:
    """first_over_time and last_over_time."""
    for row in range(first, last):
        low = offsets[row]
        high = offsets[row]
        stop = offsets[row + 1]
        for k in range(len(ends)):
            end = ends[k]
            low, high = moved_on(ts, low, high, stop, end - range_ns, end)
            present[row, k] = high > low
            out[row, k] = 0.0 if high == low else value[low] if op == FIRST else value[high - 1]


@kernel
def counter_rates(
    offsets: Ints,
    ts: Ints,
    value: Floats,
    first: int,
    last: int,
    ends: Ints,
    range_ns: int,
    out: Floats,
    present: Bools,
) -> None:
    """rate_counter. Loki mixes units: its window reaches `range` in ms before the first sample, in ns, so that next to
    nothing is extrapolated. A window of one sample is 0."""
    range_s = range_ns / 1e9
    reach = np.float64(range_ns // 1_000_000) / 1000.0
    for row in range(first, last):
        low = offsets[row]
        high = offsets[row]
        stop = offsets[row + 1]
        for k in range(len(ends)):
            end = ends[k]
            low, high = moved_on(ts, low, high, stop, end - range_ns, end)
            count = high - low
            present[row, k] = count > 0
            out[row, k] = 0.0
            if count < 2:
                continue
            result = value[high - 1] - value[low]
            before = 0.0
            for i in range(low, high):
                if value[i] < before:
                    result += before
                before = value[i]
            sampled = (ts[high - 1] - ts[low]) / 1000.0
            average = sampled / (count - 1)
            to_start = reach
            if result > 0.0 and value[low] >= 0.0:
                to_start = min(to_start, sampled * (value[low] / result))
            threshold = average * 1.1
            covered = sampled
            covered += to_start if to_start < threshold else average / 2.0
            covered += 0.0 if threshold > 0.0 else average / 2.0
            out[row, k] = result * (covered / sampled) / range_s if sampled != 0.0 else math.nan


def warm() -> None:
    """Compile by calling once on next to nothing."""
    offsets, ts, value = np.array([0, 2]), np.array([1, 2]), np.array([1.0, 2.0])
    ends, out, present = np.array([2, 3]), np.zeros((1, 2)), np.zeros((1, 2), np.bool_)
    ends_of_windows(offsets, ts, value, 0, 1, ends, 10, FIRST, out, present)
    counter_rates(offsets, ts, value, 0, 1, ends, 10, out, present)
