"""Native histograms of Prometheus: one sample that is a whole distribution.

Facts: Prometheus's native histogram specification. Exponential schemas are -4..8, where bucket `i` of the positive side
holds `(2**(2**-schema * (i-1)), 2**(2**-schema * i)]`; schema -53 has custom boundaries instead (`custom_values`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby
from typing import Literal, Protocol, runtime_checkable

from hannun.model.budget import Budget
from hannun.model.labels import Labels
from hannun.model.matcher import Matchers

CUSTOM_SCHEMA = -53
SCHEMA_MIN, SCHEMA_MAX = -4, 8

ResetHint = Literal["unknown", "reset", "no_reset", "gauge"]


@dataclass(frozen=True, slots=True)
class Buckets:
    """Buckets that are not empty, ascending by `index`; `count` holds absolute counts (never deltas)."""

    index: tuple[int, ...] = ()
    count: tuple[float, ...] = ()

    def __len__(self) -> int:
        return len(self.index)


@dataclass(frozen=True, slots=True)
class NativeHistogram:
    """Counts are floats, whatever they were on the wire. `custom_values` are upper bounds without +Inf, ascending."""

    schema: int
    count: float
    sum: float
    zero_threshold: float = 0.0
    zero_count: float = 0.0
    positive: Buckets = Buckets()
    negative: Buckets = Buckets()
    custom_values: tuple[float, ...] = ()
    reset_hint: ResetHint = "unknown"

    @property
    def buckets(self) -> int:
        """How many of them are not empty."""
        return len(self.positive) + len(self.negative)

    @property
    def size_bytes(self) -> int:
        """What it weighs in memory, about: Python numbers, not columns."""
        return 320 + 72 * self.buckets + 32 * len(self.custom_values)


def reduced(histogram: NativeHistogram, schema: int) -> NativeHistogram:
    """The same observations in the wider buckets of a lower exponential schema; itself where it is not lower.

    Bucket `i` becomes one of the bucket that contains it, so nothing is estimated. Custom boundaries stay as they are.
    """
    if histogram.schema == CUSTOM_SCHEMA or histogram.schema <= schema:
        return histogram
    shift = histogram.schema - schema
    positive, negative = _joined(histogram.positive, shift), _joined(histogram.negative, shift)
    return replace(histogram, schema=schema, positive=positive, negative=negative)


def _joined(buckets: Buckets, shift: int) -> Buckets:
    pairs = zip(buckets.index, buckets.count, strict=True)
    joined = [
        (index, sum(count for _, count in some))
        for index, some in groupby(pairs, key=lambda pair: ((pair[0] - 1) >> shift) + 1)
    ]
    return Buckets(tuple(index for index, _ in joined), tuple(count for _, count in joined))


@dataclass(frozen=True, slots=True)
class HistogramSample:
    """One sample on its way into the store. `series` is `labels.series_id()`."""

    series: int
    ts_ms: int
    histogram: NativeHistogram


@dataclass(frozen=True, slots=True)
class HistogramSeries:
    """Samples of one series as they are read: `ts_ms` ascending, one histogram each.

    A staleness marker of such a series is a float sample like any other's and is read with the floats.
    """

    labels: Labels
    ts_ms: tuple[int, ...]
    histograms: tuple[NativeHistogram, ...]


@runtime_checkable
class HistogramReader(Protocol):
    """A metric reader that holds native histograms too. Blocks."""

    def histograms(self, matchers: Matchers, start_ms: int, end_ms: int, budget: Budget) -> tuple[HistogramSeries, ...]:
        """Every matching series with a histogram in `(start_ms, end_ms]`; costs nothing where no metric has any."""
        ...
