"""The clock face: points are whole multiples of the interval of Unix time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hannun.collect.grid import next_point, snapped


@pytest.mark.parametrize(
    ("now_ms", "point_ms"), [(0, 15_000), (14_999, 15_000), (15_000, 30_000), (1_700_000_001_000, 1_700_000_010_000)]
)
def test_next_point(now_ms: int, point_ms: int) -> None:
    assert next_point(now_ms, 15_000) == point_ms


@given(st.integers(0, 2**43), st.integers(1, 10**6))
def test_the_next_point_is_later_and_at_most_one_interval_away(now_ms: int, interval_ms: int) -> None:
    point_ms = next_point(now_ms, interval_ms)
    assert now_ms < point_ms <= now_ms + interval_ms
    assert point_ms % interval_ms == 0


@pytest.mark.parametrize(
    ("now_ms", "ts_ms"),
    [
        pytest.param(30_000, 30_000, id="on time"),
        pytest.param(29_996, 30_000, id="a sleep ended early"),
        pytest.param(30_150, 30_000, id="late within tolerance"),
        pytest.param(30_151, 30_151, id="too late to claim the point"),
        pytest.param(86_430_000, 86_430_000, id="the clock jumped ahead"),
    ],
)
def test_a_reading_near_its_point_bears_the_points_time(now_ms: int, ts_ms: int) -> None:
    assert snapped(now_ms, 30_000) == ts_ms
