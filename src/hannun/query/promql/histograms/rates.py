"""How fast native histograms grow: rate, increase, delta, irate and idelta, and their anchored and smoothed forms."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import replace

from hannun.model.histogram import Buckets, NativeHistogram, reduced
from hannun.query.promql.histograms.algebra import Incompatible, add, as_gauge, divided, scaled, subtract
from hannun.query.promql.histograms.buckets import is_custom
from hannun.query.promql.histograms.resets import is_reset
from hannun.query.promql.histograms.selecting import interpolated
from hannun.query.promql.histograms.windows import OfWindow, Result, Told, Window
from hannun.query.promql.histograms.words import (
    MISMATCHED,
    MIXED_SAMPLES,
    MIXED_SCHEMAS,
    NOT_COUNTER,
    NOT_GAUGE,
    named,
)


def grown(*, is_counter: bool, is_rate: bool) -> OfWindow:
    def run(window: Window, told: Told) -> Result:
        if window.floats:
            told.warn(named(MIXED_SAMPLES, window.name))
            return None
        if window.mode:
            return _extended(window, told, is_counter, is_rate)
        if len(window.histograms) < 2:
            return None
        growth = _growth(window, told, is_counter)
        if growth is None:
            return None
        factor = _reach(window, growth, is_counter)
        return scaled(growth, factor / window.range_s if is_rate else factor)

    return run


def between_last_two(*, is_rate: bool) -> OfWindow:
    def run(window: Window, told: Told) -> Result:
        last = window.samples()[-2:]
        if len(last) < 2:
            return None
        (before_ms, before), (now_ms, now) = last
        if now_ms == before_ms:
            return None
        if isinstance(before, float) and isinstance(now, float):
            change = now if is_rate and now < before else now - before
            return change / ((now_ms - before_ms) / 1000) if is_rate else change
        if isinstance(before, float) or isinstance(now, float):
            told.warn(named(MIXED_SAMPLES, window.name))
            return None
        gauges = (before.reset_hint == "gauge") + (now.reset_hint == "gauge")
        if is_rate and gauges:
            told.warn(named(NOT_COUNTER, window.name))
        if not is_rate and gauges < 2:
            told.warn(named(NOT_GAUGE, window.name))
        change_of = now
        if not is_rate or not is_reset(now, before):
            try:
                joined = subtract(now, before)
            except Incompatible:
                told.warn(named(MIXED_SCHEMAS, window.name))
                return None
            if joined.reconciled:
                told.info(MISMATCHED.format(what="subtraction"))
            change_of = joined.histogram
        change_of = as_gauge(change_of)
        return divided(change_of, (now_ms - before_ms) / 1000) if is_rate else change_of

    return run


def _growth(window: Window, told: Told, is_counter: bool) -> NativeHistogram | None:
    """The last histogram less the first, resets corrected; None when they are not of one kind."""
    points = window.histograms
    first, second, last = points[0], points[1], points[-1]
    if is_counter:
        if any(point.reset_hint == "gauge" for point in points):
            told.warn(named(NOT_COUNTER, window.name))
        if is_reset(second, first):
            # What it looked like before does not matter then.
            first = _nothing_like(second)
    relevant = points[1:] if is_counter else (last,)
    if any(is_custom(point) != is_custom(first) for point in relevant):
        told.warn(named(MIXED_SCHEMAS, window.name))
        return None
    joined = subtract(last, first)
    growth, reconciled = joined.histogram, joined.reconciled
    if reconciled:
        told.info(MISMATCHED.format(what="subtraction"))
    if is_counter:
        before = first
        for point in points[1:]:
            if is_reset(point, before):
                joined = add(growth, before)
                growth = joined.histogram
                if joined.reconciled:
                    told.info(MISMATCHED.format(what="addition"))
            before = point
        growth = _at_schema_of(growth, points[1:])
    elif first.reset_hint != "gauge" or last.reset_hint != "gauge":
        told.warn(named(NOT_GAUGE, window.name))
    return as_gauge(growth)


def _at_schema_of(growth: NativeHistogram, points: tuple[NativeHistogram, ...]) -> NativeHistogram:
    """No finer than any histogram on the way."""
    return growth if is_custom(growth) else reduced(growth, min(point.schema for point in points))


def _nothing_like(histogram: NativeHistogram) -> NativeHistogram:
    return replace(
        histogram, count=0.0, sum=0.0, zero_threshold=0.0, zero_count=0.0, positive=Buckets(), negative=Buckets(),
        reset_hint="unknown",
    )  # fmt: skip


def _reach(window: Window, growth: NativeHistogram, is_counter: bool) -> float:
    """How much more the whole window is taken to have seen than its samples, by the rules for floats."""
    times = window.histogram_ms
    sampled = (times[-1] - times[0]) / 1000
    apart = sampled / (len(times) - 1)
    to_start, to_end = (times[0] - window.start_ms) / 1000, (window.end_ms - times[-1]) / 1000
    if to_start >= apart * 1.1:
        to_start = apart / 2
    first = window.histograms[0].count
    if is_counter and growth.count > 0 and first >= 0:
        to_start = min(to_start, sampled * (first / growth.count))
    if to_end >= apart * 1.1:
        to_end = apart / 2
    return (sampled + to_start + to_end) / sampled


def _extended(window: Window, told: Told, is_counter: bool, is_rate: bool) -> Result:
    """As for floats: values at the very edges of the window, from samples around it."""
    times, points = window.histogram_ms, window.histograms
    start, end = window.start_ms, window.end_ms
    final = len(times) - 1
    first = max(0, bisect_right(times, start, 0, final) - 1)
    if window.mode == "smoothed":
        final = bisect_left(times, end, 0, final)
    if times[final] <= start or (window.mode == "smoothed" and times[first] > end):
        return None
    for point in points[first : final + 1]:
        if is_custom(point) != is_custom(points[first]):
            told.warn(named(MIXED_SCHEMAS, window.name))
            return None
        if is_counter and point.reset_hint == "gauge":
            told.warn(named(NOT_COUNTER, window.name))
    left, right = points[first], points[final]
    smooth = window.mode == "smoothed"
    if smooth and times[first] < start:
        left = _line(window, told, first, start, is_counter)
    if smooth and final > 0 and times[final] > end:
        right = _line(window, told, final - 1, end, is_counter)
    if not is_counter and (left.reset_hint != "gauge" or right.reset_hint != "gauge"):
        told.warn(named(NOT_GAUGE, window.name))
    growth = _less(right, left, told)
    if is_counter:
        before, inner = left, first + 1
        if smooth and times[first] < start and is_reset(points[first + 1], points[first]):
            # The line that `left` lies on has seen this reset already.
            before, inner = points[first + 1], first + 2
        if inner <= final:
            for point in (*points[inner:final], right):
                if is_reset(point, before):
                    joined = add(growth, before)
                    growth = joined.histogram
                    if joined.reconciled:
                        told.info(MISMATCHED.format(what="addition"))
                before = point
    return as_gauge(divided(growth, window.range_s) if is_rate else growth)


def _less(right: NativeHistogram, left: NativeHistogram, told: Told) -> NativeHistogram:
    joined = subtract(right, left)
    if joined.reconciled:
        told.info(MISMATCHED.format(what="subtraction"))
    return joined.histogram


def _line(window: Window, told: Told, before: int, at_ms: int, is_counter: bool) -> NativeHistogram:
    times, points = window.histogram_ms, window.histograms
    found = interpolated(
        times[before], points[before], times[before + 1], points[before + 1], at_ms,
        told.notes, window.labels, told.span, is_counter=is_counter,
    )  # fmt: skip
    assert found is not None, "histograms of one kind have a line between them"
    return found
