"""Native histograms of a page as the job wants them: not too many buckets, and rows of their own in the batch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hannun.collect.scrape import advice
from hannun.collect.scrape.failure import ScrapeFailed
from hannun.collect.scrape.series import Round
from hannun.model.histogram import CUSTOM_SCHEMA, SCHEMA_MAX, SCHEMA_MIN, HistogramSample, NativeHistogram, reduced
from hannun.wire.exposition_text import PageHistogram

_FINEST = 1.00271
"""The growth from bucket to bucket of schema 8; a smaller factor asks for nothing."""


def schema_of(min_bucket_factor: float) -> int:
    """The finest schema whose buckets grow at least by this factor, as Prometheus picks it."""
    factor = min_bucket_factor if min_bucket_factor > 1 else _FINEST
    return int(min(max(math.floor(-math.log2(math.log2(factor))), SCHEMA_MIN), SCHEMA_MAX))


class BucketLimit:
    """`native_histogram_bucket_limit` and `native_histogram_min_bucket_factor` of a job; 0: none."""

    def __init__(self, buckets_max: int, min_bucket_factor: float) -> None:
        self._buckets_max = buckets_max
        self._schema = schema_of(min_bucket_factor) if min_bucket_factor else SCHEMA_MAX

    def of(self, histogram: NativeHistogram) -> NativeHistogram:
        """In buckets as wide as it takes. Raises ScrapeFailed when the widest are still too many."""
        histogram = reduced(histogram, self._schema)
        while self._buckets_max and histogram.buckets > self._buckets_max:
            if histogram.schema in (CUSTOM_SCHEMA, SCHEMA_MIN):
                raise ScrapeFailed(
                    "histogram bucket limit exceeded", advice.TOO_MANY_BUCKETS.with_(limit=self._buckets_max)
                )
            histogram = reduced(histogram, histogram.schema - 1)
        return histogram


def taken_out(found: Round, told: Sequence[PageHistogram]) -> tuple[Round, tuple[HistogramSample, ...]]:
    """The rows that are histograms, and the round without them: to the store they are samples of another kind."""
    if not told:
        return found, ()
    of_row = dict(told)
    shaped = np.isin(found.row, np.fromiter(of_row, np.int64))
    rows = zip(found.series[shaped].tolist(), found.ts_ms[shaped].tolist(), found.row[shaped].tolist(), strict=True)
    samples = tuple(HistogramSample(series, ts_ms, of_row[row]) for series, ts_ms, row in rows)
    left = ~shaped
    floats = replace(
        found, series=found.series[left], ts_ms=found.ts_ms[left], value=found.value[left], row=found.row[left]
    )
    return floats, samples
