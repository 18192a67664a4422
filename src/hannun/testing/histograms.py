"""Native histograms for tests: any that the model can hold, as hypothesis strategies."""

from __future__ import annotations

from hypothesis import strategies as st

from hannun.model.histogram import CUSTOM_SCHEMA, SCHEMA_MAX, SCHEMA_MIN, Buckets, NativeHistogram, ResetHint

HINTS: tuple[ResetHint, ...] = ("unknown", "reset", "no_reset", "gauge")
_finite = st.floats(allow_nan=False, allow_infinity=False)


def buckets(counts: st.SearchStrategy[float], low: int = -2000, high: int = 2000) -> st.SearchStrategy[Buckets]:
    return st.dictionaries(st.integers(low, high), counts, max_size=12).map(
        lambda held: Buckets(tuple(sorted(held)), tuple(held[index] for index in sorted(held)))
    )


@st.composite
def whole_histograms(draw: st.DrawFn) -> NativeHistogram:
    """Whole counts that add up, as integer histograms have them."""
    counts = st.integers(1, 1 << 40).map(float)
    positive, negative = draw(buckets(counts)), draw(buckets(counts))
    zero = float(draw(st.integers(0, 1000)))
    return NativeHistogram(
        draw(st.integers(SCHEMA_MIN, SCHEMA_MAX)),
        sum(positive.count) + sum(negative.count) + zero,
        draw(_finite),
        draw(st.sampled_from([0.0, 1e-128, 0.5])),
        zero,
        positive,
        negative,
        (),
        draw(st.sampled_from(HINTS)),
    )


@st.composite
def float_histograms(draw: st.DrawFn) -> NativeHistogram:
    """Any counts that are not negative, infinite ones too."""
    counts = st.floats(0, exclude_min=True, allow_nan=False)
    return NativeHistogram(
        draw(st.integers(SCHEMA_MIN, SCHEMA_MAX)),
        draw(counts),
        draw(st.floats(allow_nan=False)),
        draw(st.floats(0, 1)),
        draw(st.floats(0, allow_nan=False)),
        draw(buckets(counts, -(2**30), 2**30 - 1)),
        draw(buckets(counts)),
        (),
        draw(st.sampled_from(HINTS)),
    )


@st.composite
def custom_histograms(draw: st.DrawFn) -> NativeHistogram:
    """Of schema -53: boundaries of their own."""
    bounds = tuple(sorted(draw(st.sets(_finite.filter(bool), max_size=8))))
    positive = draw(buckets(st.integers(1, 1 << 30).map(float), 0, len(bounds)))
    return NativeHistogram(
        CUSTOM_SCHEMA,
        float(sum(positive.count)),
        draw(_finite),
        positive=positive,
        custom_values=bounds,
        reset_hint=draw(st.sampled_from(HINTS)),
    )


def histograms() -> st.SearchStrategy[NativeHistogram]:
    return st.one_of(whole_histograms(), float_histograms(), custom_histograms())
