"""rate, increase and delta over `anchored` and `smoothed` windows: no extrapolation, values at the very edges."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hannun.model.metric import Floats, Ints
from hannun.query.promql.grid import Bools
from hannun.query.promql.kernels.compiled import inlined, kernel
from hannun.query.promql.kernels.windows import moved_on


@inlined
def _between(t1: np.int64, y1: float, t2: np.int64, y2: float, t: np.int64, is_counter: bool) -> float:
    """On the line between two samples; after a counter reset the line starts at 0."""
    base = 0.0 if is_counter and y2 < y1 else y1
    return base + (y2 - base) * float(t - t1) / float(t2 - t1)


@kernel
def extended(
    offsets: Ints,
    ts: NDArray[Any],
    value: Floats,
    first: int,
    last: int,
    first_step: int,
    last_step: int,
    ends: Ints,
    range_ms: int,
    lookback_ms: int,
    is_smoothed: bool,
    is_counter: bool,
    is_rate: bool,
    out: Floats,
    present: Bools,
) -> None:
    """Samples come from `(start - lookback, end]`, and up to `end + lookback` when smoothed."""
    for row in range(first, last):
        low = offsets[row]
        high = offsets[row]
        stop = offsets[row + 1]
        for k in range(first_step, last_step):
            end = ends[k]
            start = end - range_ms
            reach = end + lookback_ms if is_smoothed else end
            low, high = moved_on(ts, low, high, stop, start - lookback_ms, reach)
            present[row, k] = False
            out[row, k] = 0.0
            if high == low:
                continue
            final = high - 1
            left_at = low
            while left_at < final and ts[left_at] <= start:
                left_at += 1
            left_at = max(low, left_at - 1)
            if is_smoothed:
                final = low
                while final < high - 1 and ts[final] < end:
                    final += 1
            if ts[final] <= start or (is_smoothed and ts[left_at] > end):
                continue
            left = value[left_at]
            if is_smoothed and ts[left_at] < start:
                left = _between(
                    np.int64(ts[left_at]), value[left_at], np.int64(ts[left_at + 1]), value[left_at + 1], start,
                    is_counter,
                )  # fmt: skip
            right = value[final]
            if is_smoothed and final > low and ts[final] > end:
                right = _between(
                    np.int64(ts[final - 1]), value[final - 1], np.int64(ts[final]), value[final], end, is_counter
                )
            result = right - left
            if is_counter:
                inner = left_at + 1 if ts[left_at] <= start else left_at
                outer = final - 1 if ts[final] >= end else final
                before = left
                for i in range(inner, outer + 1):
                    if value[i] < before:
                        result += before
                    before = value[i]
                if right < before:
                    result += before
            if is_rate:
                result /= range_ms / 1000.0
            out[row, k] = result
            present[row, k] = True


@kernel
def smoothed_instant(
    offsets: Ints,
    ts: NDArray[Any],
    value: Floats,
    first: int,
    last: int,
    ends: Ints,
    lookback_ms: int,
    out: Floats,
    present: Bools,
) -> None:
    """`metric smoothed`: on the line between the samples around each step, or the last one carried forward."""
    steps = len(ends)
    for row in range(first, last):
        low = offsets[row]
        high = offsets[row]
        stop = offsets[row + 1]
        for k in range(steps):
            t = ends[k]
            low, high = moved_on(ts, low, high, stop, t - lookback_ms, t + lookback_ms)
            at = low
            while at < high and ts[at] < t:
                at += 1
            present[row, k] = True
            if at < high and ts[at] == t:
                out[row, k] = value[at]
            elif low < at < high:
                out[row, k] = _between(np.int64(ts[at - 1]), value[at - 1], np.int64(ts[at]), value[at], t, False)
            elif at > low:
                out[row, k] = value[at - 1]
            else:
                out[row, k] = 0.0
                present[row, k] = False
