"""Classic histograms of a text page that become native ones with custom buckets, page after page."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hannun.model.histogram import CUSTOM_SCHEMA, Buckets, NativeHistogram
from hannun.wire.exposition_text import HistogramReading, PageColumns, PageDecoder
from hannun.wire.native_histogram import from_classic

TEXT = "text/plain; version=0.0.4"
OPENMETRICS = "application/openmetrics-text; version=1.0.0"


def custom(counts: Sequence[float], bounds: tuple[float, ...], total: float) -> NativeHistogram:
    held = [(index, count) for index, count in enumerate(counts) if count]
    positive = Buckets(tuple(index for index, _ in held), tuple(count for _, count in held))
    return NativeHistogram(CUSTOM_SCHEMA, sum(counts), total, positive=positive, custom_values=bounds)


@pytest.mark.parametrize(
    ("buckets", "count", "made"),
    [
        pytest.param([(1.0, 2.0), (2.0, 5.0), (math.inf, 6.0)], 6.0, custom((2, 3, 1), (1.0, 2.0), 1.5), id="whole"),
        pytest.param(
            [(2.0, 5.0), (math.inf, 6.0), (1.0, 2.0)], 6.0, custom((2, 3, 1), (1.0, 2.0), 1.5), id="any order"
        ),
        pytest.param([(1.0, 2.0)], 6.0, custom((2, 4), (1.0,), 1.5), id="no +Inf"),
        pytest.param([(1.0, 2.0)], None, custom((2, 0), (1.0,), 1.5), id="no count"),
        pytest.param([], 6.0, custom((6,), (), 1.5), id="no buckets"),
        pytest.param([(1.0, 0.5), (math.inf, 1.75)], 1.75, custom((0.5, 1.25), (1.0,), 1.5), id="parts of one"),
        pytest.param([(1.0, 2.0), (2.0, 1.0)], 2.0, None, id="counts that fall"),
        pytest.param([(1.0, -2.0)], 2.0, None, id="a negative count"),
        pytest.param([(1.0, math.nan)], 2.0, None, id="a count that is none"),
        pytest.param([(math.nan, 1.0)], 2.0, None, id="a bound that is none"),
        pytest.param([(-math.inf, 1.0), (math.inf, 2.0)], 2.0, None, id="a bound at minus infinity"),
        pytest.param([(math.inf, 5.0)], 6.0, None, id="another count than the last bucket's"),
    ],
)
def test_a_classic_histogram_as_one_value(
    buckets: list[tuple[float, float]], count: float | None, made: NativeHistogram | None
) -> None:
    assert from_classic(buckets, count, 1.5) == made


PAGE = """# TYPE up gauge
up 1
# TYPE lat histogram
lat_bucket{job="a",le="1"} 2
lat_bucket{job="a",le="+Inf"} 3
lat_sum{job="a"} 4.5
lat_count{job="a"} 3
lat_bucket{le="1",job="b"} 1
lat_bucket{job="b",le="+Inf"} 1
lat_sum{job="b"} 0.5
lat_count{job="b"} 1
# TYPE other counter
other_count 7
other_bucket{le="1"} 7
"""


def names(page: PageColumns) -> list[str]:
    return [one.labels["__name__"] for one in page.new]


def test_the_lines_of_a_histogram_are_one_row(tmp_path: object) -> None:
    decoder = PageDecoder(histograms=HistogramReading(convert_classic=True))
    page = decoder.decode(PAGE.encode(), TEXT)
    assert names(page) == ["up", "other_count", "other_bucket", "lat", "lat"]
    assert [one.labels for one in page.new[3:]] == [{"__name__": "lat", "job": "a"}, {"__name__": "lat", "job": "b"}]
    assert page.histograms == ((3, custom((2, 1), (1.0,), 4.5)), (4, custom((1, 0), (1.0,), 0.5)))
    assert page.value[:3].tolist() == [1.0, 7.0, 7.0]
    again = decoder.decode(PAGE.replace("} 3\n", "} 4\n").encode(), TEXT)
    assert again.new == ()
    assert again.index.tolist() == page.index.tolist()
    assert again.histograms[0] == (3, custom((2, 2), (1.0,), 4.5))


def test_the_classic_ones_may_stay_beside_it() -> None:
    decoder = PageDecoder(histograms=HistogramReading(convert_classic=True, keep_classic=True))
    page = decoder.decode(PAGE.encode(), TEXT)
    assert names(page)[-3:] == ["other_bucket", "lat", "lat"]
    assert [one.row for one in page.histograms] == [11, 12]
    assert len(page) == 13


def test_times_and_exemplars_go_over_to_it() -> None:
    text = """# TYPE x gauge
x 1
# TYPE lat histogram
lat_bucket{le="1.0"} 2 12.5 # {trace_id="t"} 0.7 11
lat_bucket{le="+Inf"} 3 12.5
lat_sum 4.5 12.5
lat_count 3 12.5
# EOF
"""
    page = PageDecoder(histograms=HistogramReading(convert_classic=True)).decode(text.encode(), OPENMETRICS)
    assert [(one.row, one.labels, one.ts_ms) for one in page.exemplars] == [(1, {"trace_id": "t"}, 11_000)]
    assert (page.ts_ms[1], page.has_ts.tolist()) == (12_500, [False, True])


def test_one_that_does_not_go_together_is_told_by_nobody() -> None:
    text = '# TYPE lat histogram\nlat_bucket{le="1"} 5\nlat_bucket{le="+Inf"} 3\nlat_count 3\n'
    page = PageDecoder(histograms=HistogramReading(convert_classic=True)).decode(text.encode(), TEXT)
    assert (len(page), page.new, page.histograms) == (0, (), ())


def test_nothing_changes_unless_it_is_asked_for() -> None:
    page = PageDecoder().decode(PAGE.encode(), TEXT)
    assert (len(page), page.histograms) == (11, ())


lines = st.sampled_from(
    [
        "# TYPE lat histogram",
        "# TYPE lat counter",
        'lat_bucket{le="1"} 1',
        'lat_bucket{le="2"} 3',
        'lat_bucket{le="x"} 3',
        'lat_bucket{le="+Inf"} 3',
        "lat_count 3",
        "lat_sum 1",
        'lat_sum{a="b"} NaN',
        "lat 9",
        "_count 1",
    ]
)


@given(pages=st.lists(st.lists(lines, max_size=9), max_size=4), keep=st.booleans())
def test_numbers_stay_what_they_are_over_any_pages(pages: list[list[str]], keep: bool) -> None:
    decoder = PageDecoder(histograms=HistogramReading(convert_classic=True, keep_classic=keep))
    told: dict[int, dict[str, str]] = {}
    for page in pages:
        found = decoder.decode(("\n".join(page) + "\n").encode(), TEXT)
        for number in found.forgotten.tolist():
            told.pop(number, None)
        assert not told.keys() & {one.number for one in found.new}
        told |= {one.number: one.labels for one in found.new}
        assert all(number in told for number in found.index.tolist())
        assert all(told[int(found.index[row])]["__name__"] == "lat" for row, _ in found.histograms)
