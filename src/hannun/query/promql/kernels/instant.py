"""The newest sample of each series at each step: instant selectors."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hannun.model.metric import STALE_NAN_BITS, Floats, Ids, Ints
from hannun.query.promql.grid import Bools
from hannun.query.promql.kernels.compiled import kernel

# A plain int would make the compiler compare as floats, where the marker equals +Inf.
_STALE = np.uint64(STALE_NAN_BITS)


@kernel
def newest(
    offsets: Ints,
    ts: NDArray[Any],
    value: Floats,
    bits: Ids,
    first: int,
    last: int,
    ends: Ints,
    lookback_ms: int,
    out: Floats,
    present: Bools,
    when: Ints,
    wants_time: bool,
) -> None:
    """Rows `[first, last)`: the newest sample in `(end - lookback, end]`; a staleness marker there means nothing.

    `bits` is `value` seen as uint64. `when` takes the sample's own time when `wants_time` (else it may be empty).
    """
    steps = len(ends)
    for row in range(first, last):
        at = offsets[row]
        stop = offsets[row + 1]
        for k in range(steps):
            end = ends[k]
            while at < stop and ts[at] <= end:
                at += 1
            found = at - 1
            if found >= offsets[row] and ts[found] > end - lookback_ms and bits[found] != _STALE:
                out[row, k] = value[found]
                present[row, k] = True
                if wants_time:
                    when[row, k] = ts[found]
            else:
                out[row, k] = 0.0
                present[row, k] = False
