"""What kernels over windows share: how far a window reaches in the samples of its series."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hannun.model.metric import Ints
from hannun.query.promql.kernels.compiled import inlined


@inlined
def longest_run(starts: Ints, first: int, last: int) -> int:
    """Of the runs `[starts[i], starts[i + 1])` for i in `[first, last)`; the room that scratch needs."""
    longest = 0
    for i in range(first, last):
        longest = max(longest, starts[i + 1] - starts[i])
    return longest


@inlined
def moved_on(ts: NDArray[Any], low: int, high: int, stop: int, start: np.int64, end: np.int64) -> tuple[int, int]:
    """`[low, high)` of the step before, moved on to the samples in `(start, end]`. Both only move forward."""
    while high < stop and ts[high] <= end:
        high += 1
    while low < high and ts[low] <= start:
        low += 1
    return low, high
