"""Quantiles and fractions of classic histograms, for every group and step."""

from __future__ import annotations

import math

import numpy as np

from hannun.model.metric import Floats, Ints
from hannun.query.promql.grid import Bools
from hannun.query.promql.kernels.compiled import inlined, kernel
from hannun.query.promql.kernels.windows import longest_run

TOLERANCE = 1e-12
"""Relative differences between neighbouring buckets below this are rounding, not data."""


LOWEST, HIGHEST, LARGEST = range(3)
_SMALLEST_NORMAL = 2.2250738585072014e-308


@inlined
def _is_rounding(a: float, b: float) -> bool:
    size = abs(a) + abs(b)
    if a == 0.0 or b == 0.0 or size < _SMALLEST_NORMAL:
        return abs(a - b) < TOLERANCE * _SMALLEST_NORMAL
    return abs(a - b) / size < TOLERANCE


@kernel
def _collect(
    values: Floats, present: Bools, bounds: Floats, begin: int, end: int, k: int, upper: Floats, count: Floats
) -> int:
    """Present buckets of one histogram at one step, equal bounds merged. The rows are in the order of their bounds."""
    n = 0
    for row in range(begin, end):
        if not present[row, k]:
            continue
        if n > 0 and upper[n - 1] == bounds[row]:
            count[n - 1] += values[row, k]
            continue
        upper[n] = bounds[row]
        count[n] = values[row, k]
        n += 1
    return n


@kernel
def bucket_quantiles(
    values: Floats,
    present: Bools,
    bounds: Floats,
    starts: Ints,
    first: int,
    last: int,
    q: Floats,
    out: Floats,
    there: Bools,
    forced: Bools,
    where: Floats,
) -> None:
    """Rows `[starts[g], starts[g+1])` are histogram g's buckets. `forced`: counts had to be made monotonic, by
    `where[g]`: the lowest and highest bound, and the largest drop that was taken away."""
    widest = longest_run(starts, first, last)
    upper = np.empty(widest)
    count = np.empty(widest)
    for g in range(first, last):
        for k in range(values.shape[1]):
            n = _collect(values, present, bounds, starts[g], starts[g + 1], k, upper, count)
            there[g, k] = n > 0
            out[g, k] = 0.0
            if n == 0:
                continue
            phi = q[k]
            if math.isnan(phi):
                out[g, k] = math.nan
                continue
            if phi < 0.0:
                out[g, k] = -math.inf
                continue
            if phi > 1.0:
                out[g, k] = math.inf
                continue
            if upper[n - 1] != math.inf or n < 2:
                out[g, k] = math.nan
                continue
            before = count[0]
            for i in range(1, n):
                gap = before - count[i]
                if gap == 0.0:
                    continue
                if not _is_rounding(before, count[i]) and not gap > 0.0:
                    before = count[i]
                    continue
                if gap > 0.0 and not _is_rounding(before, count[i]):
                    forced[g, k] = True
                    where[g, LOWEST] = min(where[g, LOWEST], upper[i])
                    where[g, HIGHEST] = max(where[g, HIGHEST], upper[i])
                    where[g, LARGEST] = max(where[g, LARGEST], gap)
                count[i] = before
            total = count[n - 1]
            if total == 0.0:
                out[g, k] = math.nan
                continue
            rank = phi * total
            b = 0
            while b < n - 1 and not count[b] >= rank:
                b += 1
            if b == n - 1:
                out[g, k] = upper[n - 2]
            elif b == 0 and upper[0] <= 0.0:
                out[g, k] = upper[0]
            elif b == 0:
                out[g, k] = upper[0] * (rank / count[0])
            else:
                share = (rank - count[b - 1]) / (count[b] - count[b - 1])
                out[g, k] = upper[b - 1] + (upper[b] - upper[b - 1]) * share


@kernel
def bucket_fractions(
    values: Floats,
    present: Bools,
    bounds: Floats,
    starts: Ints,
    first: int,
    last: int,
    lower: Floats,
    upper_limit: Floats,
    out: Floats,
    there: Bools,
) -> None:
    """The share of observations in `[lower, upper]`, linear inside buckets, none from half-open ones."""
    widest = longest_run(starts, first, last)
    upper = np.empty(widest)
    count = np.empty(widest)
    for g in range(first, last):
        for k in range(values.shape[1]):
            n = _collect(values, present, bounds, starts[g], starts[g + 1], k, upper, count)
            there[g, k] = n > 0
            out[g, k] = 0.0
            if n == 0:
                continue
            low = lower[k]
            high = upper_limit[k]
            total = count[n - 1]
            if upper[n - 1] != math.inf or total == 0.0 or math.isnan(low) or math.isnan(high):
                out[g, k] = math.nan
                continue
            if low >= high:
                continue
            low_rank = -1.0
            high_rank = -1.0
            rank = 0.0
            for i in range(n):
                floor = upper[i - 1] if i > 0 else (0.0 if upper[0] > 0.0 else -math.inf)
                ceiling = upper[i]
                if low_rank < 0.0 and floor >= low:
                    low_rank = rank
                if high_rank < 0.0 and floor >= high:
                    high_rank = rank
                if low_rank < 0.0 and ceiling > low:
                    low_rank = (
                        count[i]
                        if floor == -math.inf
                        else (rank + (count[i] - rank) * (low - floor) / (ceiling - floor))
                    )
                if high_rank < 0.0 and ceiling > high:
                    high_rank = (
                        count[i]
                        if floor == -math.inf
                        else (rank + (count[i] - rank) * (high - floor) / (ceiling - floor))
                    )
                if low_rank >= 0.0 and high_rank >= 0.0:
                    break
                rank = count[i]
            if low_rank < 0.0 or low_rank > total:
                low_rank = total
            if high_rank < 0.0 or high_rank > total:
                high_rank = total
            out[g, k] = (high_rank - low_rank) / total
