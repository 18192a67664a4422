"""Mantissa and scale give every float back bit for bit, and keep deltas of a series on one scale."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hannun.model.metric import NORMAL_NAN_BITS, STALE_NAN_BITS
from hannun.store.metrics.decimal import POWERS, RAW, decode, encode


def encoded(values: np.ndarray, hints: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    mantissa, scale = np.empty(len(values), np.int64), np.empty(len(values), np.int8)
    hints = np.zeros(1, np.int8) if hints is None else hints
    encode(values, np.zeros(len(values), np.int64), hints, POWERS, mantissa, scale)
    return mantissa, scale


def round_trip(values: np.ndarray) -> np.ndarray:
    mantissa, scale = encoded(values)
    out = np.empty(len(values), np.float64)
    decode(mantissa, scale, POWERS, out)
    return out


@given(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=60))
@settings(max_examples=300, deadline=None)
def test_any_bits_come_back(bits: list[int]) -> None:
    values = np.array(bits, np.uint64).view(np.float64)
    assert round_trip(values).tobytes() == values.tobytes()


@given(st.lists(st.floats(width=64) | st.integers(-(2**63), 2**63).map(float), min_size=1, max_size=60))
@settings(max_examples=300, deadline=None)
def test_any_floats_come_back(floats: list[float]) -> None:
    values = np.array(floats, np.float64)
    assert round_trip(values).tobytes() == values.tobytes()


@given(st.lists(st.decimals(-10000, 10000, places=3).map(float), min_size=1, max_size=60))
@settings(max_examples=100, deadline=None)
def test_decimals_come_back_and_are_never_raw(floats: list[float]) -> None:
    values = np.array(floats) + 0.0  # no minus zero
    assert round_trip(values).tobytes() == values.tobytes()
    assert (encoded(values)[1] != RAW).all()


@pytest.mark.parametrize(
    "bits",
    [
        pytest.param(STALE_NAN_BITS, id="staleness marker"),
        pytest.param(NORMAL_NAN_BITS, id="NaN of Prometheus"),
        pytest.param(0xFFF8000000000123, id="negative NaN with a payload"),
        pytest.param(0x8000000000000000, id="minus zero"),
        pytest.param(0x7FF0000000000000, id="infinity"),
        pytest.param(0x0000000000000001, id="smallest subnormal"),
    ],
)
def test_bits_that_are_no_decimal_are_kept_raw(bits: int) -> None:
    values = np.array([bits], np.uint64).view(np.float64)
    assert encoded(values)[1].tolist() == [RAW]
    assert round_trip(values).tobytes() == values.tobytes()


def test_integers_need_no_scale_and_stay_themselves() -> None:
    values = np.array([0.0, 1.0, -5.0, 2.0**53, 1e15])
    mantissa, scale = encoded(values)
    assert scale.tolist() == [0] * 5
    assert mantissa.tolist() == [0, 1, -5, 2**53, 10**15]


def test_a_series_stays_on_the_finest_scale_it_has_met() -> None:
    _, scale = encoded(np.array([0.5, 0.25, 1.0, 2.0, 0.125, 3.5]))
    assert scale.tolist() == [1, 2, 2, 2, 3, 3]


def test_markers_do_not_change_the_scale_of_a_series() -> None:
    stale = np.array([STALE_NAN_BITS], np.uint64).view(np.float64)[0]
    _, scale = encoded(np.array([0.25, stale, 0.5, np.inf, 0.75]))
    assert scale.tolist() == [2, RAW, 2, RAW, 2]


def test_a_series_of_raw_floats_leaves_raw_only_for_short_decimals() -> None:
    _, scale = encoded(np.array([0.1 + 0.2, 1 / 3, 0.123456789012, 0.25]))
    assert scale.tolist() == [RAW, RAW, RAW, 2]
