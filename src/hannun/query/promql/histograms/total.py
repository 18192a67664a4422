"""Sums and means of many native histograms, each count with a compensation term as floats have one (Kahan, Neumaier).

As Prometheus does it: a mean is the sum divided at the end, and a running mean only where the sum would overflow.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hannun.model.histogram import Buckets, NativeHistogram, ResetHint
from hannun.query.promql.histograms.algebra import (
    add,
    check_compatible,
    common_bounds,
    compacted,
    counts_of,
    divided,
    outside,
    rebound,
    same_zero_width,
    scaled,
    widened,
)
from hannun.query.promql.histograms.buckets import is_custom

Sides = tuple[dict[int, float], dict[int, float]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """A sum or mean. `collision`: some counter was reset and some was not. `reconciled`: custom bounds differed."""

    histogram: NativeHistogram
    collision: bool
    reconciled: bool


def total(histograms: Sequence[NativeHistogram]) -> Outcome:
    """The sum of at least one. Raises Incompatible."""
    running = _Running(histograms[0])
    for histogram in histograms[1:]:
        running.add(histogram)
    return Outcome(running.value(), _collide(histograms), running.reconciled)


def mean(histograms: Sequence[NativeHistogram]) -> Outcome:
    """The mean of at least one. Raises Incompatible."""
    running = _Running(histograms[0])
    for histogram in histograms[1:]:
        running.add(histogram)
    if running.finite():
        return Outcome(running.value(len(histograms)), _collide(histograms), running.reconciled)
    return Outcome(_moving_mean(histograms), _collide(histograms), running.reconciled)


def _moving_mean(histograms: Sequence[NativeHistogram]) -> NativeHistogram:
    """Up to where the sum overflows as a sum, from there on as a mean that moves with each further histogram."""
    running = _Running(histograms[0])
    done = 1
    for histogram in histograms[1:]:
        attempt = running.copy()
        attempt.add(histogram)
        if attempt.overflows():
            break
        running = attempt
        done += 1
    if done == len(histograms):
        return running.value(done)
    out = running.value(done)
    for histogram in histograms[done:]:
        done += 1
        out = add(scaled(out, (done - 1) / done), divided(histogram, done)).histogram
    return out


def _collide(histograms: Iterable[NativeHistogram]) -> bool:
    hints = {histogram.reset_hint for histogram in histograms}
    return "reset" in hints and "no_reset" in hints


class _Running:
    """What has been added so far. `[value, compensation]` for each of the three numbers, two tables for the buckets."""

    def __init__(self, first: NativeHistogram) -> None:
        self.reconciled = False
        self._layout = first
        self._hint: ResetHint = first.reset_hint
        self._count, self._sum, self._zero = [first.count, 0.0], [first.sum, 0.0], [first.zero_count, 0.0]
        self._sides: Sides = (counts_of(first.positive), counts_of(first.negative))
        self._rest: Sides = ({}, {})

    def copy(self) -> _Running:
        other = _Running(self._layout)
        other.reconciled, other._hint = self.reconciled, self._hint
        other._count, other._sum, other._zero = list(self._count), list(self._sum), list(self._zero)
        other._sides = (dict(self._sides[0]), dict(self._sides[1]))
        other._rest = (dict(self._rest[0]), dict(self._rest[1]))
        return other

    def add(self, other: NativeHistogram) -> None:
        check_compatible(self._layout, other)
        self._hint = _hint(self._hint, other.reset_hint)
        if is_custom(other):
            if other.custom_values != self._layout.custom_values:
                self._rebound(common_bounds(self._layout.custom_values, other.custom_values))
            bounds = self._layout.custom_values
            theirs = counts_of(other.positive)
            if other.custom_values != bounds:
                theirs = rebound(theirs, other.custom_values, bounds)
            sides: Sides = (theirs, {})
        else:
            if other.zero_threshold != self._layout.zero_threshold or other.schema < self._layout.schema:
                self._settle(other)
            layout = self._layout
            zero = same_zero_width(layout, other)[1] if other.zero_threshold != layout.zero_threshold else None
            _increase(self._zero, other.zero_count if zero is None else zero)
            positive, negative = counts_of(other.positive), counts_of(other.negative)
            shift = other.schema - layout.schema
            if shift:
                positive, negative = widened(positive, shift), widened(negative, shift)
            width = layout.zero_threshold
            sides = (outside(positive, layout.schema, width), outside(negative, layout.schema, width))
        _increase(self._count, other.count)
        _increase(self._sum, other.sum)
        for values, rest, more in zip(self._sides, self._rest, sides, strict=True):
            for index, count in more.items():
                if index not in values:
                    values[index] = count
                    continue
                pair = [values[index], rest.get(index, 0.0)]
                _increase(pair, count)
                values[index], rest[index] = pair

    def value(self, divisor: int = 1) -> NativeHistogram:
        """The sum, or with a divisor the mean."""
        layout = self._layout
        return NativeHistogram(
            layout.schema,
            _over(self._count, divisor),
            _over(self._sum, divisor),
            layout.zero_threshold,
            _over(self._zero, divisor),
            _buckets(self._sides[0], self._rest[0], divisor),
            _buckets(self._sides[1], self._rest[1], divisor),
            layout.custom_values,
            self._hint,
        )

    def finite(self) -> bool:
        """Whether nothing has overflowed (or was infinite from the beginning)."""
        numbers = (self._count[0], self._sum[0], self._zero[0])
        return all(map(math.isfinite, numbers)) and all(
            math.isfinite(count) for side in self._sides for count in side.values()
        )

    def overflows(self) -> bool:
        numbers = (self._count[0], self._sum[0], self._zero[0])
        counts = (count for side in self._sides for count in side.values())
        return any(map(math.isinf, numbers)) or any(map(math.isinf, counts))

    def _rebound(self, bounds: tuple[float, ...]) -> None:
        """Both tables in wider custom buckets."""
        self.reconciled = True
        old = self._layout.custom_values
        if bounds == old:
            return
        self._sides = (rebound(self._sides[0], old, bounds), {})
        self._rest = (rebound(self._rest[0], old, bounds), {})
        self._layout = _layout_of(self._layout, bounds)

    def _settle(self, other: NativeHistogram) -> None:
        """Both tables at a resolution and with a zero bucket that suit `other` too; rarely needed."""
        now = same_zero_width(self.value(), other)[0]
        shift = max(now.schema - other.schema, 0)
        self._layout = NativeHistogram(now.schema - shift, 0.0, 0.0, now.zero_threshold)
        self._zero = [now.zero_count, 0.0]
        self._sides = (widened(counts_of(now.positive), shift), widened(counts_of(now.negative), shift))
        self._rest = ({}, {})


def _layout_of(old: NativeHistogram, bounds: tuple[float, ...]) -> NativeHistogram:
    return NativeHistogram(old.schema, 0.0, 0.0, custom_values=bounds)


def _hint(left: ResetHint, right: ResetHint) -> ResetHint:
    if left == right:
        return left
    return "gauge" if "gauge" in (left, right) else "unknown"


def _increase(pair: list[float], by: float) -> None:
    value, rest = pair
    after = value + by
    if math.isinf(after):
        pair[1] = 0.0
    elif abs(value) >= abs(by):
        pair[1] = rest + ((value - after) + by)
    else:
        pair[1] = rest + ((by - after) + value)
    pair[0] = after


def _over(pair: list[float], divisor: int) -> float:
    return pair[0] + pair[1] if divisor == 1 else pair[0] / divisor + pair[1] / divisor


def _buckets(values: dict[int, float], rest: dict[int, float], divisor: int) -> Buckets:
    return compacted({index: _over([count, rest.get(index, 0.0)], divisor) for index, count in values.items()})
