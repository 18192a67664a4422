"""What samples say of themselves once they stand in a row."""

from __future__ import annotations

import pytest

from hannun.model.histogram import CUSTOM_SCHEMA, Buckets, HistogramSeries, NativeHistogram
from hannun.model.labels import Labels
from hannun.query.promql.histograms.resets import has_shrunk, is_reset, with_hints


def _hist(*counts: float, **more: object) -> NativeHistogram:
    kept = [(index, count) for index, count in enumerate(counts) if count]
    buckets = Buckets(tuple(index for index, _ in kept), tuple(count for _, count in kept))
    fields: dict[str, object] = {"schema": 0, "count": sum(counts), "sum": 1.0, "positive": buckets, **more}
    return NativeHistogram(**fields)  # type: ignore[arg-type]


ROWS = [
    ("growing", [_hist(1), _hist(2), _hist(2)], ["unknown", "no_reset", "no_reset"]),
    ("fewer in all", [_hist(2), _hist(1), _hist(3)], ["unknown", "reset", "no_reset"]),
    ("fewer in one bucket", [_hist(2, 1), _hist(1, 3)], ["unknown", "reset"]),
    ("a bucket that is gone", [_hist(2, 1), _hist(4)], ["unknown", "reset"]),
    ("told so", [_hist(1), _hist(2, reset_hint="reset"), _hist(3)], ["unknown", "reset", "no_reset"]),
    ("told at first", [_hist(1, reset_hint="reset"), _hist(2)], ["reset", "no_reset"]),
    ("not a promise", [_hist(2, reset_hint="no_reset"), _hist(1, reset_hint="no_reset")], ["unknown", "reset"]),
    ("gauges", [_hist(2, reset_hint="gauge"), _hist(1, reset_hint="gauge")], ["gauge", "gauge"]),
    ("after a gauge", [_hist(2, reset_hint="gauge"), _hist(1)], ["gauge", "unknown"]),
    ("another schema", [_hist(2, schema=1), _hist(3)], ["unknown", "unknown"]),
    ("another zero bucket", [_hist(2), _hist(3, zero_threshold=0.1)], ["unknown", "unknown"]),
]


@pytest.mark.parametrize(("row", "hints"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_a_row_of_samples_says_where_it_was_reset(row: list[NativeHistogram], hints: list[str]) -> None:
    series = HistogramSeries(Labels.of({}), tuple(range(len(row))), tuple(row))
    assert [one.reset_hint for one in with_hints(series).histograms] == hints


def test_a_hint_is_believed() -> None:
    assert is_reset(_hist(2, reset_hint="reset"), _hist(1))
    assert not is_reset(_hist(1, reset_hint="no_reset"), _hist(2))
    assert is_reset(_hist(1, reset_hint="gauge"), _hist(2))


def _custom(bounds: tuple[float, ...], *counts: float) -> NativeHistogram:
    return _hist(*counts, schema=CUSTOM_SCHEMA, custom_values=bounds)


CUSTOM = [
    ("equal bounds, more", _custom((1.0,), 1, 1), _custom((1.0,), 1, 2), False),
    ("equal bounds, fewer", _custom((1.0,), 2, 1), _custom((1.0,), 1, 3), True),
    ("a bound more, more below it", _custom((5.0,), 1), _custom((5.0, 10.0), 1, 1), False),
    ("a bound more, fewer below it", _custom((5.0,), 2), _custom((5.0, 10.0), 1, 2), True),
    ("no common bound", _custom((5.0,), 2), _custom((10.0,), 1, 2), False),
    ("exponential before", _hist(1), _custom((5.0,), 1, 2), True),
]


@pytest.mark.parametrize(("before", "now", "shrunk"), [row[1:] for row in CUSTOM], ids=[row[0] for row in CUSTOM])
def test_custom_boundaries_are_compared_where_both_have_them(
    before: NativeHistogram, now: NativeHistogram, shrunk: bool
) -> None:
    assert has_shrunk(now, before) == shrunk
