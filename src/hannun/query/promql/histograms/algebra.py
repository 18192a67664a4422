"""Sums, differences and multiples of native histograms. Pure: operands stay as they are.

Histograms of different resolution meet at the lower one, different zero buckets at the wider one, and different custom
boundaries at those that both have. Only exponential and custom buckets have nothing in common: `Incompatible`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from hannun.model.histogram import Buckets, NativeHistogram, ResetHint
from hannun.query.promql.histograms.buckets import is_custom, negative_spans, positive_spans, upper_bound

Counts = dict[int, float]


class Incompatible(Exception):
    """One histogram has exponential buckets, the other custom ones."""


@dataclass(frozen=True, slots=True)
class Joined:
    """`collision`: one said that its counter was reset, the other that it was not. `reconciled`: bounds differed."""

    histogram: NativeHistogram
    collision: bool = False
    reconciled: bool = False


def add(left: NativeHistogram, right: NativeHistogram) -> Joined:
    """Raises Incompatible."""
    return _join(left, right, 1.0)


def subtract(left: NativeHistogram, right: NativeHistogram) -> Joined:
    """Raises Incompatible. The hint is that of a sum; who answers a question with a difference calls it a gauge."""
    return _join(left, right, -1.0)


def scaled(histogram: NativeHistogram, factor: float) -> NativeHistogram:
    """Every count and the sum times `factor`; a negative one makes a gauge of it."""
    return _each(histogram, lambda value: value * factor, negative=factor < 0)


def divided(histogram: NativeHistogram, divisor: float) -> NativeHistogram:
    """By zero counts become infinite or NaN, as floats do, and no bucket is left."""
    if divisor == 0:
        empty = replace(histogram, positive=Buckets(), negative=Buckets())
        return _each(empty, lambda value: _by_zero(value, divisor), negative=False)
    return _each(histogram, lambda value: value / divisor, negative=divisor < 0)


def as_gauge(histogram: NativeHistogram) -> NativeHistogram:
    return histogram if histogram.reset_hint == "gauge" else replace(histogram, reset_hint="gauge")


def equal(left: NativeHistogram, right: NativeHistogram) -> bool:
    """Equal schema, thresholds, boundaries, counts and sum; NaN equals NaN, hints do not count."""
    return (
        left.schema == right.schema
        and left.zero_threshold == right.zero_threshold
        and left.custom_values == right.custom_values
        and _same(left.zero_count, right.zero_count)
        and _same(left.count, right.count)
        and _same(left.sum, right.sum)
        and _same_buckets(left.positive, right.positive)
        and _same_buckets(left.negative, right.negative)
    )


def check_compatible(left: NativeHistogram, right: NativeHistogram) -> None:
    if is_custom(left) != is_custom(right):
        raise Incompatible


def joined_hint(left: ResetHint, right: ResetHint) -> tuple[ResetHint, bool]:
    """The hint of a sum, and whether the two contradict each other."""
    if left == right:
        return left, False
    if "gauge" in (left, right):
        return "gauge", False
    return "unknown", "unknown" not in (left, right)


def compacted(counts: Mapping[int, float]) -> Buckets:
    """Buckets that are not empty, in order."""
    kept = sorted(index for index, count in counts.items() if count != 0)
    return Buckets(tuple(kept), tuple([counts[index] for index in kept]))


def counts_of(buckets: Buckets) -> Counts:
    return dict(zip(buckets.index, buckets.count, strict=True))


def widened(counts: Counts, shift: int) -> Counts:
    """Counts by the index of the bucket `shift` schemas lower that contains them."""
    if shift <= 0:
        return counts
    out: Counts = {}
    for index, count in counts.items():
        wide = ((index - 1) >> shift) + 1
        out[wide] = out.get(wide, 0.0) + count
    return out


def common_bounds(left: tuple[float, ...], right: tuple[float, ...]) -> tuple[float, ...]:
    others = set(right)
    return tuple([bound for bound in left if bound in others])


def rebound(counts: Counts, bounds: tuple[float, ...], target: tuple[float, ...]) -> Counts:
    """Custom buckets by the bucket of `target`, a part of `bounds`, that contains them."""
    out: Counts = {}
    at = 0
    for index in sorted(counts):
        if index >= len(bounds):
            at = len(target)
        while at < len(target) and target[at] < bounds[index]:
            at += 1
        out[at] = out.get(at, 0.0) + counts[index]
    return out


def with_zero_width(histogram: NativeHistogram, width: float) -> NativeHistogram:
    """With a zero bucket of at least `width`: wider where that would cut a bucket that counts anything."""
    if width == histogram.zero_threshold:
        return histogram
    zero, width = zero_count_at(histogram, width)
    return replace(
        histogram,
        zero_threshold=width,
        zero_count=zero,
        positive=_beyond(histogram.positive, [span.lower >= width for span in positive_spans(histogram)]),
        negative=_beyond(histogram.negative, [span.upper <= -width for span in negative_spans(histogram)]),
    )


def zero_count_at(histogram: NativeHistogram, width: float) -> tuple[float, float]:
    """What the zero bucket would count if it were `width` wide, and how wide it then has to be."""
    if width == histogram.zero_threshold:
        return histogram.zero_count, width
    while True:
        count = histogram.zero_count
        for span in positive_spans(histogram):
            if span.lower >= width:
                break
            count += span.count
            if span.upper > width:
                width = span.upper
                break
        for span in negative_spans(histogram):
            if span.upper <= -width:
                return count, width
            count += span.count
            if span.lower < -width:
                # What was taken from the positive side was for a narrower bucket: once more.
                width = -span.lower
                break
        else:
            return count, width


def same_zero_width(left: NativeHistogram, right: NativeHistogram) -> tuple[NativeHistogram, float]:
    """`left` with a zero bucket that suits both, and what that of `right` would then count."""
    zero, width = right.zero_count, right.zero_threshold
    if math.isnan(width) or math.isnan(left.zero_threshold):
        return left, zero  # no sender means it, and no width would ever suit both
    while width != left.zero_threshold:
        if left.zero_threshold > width:
            zero, width = zero_count_at(right, left.zero_threshold)
        if width > left.zero_threshold:
            left = with_zero_width(left, width)
    return left, zero


def _join(left: NativeHistogram, right: NativeHistogram, sign: float) -> Joined:
    check_compatible(left, right)
    hint, collision = joined_hint(left.reset_hint, right.reset_hint)
    count, total = left.count + sign * right.count, left.sum + sign * right.sum
    if is_custom(left):
        ours, theirs = counts_of(left.positive), counts_of(right.positive)
        bounds, reconciled = left.custom_values, left.custom_values != right.custom_values
        if reconciled:
            bounds = common_bounds(left.custom_values, right.custom_values)
            ours = rebound(ours, left.custom_values, bounds)
            theirs = rebound(theirs, right.custom_values, bounds)
        positive = compacted(_plus(ours, theirs, sign))
        out = replace(left, count=count, sum=total, positive=positive, custom_values=bounds, reset_hint=hint)
        return Joined(out, collision, reconciled)
    left, zero = same_zero_width(left, right)
    schema = min(left.schema, right.schema)
    sides = [
        compacted(
            _plus(
                widened(counts_of(ours), left.schema - schema),
                outside(widened(counts_of(theirs), right.schema - schema), schema, left.zero_threshold),
                sign,
            )
        )
        for ours, theirs in ((left.positive, right.positive), (left.negative, right.negative))
    ]
    return Joined(
        NativeHistogram(
            schema, count, total, left.zero_threshold, left.zero_count + sign * zero, sides[0], sides[1], (), hint
        ),
        collision,
    )


def outside(counts: Counts, schema: int, width: float) -> Counts:
    """Without the buckets that lie in the zero bucket, where they have been counted already."""
    if width == 0:
        return counts
    return {index: count for index, count in counts.items() if upper_bound(index, schema) > width}


def _plus(left: Counts, right: Counts, sign: float) -> Counts:
    out = dict(left)
    for index, count in right.items():
        out[index] = out.get(index, 0.0) + sign * count
    return out


def _each(histogram: NativeHistogram, change: Callable[[float], float], *, negative: bool) -> NativeHistogram:
    return NativeHistogram(
        histogram.schema,
        change(histogram.count),
        change(histogram.sum),
        histogram.zero_threshold,
        change(histogram.zero_count),
        _each_bucket(histogram.positive, change),
        _each_bucket(histogram.negative, change),
        histogram.custom_values,
        "gauge" if negative else histogram.reset_hint,
    )


def _each_bucket(buckets: Buckets, change: Callable[[float], float]) -> Buckets:
    if not buckets.index:
        return buckets
    counts = [change(count) for count in buckets.count]
    if all(counts):
        return Buckets(buckets.index, tuple(counts))
    return compacted(dict(zip(buckets.index, counts, strict=True)))


def _by_zero(value: float, zero: float) -> float:
    if value == 0 or math.isnan(value):
        return math.nan
    return math.copysign(math.inf, value) * math.copysign(1.0, zero)


def _beyond(buckets: Buckets, kept: list[bool]) -> Buckets:
    pairs = [pair for pair, keep in zip(zip(buckets.index, buckets.count, strict=True), kept, strict=True) if keep]
    return Buckets(tuple([index for index, _ in pairs]), tuple([count for _, count in pairs]))


def _same(left: float, right: float) -> bool:
    return left == right or (math.isnan(left) and math.isnan(right))


def _same_buckets(left: Buckets, right: Buckets) -> bool:
    if left.index != right.index:
        return False
    return left.count == right.count or all(map(_same, left.count, right.count))
