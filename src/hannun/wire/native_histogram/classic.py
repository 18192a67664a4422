"""A classic histogram as a native one with custom buckets: what `convert_classic_histograms_to_nhcb` asks for."""

from __future__ import annotations

import math
from collections.abc import Iterable

from hannun.model.histogram import CUSTOM_SCHEMA, Buckets, NativeHistogram, ResetHint


def from_classic(
    buckets: Iterable[tuple[float, float]], count: float | None, total: float, *, hint: ResetHint = "unknown"
) -> NativeHistogram | None:
    """`buckets`: (upper bound, cumulative count), in any order; `count` None: that of the last bucket.

    None where Prometheus refuses too: counts that fall or are negative, a count that is not that of the last bucket.
    """
    held = sorted(dict(buckets).items())
    if any(math.isnan(bound) for bound, _ in held):
        return None
    if count is None:
        count = held[-1][1] if held else 0.0
    if not held or held[-1][0] != math.inf:
        held.append((math.inf, count))
    index: list[int] = []
    counts: list[float] = []
    before = 0.0
    for place, (_, cumulative) in enumerate(held):
        if not cumulative >= before:  # NaN too
            return None
        if cumulative > before:
            index.append(place)
            counts.append(cumulative - before)
        before = cumulative
    if before != count:
        return None
    bounds = tuple(bound for bound, _ in held[:-1])
    if bounds and bounds[0] == -math.inf:
        return None
    positive = Buckets(tuple(index), tuple(counts))
    return NativeHistogram(CUSTOM_SCHEMA, count, total, positive=positive, custom_values=bounds, reset_hint=hint)
