"""Sums and differences of native histograms keep what was observed, whatever the layouts."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hannun.model.histogram import CUSTOM_SCHEMA, Buckets, NativeHistogram, reduced
from hannun.query.promql.histograms.algebra import (
    Incompatible,
    add,
    divided,
    equal,
    scaled,
    subtract,
    with_zero_width,
)
from hannun.query.promql.histograms.quantile import quantile, share, variance
from hannun.query.promql.histograms.resets import has_shrunk, is_reset
from hannun.query.promql.histograms.total import mean, total
from hannun.query.promql.histograms.trim import trimmed

COUNTS = st.integers(0, 1 << 20).map(float)
BOUNDS = st.lists(st.sampled_from([-4.0, -1.0, 0.0, 0.5, 1.0, 2.0, 8.0]), unique=True, max_size=5).map(sorted)


def _buckets(low: int, high: int) -> st.SearchStrategy[Buckets]:
    return st.dictionaries(st.integers(low, high), st.integers(1, 1 << 20).map(float), max_size=8).map(
        lambda counts: Buckets(tuple(sorted(counts)), tuple(counts[index] for index in sorted(counts)))
    )


def _total(histogram: NativeHistogram) -> float:
    return histogram.zero_count + sum(histogram.positive.count) + sum(histogram.negative.count)


@st.composite
def exponential(draw: st.DrawFn) -> NativeHistogram:
    """Whole numbers, so that sums are exact; the zero bucket lies below every bucket's lower edge or at one."""
    schema = draw(st.integers(-2, 4))
    found = NativeHistogram(
        schema,
        0.0,
        float(draw(st.integers(-1000, 1000))),
        draw(st.sampled_from([0.0, 1e-12, 2.0**-16])),
        draw(COUNTS),
        draw(_buckets(-15 if schema > -1 else -2, 40)),
        draw(_buckets(-15 if schema > -1 else -2, 40)),
    )
    return NativeHistogram(
        schema, _total(found), found.sum, found.zero_threshold, found.zero_count, found.positive, found.negative
    )


@st.composite
def custom(draw: st.DrawFn) -> NativeHistogram:
    bounds = tuple(draw(BOUNDS))
    found = draw(_buckets(0, len(bounds)))
    return NativeHistogram(
        CUSTOM_SCHEMA, sum(found.count), float(draw(st.integers(-99, 99))), positive=found, custom_values=bounds
    )


ANY = st.one_of(exponential(), custom())
PAIRS = st.one_of(st.tuples(exponential(), exponential()), st.tuples(custom(), custom()))


@given(PAIRS)
def test_addition_commutes(pair: tuple[NativeHistogram, NativeHistogram]) -> None:
    left, right = pair
    assert equal(add(left, right).histogram, add(right, left).histogram)


@given(PAIRS)
def test_what_was_added_can_be_taken_away(pair: tuple[NativeHistogram, NativeHistogram]) -> None:
    left, right = pair
    there = add(left, right).histogram
    back = subtract(there, right).histogram
    assert (back.count, back.sum) == (left.count, left.sum)
    # At the layout in which both meet, which nothing on the way refines again.
    empty = NativeHistogram(right.schema, 0.0, 0.0, right.zero_threshold, custom_values=right.custom_values)
    rough = add(add(left, empty).histogram, subtract(right, right).histogram).histogram
    assert _total(back) == _total(rough)


@given(PAIRS)
def test_addition_loses_no_observation(pair: tuple[NativeHistogram, NativeHistogram]) -> None:
    left, right = pair
    there = add(left, right).histogram
    assert there.count == left.count + right.count
    if left.zero_threshold == right.zero_threshold:
        assert _total(there) == _total(left) + _total(right)


@given(exponential(), st.integers(0, 6))
def test_fewer_buckets_hold_the_same_observations(histogram: NativeHistogram, steps: int) -> None:
    rough = reduced(histogram, histogram.schema - steps)
    assert _total(rough) == _total(histogram)
    assert not has_shrunk(rough, histogram)


@given(exponential(), st.sampled_from([2.0**-16, 0.1, 1.0, 3.0, 1e6]))
def test_a_wider_zero_bucket_holds_the_same_observations(histogram: NativeHistogram, width: float) -> None:
    if width < histogram.zero_threshold:
        return
    wide = with_zero_width(histogram, width)
    assert _total(wide) == _total(histogram)
    assert wide.zero_threshold >= width


@given(st.lists(exponential(), min_size=1, max_size=5))
def test_total_and_mean_agree_with_plain_sums(histograms: list[NativeHistogram]) -> None:
    plain = histograms[0]
    for histogram in histograms[1:]:
        plain = add(plain, histogram).histogram
    assert equal(total(histograms).histogram, plain)
    middle = mean(histograms).histogram
    assert middle.count == pytest.approx(plain.count / len(histograms))
    assert middle.positive.index == plain.positive.index


@given(st.lists(custom(), min_size=1, max_size=5))
def test_custom_totals_agree_with_plain_sums(histograms: list[NativeHistogram]) -> None:
    plain, reconciled = histograms[0], False
    for histogram in histograms[1:]:
        joined = add(plain, histogram)
        plain, reconciled = joined.histogram, reconciled or joined.reconciled
    outcome = total(histograms)
    assert equal(outcome.histogram, plain)
    assert outcome.reconciled == reconciled


@given(ANY, st.floats(0.125, 8))
def test_scaling_is_undone_by_division(histogram: NativeHistogram, factor: float) -> None:
    back = divided(scaled(histogram, factor), factor)
    assert back.count == pytest.approx(histogram.count)
    assert back.positive.index == histogram.positive.index
    assert back.positive.count == pytest.approx(histogram.positive.count)


@given(PAIRS)
def test_what_grew_was_not_reset(pair: tuple[NativeHistogram, NativeHistogram]) -> None:
    left, right = pair
    if left.schema != right.schema or left.zero_threshold != right.zero_threshold:
        return
    assert not is_reset(add(left, right).histogram, left)


@given(ANY, st.floats(0, 1), st.floats(0, 1))
def test_quantiles_rise(histogram: NativeHistogram, one: float, two: float) -> None:
    if histogram.schema == CUSTOM_SCHEMA and not histogram.custom_values:
        return  # one bucket from end to end tells nothing
    low, high = sorted((one, two))
    below, above = quantile(low, histogram)[0], quantile(high, histogram)[0]
    assert math.isnan(below) == (histogram.count == 0)
    assert math.isnan(below) or below <= above or below == pytest.approx(above)


@given(exponential(), st.floats(0.01, 0.99))
def test_the_share_below_a_quantile_is_that_quantile(histogram: NativeHistogram, q: float) -> None:
    if histogram.count == 0:
        return
    at = quantile(q, histogram)[0]
    found = share(-math.inf, at, histogram)[0]
    # Where a gap or an edge lies between, whatever is below it belongs to the share.
    assert (
        found == pytest.approx(q, abs=1e-6) or share(-math.inf, math.nextafter(at, math.inf), histogram)[0] >= q - 1e-6
    )


@given(ANY, st.floats(-20, 20))
def test_both_sides_of_a_cut_make_the_whole(histogram: NativeHistogram, at: float) -> None:
    if any(math.isinf(at) for at in (histogram.sum,)):
        return
    below, above = trimmed(histogram, at, upper=True), trimmed(histogram, at, upper=False)
    assert below.count <= histogram.count + 1e-6
    assert above.count <= histogram.count + 1e-6
    if histogram.schema != CUSTOM_SCHEMA:
        assert below.count + above.count == pytest.approx(histogram.count)


@given(exponential())
def test_a_variance_is_not_negative(histogram: NativeHistogram) -> None:
    found = variance(histogram)
    assert math.isnan(found) == (histogram.count == 0)
    assert math.isnan(found) or found >= 0


@given(exponential(), custom())
def test_exponential_and_custom_buckets_do_not_add_up(left: NativeHistogram, right: NativeHistogram) -> None:
    for operation in (add, subtract):
        with pytest.raises(Incompatible):
            operation(left, right)
    with pytest.raises(Incompatible):
        total([left, right])


HINTS = [
    ("unknown", "unknown", "unknown", False),
    ("reset", "reset", "reset", False),
    ("no_reset", "no_reset", "no_reset", False),
    ("gauge", "reset", "gauge", False),
    ("no_reset", "gauge", "gauge", False),
    ("unknown", "reset", "unknown", False),
    ("no_reset", "unknown", "unknown", False),
    ("reset", "no_reset", "unknown", True),
]


@pytest.mark.parametrize(("left", "right", "hint", "collision"), HINTS, ids=[f"{a} and {b}" for a, b, *_ in HINTS])
def test_what_a_sum_says_of_resets(left: str, right: str, hint: str, collision: bool) -> None:
    one = NativeHistogram(0, 1.0, 1.0, reset_hint=left)  # type: ignore[arg-type]
    two = NativeHistogram(0, 1.0, 1.0, reset_hint=right)  # type: ignore[arg-type]
    for found in (add(one, two), add(two, one), subtract(one, two)):
        assert (found.histogram.reset_hint, found.collision) == (hint, collision)
    assert total([one, two]).histogram.reset_hint == hint
    assert total([one, two]).collision == collision


def test_a_negative_factor_makes_a_gauge() -> None:
    counter = NativeHistogram(0, 1.0, 1.0, reset_hint="no_reset")
    assert scaled(counter, 2).reset_hint == "no_reset"
    assert scaled(counter, -1).reset_hint == "gauge"
    assert divided(counter, -2).reset_hint == "gauge"


def test_division_by_zero_leaves_no_bucket() -> None:
    found = divided(NativeHistogram(0, 4.0, -2.0, 0.1, 0.0, Buckets((1,), (4.0,))), 0.0)
    assert (found.count, found.sum, len(found.positive)) == (math.inf, -math.inf, 0)
    assert math.isnan(found.zero_count)


def test_a_zero_bucket_that_is_no_number_ends() -> None:
    odd = NativeHistogram(0, 1.0, 1.0, math.nan, 1.0)
    assert add(odd, NativeHistogram(0, 1.0, 1.0, 0.5, 1.0)).histogram.count == 2
