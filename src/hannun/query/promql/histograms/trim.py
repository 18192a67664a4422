"""The operators `</` and `>/`: a histogram's observations below or above a value, estimated inside the bucket it cuts.

A bucket that reaches to infinity tells nothing of where its observations are: cut, it is left out rather than guessed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from hannun.model.histogram import Buckets, NativeHistogram
from hannun.query.promql.histograms.algebra import compacted
from hannun.query.promql.histograms.buckets import Span, is_custom, negative_spans, positive_spans, zero_span

Kept = tuple[float, float]
"""How many observations of a bucket stay, and where they are taken to be."""


@dataclass(slots=True)
class _Tally:
    count: float = 0.0
    sum: float = 0.0
    changed: bool = False

    def keep(self, span: Span, kept: Kept) -> float:
        count, middle = kept
        self.count += count
        self.sum += middle * count
        self.changed = self.changed or count != span.count
        return count


def trimmed(histogram: NativeHistogram, at: float, *, upper: bool) -> NativeHistogram:
    """What lies below `at` (`upper`, the operator `</`) or above it (`>/`). Itself when nothing is cut off."""
    linear = is_custom(histogram)
    tally = _Tally()
    positive = _side(histogram.positive, positive_spans(histogram), tally, lambda s: _kept(s, at, upper, 1.0, linear))
    negative = _side(histogram.negative, negative_spans(histogram), tally, lambda s: _kept(s, at, upper, -1.0, linear))
    zero = histogram.zero_count
    if zero > 0:
        span = _natural_zero(histogram)
        zero = tally.keep(zero_span(histogram), _zero_kept(span, at, upper))
    if not tally.changed:
        return histogram
    return replace(histogram, count=tally.count, sum=tally.sum, zero_count=zero, positive=positive, negative=negative)


def _side(buckets: Buckets, spans: Iterable[Span], tally: _Tally, kept: Callable[[Span], Kept]) -> Buckets:
    return compacted({index: tally.keep(span, kept(span)) for index, span in zip(buckets.index, spans, strict=True)})


def _kept(span: Span, at: float, upper: bool, sign: float, linear: bool) -> Kept:
    if (span.upper <= at) if upper else (span.lower >= at):
        return span.count, _middle(span.lower, span.upper, sign, linear)
    if not (span.lower < at if upper else span.upper > at):
        return 0.0, 0.0
    if math.isinf(span.lower) or math.isinf(span.upper):
        return _endless(span, at, upper)
    below = span.count * _share_below(span, at, sign, linear)
    if upper:
        return below, _middle(span.lower, at, sign, linear)
    return span.count - below, _middle(at, span.upper, sign, linear)


def _endless(span: Span, at: float, upper: bool) -> Kept:
    """A bucket with an infinite edge that `at` cuts. A first custom bucket that ends above 0 is taken to begin at 0."""
    if span.lower == -math.inf:
        finite = not math.isinf(span.upper)
        if upper:
            if at > 0 and span.upper > 0 and finite:
                return span.count * at / span.upper, at / 2
            return (span.count, at) if span.upper <= 0 else (0.0, 0.0)
        if at >= 0 and span.upper > at and finite:
            return span.count * (1 - at / span.upper), (at + span.upper) / 2
        return 0.0, 0.0
    if not upper and at >= span.lower:
        return span.count, at
    return 0.0, 0.0


def _share_below(span: Span, at: float, sign: float, linear: bool) -> float:
    if at <= span.lower:
        return 0.0
    if at >= span.upper:
        return 1.0
    if linear or 0.0 in (span.lower, span.upper, at):
        return (at - span.lower) / (span.upper - span.lower)
    low, high, middle = math.log2(abs(span.lower)), math.log2(abs(span.upper)), math.log2(abs(at))
    if sign > 0:
        return (middle - low) / (high - low)
    return 1 - (middle - high) / (low - high)


def _natural_zero(histogram: NativeHistogram) -> Span:
    """The zero bucket, up to 0 alone where the other side has no observations."""
    span = zero_span(histogram)
    some_above, some_below = any(histogram.positive.count), any(histogram.negative.count)
    if some_below and not some_above:
        return span.within(span.lower, 0.0)
    if some_above and not some_below:
        return span.within(0.0, span.upper)
    return span


def _zero_kept(span: Span, at: float, upper: bool) -> Kept:
    all_of_it = span.count, (span.lower + span.upper) / 2
    nothing = 0.0, 0.0
    if at <= span.lower:
        return nothing if upper else all_of_it
    if at >= span.upper:
        return all_of_it if upper else nothing
    width = span.upper - span.lower
    if upper:
        return span.count * ((at - span.lower) / width), (span.lower + at) / 2
    return span.count * ((span.upper - at) / width), (at + span.upper) / 2


def _middle(lower: float, upper: float, sign: float, linear: bool) -> float:
    if math.isinf(lower):
        if math.isinf(upper):
            return 0.0
        return upper / 2 if upper > 0 else upper
    if math.isinf(upper):
        return lower
    if linear:
        return (lower + upper) / 2
    return sign * math.sqrt(abs(lower * upper))
