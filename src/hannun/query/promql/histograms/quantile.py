"""What a native histogram tells of its observations: quantiles, shares, spread.

Inside exponential buckets values are taken to lie evenly on a logarithmic scale, inside the zero bucket and custom
buckets on a linear one. The natural edge of a zero bucket is 0 where the other side has no observations.
"""

from __future__ import annotations

import math
from typing import Literal

from hannun.model.histogram import NativeHistogram
from hannun.query.promql.histograms.buckets import Span, all_spans, is_custom

Doubt = Literal["", "nan", "skewed"]


def quantile(q: float, histogram: NativeHistogram) -> tuple[float, Doubt]:
    """The q-quantile; NaN of no observations. Observations of NaN count as above all others: then a doubt is told."""
    if q < 0:
        return -math.inf, ""
    if q > 1:
        return math.inf, ""
    if histogram.count == 0 or math.isnan(q):
        return math.nan, ""
    has_nan = math.isnan(histogram.sum)
    forward = has_nan or q < 0.5
    spans = all_spans(histogram)
    walked = spans if forward else spans[::-1]
    rank = (q if forward else 1 - q) * histogram.count
    count, at = 0.0, Span(0.0, 0.0, False, False, 0.0)
    seen = 0
    for at in walked:
        seen += 1
        count += at.count
        if at.count != 0 and count >= rank:
            break
    edge, at = _natural(histogram, at)
    if edge is not None:
        return edge, ""
    inside = min(count, histogram.count)
    if inside < rank:
        return (math.nan, "nan") if has_nan else (at.upper, "")
    rank = rank - (inside - at.count) if forward else inside - rank
    doubt: Doubt = ""
    if has_nan and inside + sum(span.count for span in walked[seen:]) < histogram.count:
        doubt = "skewed"
    return _inside(histogram, at, rank / at.count if at.count else math.nan), doubt


def share(lower: float, upper: float, histogram: NativeHistogram) -> tuple[float, Doubt]:
    """The share of observations between two values; NaN of no observations."""
    if histogram.count == 0 or math.isnan(lower) or math.isnan(upper):
        return math.nan, ""
    if lower >= upper:
        return 0.0, ""
    spans = all_spans(histogram)
    counted = histogram.count
    doubt: Doubt = ""
    if math.isnan(histogram.sum):
        counted = sum(span.count for span in spans)
        doubt = "nan" if counted < histogram.count else ""
    below_upper = min(_rank(upper, histogram, spans, counted), counted)
    below_lower = min(_rank(lower, histogram, spans, counted), counted)
    return (below_upper - below_lower) / histogram.count, doubt


def variance(histogram: NativeHistogram) -> float:
    """Population variance, each bucket's observations taken to be at its middle (the geometric one if exponential)."""
    if histogram.count == 0:
        return math.nan
    mean = histogram.sum / histogram.count
    values: list[float] = []
    for span in all_spans(histogram):
        if span.count == 0:
            continue
        if is_custom(histogram):
            middle = (span.upper + span.lower) / 2
        elif span.lower <= 0 <= span.upper:
            middle = 0.0
        else:
            middle = math.sqrt(span.upper * span.lower)
            middle = -middle if span.upper < 0 else middle
        values.append(span.count * (middle - mean) * (middle - mean))
    exact = math.fsum if all(map(math.isfinite, values)) else sum
    return exact(values) / histogram.count


def average(histogram: NativeHistogram) -> float:
    if histogram.count == 0:
        return math.nan if histogram.sum == 0 or math.isnan(histogram.sum) else math.copysign(math.inf, histogram.sum)
    return histogram.sum / histogram.count


def _natural(histogram: NativeHistogram, at: Span) -> tuple[float | None, Span]:
    """The bucket with its natural edges, or the only value that can be told of one that has none."""
    if is_custom(histogram):
        if at.lower == -math.inf:
            return (at.upper, at) if at.upper <= 0 else (None, at.within(0.0, at.upper))
        return (at.lower, at) if at.upper == math.inf else (None, at)
    if at.lower < 0 < at.upper:
        return None, _one_sided(histogram, at)
    return None, at


def _one_sided(histogram: NativeHistogram, zero: Span) -> Span:
    if len(histogram.positive) and not len(histogram.negative):
        return zero.within(0.0, zero.upper)
    if len(histogram.negative) and not len(histogram.positive):
        return zero.within(zero.lower, 0.0)
    return zero


def _inside(histogram: NativeHistogram, at: Span, fraction: float) -> float:
    if is_custom(histogram) or at.lower <= 0 <= at.upper:
        return at.lower + (at.upper - at.lower) * fraction
    low, high = math.log2(abs(at.lower)), math.log2(abs(at.upper))
    if at.lower > 0:
        return _power(low + (high - low) * fraction)
    return -_power(high + (low - high) * (1 - fraction))


def _power(exponent: float) -> float:
    try:
        return float(2.0**exponent)
    except OverflowError:
        return math.inf


def _rank(value: float, histogram: NativeHistogram, spans: list[Span], counted: float) -> float:
    """How many observations are below `value`."""
    rank = 0.0
    for span in spans:
        holds_zero = span.lower <= 0 <= span.upper
        at = _one_sided(histogram, span) if holds_zero else span
        if at.lower >= value:
            return rank
        if at.upper > value:
            linear = is_custom(histogram) or holds_zero
            return _linear(rank, at, value) if linear else rank + at.count * _log_share(at, value)
        rank += at.count
    return counted


def _linear(rank: float, at: Span, value: float) -> float:
    if at.lower == -math.inf:
        return at.count
    return rank + at.count * (value - at.lower) / (at.upper - at.lower)


def _log_share(at: Span, value: float) -> float:
    low, high, middle = math.log2(abs(at.lower)), math.log2(abs(at.upper)), math.log2(abs(value))
    if value > 0:
        return (middle - low) / (high - low)
    return 1 - (middle - high) / (low - high)
