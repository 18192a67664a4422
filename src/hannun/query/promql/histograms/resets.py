"""Whether a counter began anew between two native histograms, and what a sample's hint says of it.

A histogram was reset when anything that it counts became fewer: all observations, the zero bucket, or any bucket. The
sum says nothing, as observations may be negative.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import replace

from hannun.model.histogram import Buckets, HistogramSeries, NativeHistogram, ResetHint
from hannun.query.promql.histograms.algebra import (
    Counts,
    common_bounds,
    counts_of,
    outside,
    rebound,
    widened,
    zero_count_at,
)
from hannun.query.promql.histograms.buckets import is_custom, upper_bound


def is_reset(now: NativeHistogram, before: NativeHistogram) -> bool:
    """Whether `now` does not continue `before`. A hint that knows is believed."""
    if now.reset_hint == "reset":
        return True
    return now.reset_hint != "no_reset" and has_shrunk(now, before)


def has_shrunk(now: NativeHistogram, before: NativeHistogram) -> bool:
    """`is_reset` by the counts alone."""
    if now.count < before.count:
        return True
    if is_custom(now):
        if not is_custom(before):
            return True
        ours, theirs = counts_of(now.positive), counts_of(before.positive)
        if now.custom_values == before.custom_values:
            return _fewer(ours, theirs)
        bounds = common_bounds(now.custom_values, before.custom_values)
        return _fewer(rebound(ours, now.custom_values, bounds), rebound(theirs, before.custom_values, bounds))
    if now.schema > before.schema or now.zero_threshold < before.zero_threshold:
        return True  # a client refines its buckets only when it starts anew
    zero, width = zero_count_at(before, now.zero_threshold)
    if width != now.zero_threshold or now.zero_count < zero:
        return True
    return _side_shrunk(now, now.positive, before, before.positive) or _side_shrunk(
        now, now.negative, before, before.negative
    )


def with_hints(series: HistogramSeries, ended_ms: Sequence[int] = ()) -> HistogramSeries:
    """Samples that say of themselves whether they continue the one before, as those from Prometheus's storage do.

    What was stored as a reset or a gauge stays so. The first one is unknown, and so is one whose layout is another.
    One that comes after the series had ended (`ended_ms`, ascending) is a reset.
    """
    out: list[NativeHistogram] = []
    before: NativeHistogram | None = None
    before_ms = 0
    for ts, histogram in zip(series.ts_ms, series.histograms, strict=True):
        hint = _hint(histogram, before)
        if ended_ms and hint in ("unknown", "no_reset") and before is not None:
            ended = bisect_right(ended_ms, before_ms) < bisect_left(ended_ms, ts)
            hint = "reset" if ended else hint
        out.append(histogram if hint == histogram.reset_hint else replace(histogram, reset_hint=hint))
        before, before_ms = histogram, ts
    return HistogramSeries(series.labels, series.ts_ms, tuple(out))


def without_buckets(series: HistogramSeries) -> HistogramSeries:
    """The same samples (with hints) with count and sum alone. Where only buckets tell of a reset they are asked now."""
    out: list[NativeHistogram] = []
    before: NativeHistogram | None = None
    for histogram in series.histograms:
        hint = histogram.reset_hint
        if hint == "unknown" and before is not None:
            hint = "reset" if has_shrunk(histogram, before) else "no_reset"
        out.append(replace(without_its_buckets(histogram), reset_hint=hint))
        before = histogram
    return HistogramSeries(series.labels, series.ts_ms, tuple(out))


def without_its_buckets(histogram: NativeHistogram) -> NativeHistogram:
    return NativeHistogram(0, histogram.count, histogram.sum, reset_hint=histogram.reset_hint)


def _hint(now: NativeHistogram, before: NativeHistogram | None) -> ResetHint:
    if now.reset_hint in ("reset", "gauge"):
        return now.reset_hint
    if before is None:
        return "unknown"
    if before.reset_hint == "gauge":
        return "unknown"
    if now.count < before.count:
        return "reset"
    layout = (now.schema, now.zero_threshold, now.custom_values)
    if layout != (before.schema, before.zero_threshold, before.custom_values):
        return "unknown"
    return "reset" if has_shrunk(now, before) else "no_reset"


def _side_shrunk(now: NativeHistogram, ours: Buckets, before: NativeHistogram, theirs: Buckets) -> bool:
    width = now.zero_threshold
    same = now.schema == before.schema and ours.index == theirs.index
    if same and (not ours.index or upper_bound(ours.index[0], now.schema) > width):
        return any(count < old for count, old in zip(ours.count, theirs.count, strict=True))
    wide = widened(counts_of(theirs), before.schema - now.schema)
    return _fewer(outside(counts_of(ours), now.schema, width), outside(wide, now.schema, width))


def _fewer(ours: Counts, theirs: Counts) -> bool:
    return any(ours.get(index, 0.0) < count if index in ours else count != 0 for index, count in theirs.items())
