"""Compiled range functions against the plainest reading of what they mean, over random series and windows."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hannun.model.budget import Budget
from hannun.model.labels import Labels
from hannun.model.metric import STALE_NAN
from hannun.query.promql import PromEngine
from hannun.testing.memory_reader import MemoryReader

Sample = tuple[int, float]
Window = Sequence[Sample]
RANGE_MS = 60_000


def _sum(window: Window) -> float:
    values = [value for _, value in window]
    return math.fsum(values) if all(map(math.isfinite, values)) else _plain_sum(values)


def _plain_sum(values: list[float]) -> float:
    with np.errstate(all="ignore"):
        return float(np.sum(values))


def _extreme(window: Window, choose: Callable[[list[float]], float]) -> float:
    numbers = [value for _, value in window if not math.isnan(value)]
    return choose(numbers) if numbers else math.nan


def _variance(window: Window) -> float:
    values = [value for _, value in window]
    if not all(map(math.isfinite, values)):
        return math.nan
    mean = math.fsum(values) / len(values)
    return math.fsum((value - mean) ** 2 for value in values) / len(values)


def _increase(window: Window, start: int, end: int) -> float | None:
    """The words of the specification, one after the other."""
    if len(window) < 2:
        return None
    (t1, v1), (tn, vn) = window[0], window[-1]
    gained = vn - v1
    for (_, before), (_, after) in pairwise(window):
        if after < before:
            gained += before
    sampled, average = (tn - t1) / 1000, (tn - t1) / 1000 / (len(window) - 1)
    to_start, to_end, threshold = (t1 - start) / 1000, (end - tn) / 1000, average * 1.1
    to_start = average / 2 if to_start >= threshold else to_start
    if gained > 0 and v1 >= 0:
        to_start = min(to_start, sampled * (v1 / gained))
    to_end = average / 2 if to_end >= threshold else to_end
    return gained * ((sampled + to_start + to_end) / sampled)


def _changes(window: Window) -> float:
    pairs = pairwise(window)
    return float(sum(a != b and not (math.isnan(a) and math.isnan(b)) for (_, a), (_, b) in pairs))


def _quantile(window: Window, q: float) -> float:
    ordered = sorted((value for _, value in window), key=lambda value: (not math.isnan(value), value))
    rank = q * (len(ordered) - 1)
    low = math.floor(rank)
    high = min(low + 1, len(ordered) - 1)
    with np.errstate(all="ignore"):
        return float(np.float64(ordered[low]) * (1 - (rank - low)) + np.float64(ordered[high]) * (rank - low))


PLAIN: dict[str, Callable[[Window, int, int], float | None]] = {
    "sum_over_time(m[1m])": lambda window, *_: _sum(window),
    "avg_over_time(m[1m])": lambda window, *_: _sum(window) / len(window),
    "min_over_time(m[1m])": lambda window, *_: _extreme(window, min),
    "max_over_time(m[1m])": lambda window, *_: _extreme(window, max),
    "count_over_time(m[1m])": lambda window, *_: float(len(window)),
    "last_over_time(m[1m])": lambda window, *_: window[-1][1],
    "first_over_time(m[1m])": lambda window, *_: window[0][1],
    "ts_of_last_over_time(m[1m])": lambda window, *_: window[-1][0] / 1000,
    "stdvar_over_time(m[1m])": lambda window, *_: _variance(window),
    "changes(m[1m])": lambda window, *_: _changes(window),
    "resets(m[1m])": lambda window, *_: float(sum(b < a for (_, a), (_, b) in pairwise(window))),
    "increase(m[1m])": _increase,
    "idelta(m[1m])": lambda window, *_: window[-1][1] - window[-2][1] if len(window) > 1 else None,
    "quantile_over_time(0.3, m[1m])": lambda window, *_: _quantile(window, 0.3),
}

_NUMBERS = st.one_of(
    st.integers(0, 50).map(float),
    st.floats(-1e6, 1e6).map(lambda value: round(value, 3)),
    st.sampled_from([math.nan, math.inf, -math.inf, STALE_NAN, 0.0, -0.0]),
)
_FINITE = st.one_of(st.integers(0, 50).map(float), st.floats(-1e6, 1e6).map(lambda value: round(value, 3)))


@pytest.mark.parametrize("narrow", [True, False], ids=["uint32", "int64"])
@pytest.mark.parametrize("expr", PLAIN)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_kernel_computes_what_the_plain_reading_says(expr: str, narrow: bool, data: st.DataObject) -> None:
    finite = expr.startswith(("increase", "stdvar"))
    gaps = data.draw(st.lists(st.sampled_from([1_000, 5_000, 15_000, 15_001, 90_000]), max_size=40))
    times = np.cumsum([0, *gaps]).tolist()
    values = data.draw(st.lists(_FINITE if finite else _NUMBERS, min_size=len(times), max_size=len(times)))
    step = data.draw(st.sampled_from([1_000, 7_000, 15_000, 60_000, 200_000]))
    start = data.draw(st.integers(0, 30_000))
    reader = MemoryReader(narrow=narrow)
    reader.add(Labels.of(__name__="m"), zip(times, values, strict=True))
    end = start + 30 * step
    answer = PromEngine(reader).range(expr, start, end, step, Budget())

    kept = [
        (t, v)
        for t, v in zip(times, values, strict=True)
        if np.float64(v).view(np.uint64) != np.float64(STALE_NAN).view(np.uint64)
    ]
    for k in range(31):
        at = start + k * step
        window = [(t, v) for t, v in kept if at - RANGE_MS < t <= at]
        wanted = PLAIN[expr](window, at - RANGE_MS, at) if window else None
        there = bool(len(answer.labels)) and bool(answer.present[0, k])
        assert there == (wanted is not None), f"step {k}: {window}"
        if wanted is not None:
            got = float(answer.values[0, k])
            same = got == wanted or (math.isnan(got) and math.isnan(wanted))
            assert same or math.isclose(got, wanted, rel_tol=1e-9, abs_tol=1e-6), f"step {k}: {got} is not {wanted}"


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.one_of(st.none(), _FINITE), min_size=4, max_size=4), min_size=1, max_size=12),
    st.sampled_from(["sum", "avg", "min", "max", "count", "stdvar"]),
)
def test_aggregation_reduces_what_is_there_at_each_step(rows: list[list[float | None]], op: str) -> None:
    reader = MemoryReader()
    for number, row in enumerate(rows):
        labels = Labels.of(__name__="m", n=str(number), g=str(number % 3))
        # Samples more than a lookback apart: what is absent at a step stays absent.
        reader.add(labels, [(k * 600_000, value) for k, value in enumerate(row) if value is not None])
    answer = PromEngine(reader).range(f"{op} by (g) (m)", 0, 3 * 600_000, 600_000, Budget())
    found = {
        (labels.get("g"), k): float(answer.values[row, k])
        for row, labels in enumerate(answer.labels)
        for k in range(4)
        if answer.present[row, k]
    }
    plain = {"sum": sum, "min": min, "max": max, "count": len, "avg": np.mean, "stdvar": np.var}[op]
    wanted = {}
    for g in range(3):
        for k in range(4):
            values = [row[k] for number, row in enumerate(rows) if number % 3 == g and row[k] is not None]
            if values:
                wanted[str(g), k] = float(plain(values))
    assert found.keys() == wanted.keys()
    for key, value in wanted.items():
        assert math.isclose(found[key], value, rel_tol=1e-9, abs_tol=1e-4), key


@pytest.mark.parametrize(
    ("text", "hashed"),
    [
        (b"", 0xEF46DB3751D8E999),
        (b"a", 0xD24EC4F1A98C6E5B),
        (b"abc", 0x44BC2CF5AD770999),
        (b"Nobody inspects the spammish repetition", 0xFBCEA83C8A378BF1),
    ],
)
def test_label_sets_are_hashed_by_xxh64(text: bytes, hashed: int) -> None:
    from hannun.query.promql.kernels.hashing import xxh64

    out = np.zeros(2, dtype=np.uint64)
    # The second text begins where no word of eight bytes does.
    xxh64(np.frombuffer(text + text + b"-", dtype=np.uint8), np.array([0, len(text), 2 * len(text)]), out)
    assert out.tolist() == [hashed, hashed]


@given(
    st.lists(st.one_of(st.floats(allow_infinity=True, allow_nan=True), st.integers(0, 3).map(float)), min_size=1),
    st.floats(0, 1),
)
def test_a_selected_quantile_is_that_of_the_ordered_values(values: list[float], q: float) -> None:
    from hannun.query.promql.kernels.ranking import quantile_of

    ordered = sorted(values, key=lambda value: (not math.isnan(value), value))
    rank = q * (len(values) - 1)
    lower = math.floor(rank)
    above = ordered[min(lower + 1, len(values) - 1)]
    wanted = ordered[lower] * (1 - (rank - lower)) + above * (rank - lower)
    found = quantile_of(np.array(values), len(values), q)
    assert found == wanted or (math.isnan(found) and math.isnan(wanted))


@pytest.mark.parametrize("shape", ["rising", "falling", "organ pipe", "equal", "two values"])
def test_a_quantile_of_many_values_of_any_order_takes_no_time(shape: str) -> None:
    from hannun.query.promql.kernels.ranking import quantile_of

    count = 400_000
    rising = np.arange(count, dtype=np.float64)
    values = {
        "rising": rising,
        "falling": rising[::-1],
        "organ pipe": np.minimum(rising, count - rising),
        "equal": np.ones(count),
        "two values": rising % 2,
    }[shape].copy()
    wanted = float(np.quantile(values, 0.37))
    quantile_of(np.ones(2), 2, 0.5)  # compiled
    began = time.process_time()
    assert quantile_of(values, count, 0.37) == pytest.approx(wanted)
    assert time.process_time() - began < 0.5
