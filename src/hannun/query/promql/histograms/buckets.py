"""Where the buckets of a native histogram begin and end, and all of them in order."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from hannun.model.histogram import CUSTOM_SCHEMA, NativeHistogram

INDEX_MAX = 1 << 40
"""Beyond this no index means a finite boundary at any schema; it keeps the arithmetic in range."""


@dataclass(frozen=True, slots=True)
class Span:
    """One bucket as values see it: from `lower` to `upper`, which edges belong to it, and what it counts."""

    lower: float
    upper: float
    lower_inclusive: bool
    upper_inclusive: bool
    count: float

    def within(self, lower: float, upper: float) -> Span:
        return Span(lower, upper, self.lower_inclusive, self.upper_inclusive, self.count)


def is_custom(histogram: NativeHistogram) -> bool:
    return histogram.schema == CUSTOM_SCHEMA


def upper_bound(index: int, schema: int) -> float:
    """The upper boundary of bucket `index` of an exponential schema; the last finite one is the largest float."""
    index = min(max(index, -INDEX_MAX), INDEX_MAX)
    if schema <= 0:
        exponent, fraction = index << -schema, 1.0
    else:
        exponent, rest = index >> schema, index & ((1 << schema) - 1)
        fraction = 2.0 ** (rest / (1 << schema))
    if exponent >= 1024:
        return sys.float_info.max if exponent == 1024 and fraction == 1.0 else math.inf
    return math.ldexp(fraction, exponent)


def custom_bound(index: int, bounds: tuple[float, ...]) -> float:
    """The upper boundary of custom bucket `index`: the one behind the last boundary reaches to +Inf."""
    if index < 0:
        return -math.inf
    return bounds[index] if index < len(bounds) else math.inf


def positive_spans(histogram: NativeHistogram) -> Iterator[Span]:
    """Positive (or custom) buckets, ascending, as they were counted: not cut at the zero threshold."""
    pairs = zip(histogram.positive.index, histogram.positive.count, strict=True)
    if is_custom(histogram):
        bounds = histogram.custom_values
        for index, count in pairs:
            yield Span(custom_bound(index - 1, bounds), custom_bound(index, bounds), index == 0, True, count)
        return
    schema = histogram.schema
    for index, count in pairs:
        yield Span(upper_bound(index - 1, schema), upper_bound(index, schema), False, True, count)


def negative_spans(histogram: NativeHistogram) -> Iterator[Span]:
    """Negative buckets from zero downwards."""
    schema = histogram.schema
    for index, count in zip(histogram.negative.index, histogram.negative.count, strict=True):
        yield Span(-upper_bound(index, schema), -upper_bound(index - 1, schema), True, False, count)


def zero_span(histogram: NativeHistogram) -> Span:
    return Span(-histogram.zero_threshold, histogram.zero_threshold, True, True, histogram.zero_count)


def all_spans(histogram: NativeHistogram) -> list[Span]:
    """Every bucket from the lowest values to the highest, cut where it reaches into the zero bucket."""
    width = histogram.zero_threshold
    out = [_outside_zero(span, width) for span in negative_spans(histogram)]
    out.reverse()
    if histogram.zero_count > 0:
        out.append(zero_span(histogram))
    out.extend(_outside_zero(span, width) for span in positive_spans(histogram))
    return out


def _outside_zero(span: Span, width: float) -> Span:
    if span.upper < 0 and span.upper > -width:
        return span.within(span.lower, -width)
    if 0 < span.lower < width:
        return span.within(width, span.upper)
    return span
