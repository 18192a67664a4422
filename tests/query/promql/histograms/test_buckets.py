"""Where buckets begin and end."""

from __future__ import annotations

import math
import sys

import pytest

from hannun.model.histogram import CUSTOM_SCHEMA, Buckets, NativeHistogram
from hannun.query.promql.histograms.buckets import all_spans, upper_bound

BOUNDS = [
    (0, 0, 1.0),
    (1, 0, 2.0),
    (-1, 0, 0.5),
    (0, 8, 1.0),
    (256, 8, 2.0),
    (1, 1, math.sqrt(2)),
    (1, -1, 4.0),
    (-1, -2, 1 / 16),
    (1, -4, 65536.0),
    (1024, 0, sys.float_info.max),
    (1025, 0, math.inf),
    (64, -4, sys.float_info.max),
    (65, -4, math.inf),
    (262144, 8, sys.float_info.max),
    (262145, 8, math.inf),
    (2**31 - 1, 8, math.inf),
    (-(2**31), 8, 0.0),
    (-(2**62), -4, 0.0),
]


@pytest.mark.parametrize(("index", "schema", "bound"), BOUNDS, ids=[f"bucket {i} of schema {s}" for i, s, _ in BOUNDS])
def test_upper_bound_of_an_exponential_bucket(index: int, schema: int, bound: float) -> None:
    assert upper_bound(index, schema) == pytest.approx(bound, rel=1e-15)


def test_buckets_come_from_the_lowest_values_to_the_highest() -> None:
    found = NativeHistogram(0, 10.0, 0.0, 0.75, 3.0, Buckets((0, 2), (1.0, 2.0)), Buckets((0, 1), (3.0, 1.0)))
    edges = [(span.lower, span.upper, span.lower_inclusive, span.upper_inclusive) for span in all_spans(found)]
    assert edges == [
        (-2.0, -1.0, True, False),
        (-1.0, -0.75, True, False),  # cut at the zero bucket
        (-0.75, 0.75, True, True),
        (0.75, 1.0, False, True),
        (2.0, 4.0, False, True),
    ]


def test_custom_buckets_reach_to_both_infinities() -> None:
    found = NativeHistogram(
        CUSTOM_SCHEMA, 3.0, 0.0, positive=Buckets((0, 1, 2), (1.0, 1.0, 1.0)), custom_values=(1.0, 2.0)
    )
    edges = [(span.lower, span.upper, span.lower_inclusive) for span in all_spans(found)]
    assert edges == [(-math.inf, 1.0, True), (1.0, 2.0, False), (2.0, math.inf, False)]
