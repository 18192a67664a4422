"""An OpenMetrics file becomes batches wherever it is cut, in bounded memory, and says where it goes wrong."""

from __future__ import annotations

import contextlib
import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hannun.model.errors import WireError
from hannun.model.labels import Labels
from hannun.model.metric import MetricMetadata
from hannun.wire import openmetrics_backfill
from hannun.wire.openmetrics_backfill import Backfill

FILE = b"""# HELP temp Temperature.
# TYPE temp gauge
temp{city="\xec\x84\x9c\xec\x9a\xb8"} 1 1000.5
temp{city="b"} 2 1000
temp{city="\xec\x84\x9c\xec\x9a\xb8"} 3 1030.123
temp{city="b"} 4 1000
# TYPE h histogram
h_bucket{le="1"} 1 5
h_bucket{le="+Inf"} 2 5
# EOF
"""


def rows(parts: list[bytes]) -> list[tuple[Labels, int, float]]:
    found = []
    for batch in Backfill().read(parts):
        series = batch.series
        for index, labels in enumerate(series.labels):
            places = range(int(series.offsets[index]), int(series.offsets[index + 1]))
            found += [(labels, int(series.ts[at]), float(series.value[at])) for at in places]
    return found


EXPECTED = sorted(
    [
        (Labels.of(__name__="temp", city="서울"), 1_000_500, 1.0),
        (Labels.of(__name__="temp", city="서울"), 1_030_123, 3.0),
        (Labels.of(__name__="temp", city="b"), 1_000_000, 2.0),
        (Labels.of(__name__="temp", city="b"), 1_000_000, 4.0),
        (Labels.of(__name__="h_bucket", le="1"), 5_000, 1.0),
        (Labels.of(__name__="h_bucket", le="+Inf"), 5_000, 2.0),
    ],
    key=str,
)


def test_a_file() -> None:
    assert sorted(rows([FILE]), key=str) == EXPECTED
    (batch,) = Backfill().read([FILE])
    assert batch.metadata[0] == MetricMetadata("temp", "gauge", "Temperature.")
    assert batch.lines == FILE.count(b"\n")


def test_of_two_lines_of_one_time_the_later_stands_behind() -> None:
    found = [value for labels, ts, value in rows([FILE]) if labels.get("city") == "b" and ts == 1_000_000]
    assert found == [2.0, 4.0]


@settings(max_examples=60, deadline=None)
@given(cuts=st.lists(st.integers(0, len(FILE)), max_size=6), piece=st.sampled_from([1, 40, 100, 1 << 20]))
def test_it_does_not_matter_where_the_file_is_cut(cuts: list[int], piece: int) -> None:
    places = sorted({0, len(FILE), *cuts})
    parts = [FILE[a:b] for a, b in pairwise(places)]
    before = openmetrics_backfill.PIECE_BYTES
    openmetrics_backfill.PIECE_BYTES = piece
    try:
        assert sorted(rows(parts), key=str) == EXPECTED
    finally:
        openmetrics_backfill.PIECE_BYTES = before


@pytest.mark.parametrize(
    ("file", "said"),
    [
        pytest.param(b"", "does not end with # EOF", id="empty"),
        pytest.param(FILE[:-6], "does not end with # EOF", id="no end"),
        pytest.param(FILE[:-12], "EOF|expected", id="cut in a line"),
        pytest.param(b"temp 1\n# EOF\n", "expected timestamp for series temp, got none", id="no time"),
        pytest.param(b"temp one 1\n# EOF\n", "line 1", id="no number"),
        pytest.param(FILE + b"temp 1 1\n", "EOF", id="something behind the end"),
    ],
)
def test_files_that_cannot_be_read(file: bytes, said: str) -> None:
    with pytest.raises(WireError, match=said):
        rows([file])


def test_an_error_far_inside_counts_from_its_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openmetrics_backfill, "PIECE_BYTES", 10)
    with pytest.raises(WireError, match=re.escape("counted from line 3 of the file")):
        rows([b"a 1 1\n", b"a 1 2\n", b"bad\n", b"# EOF\n"])


def test_something_behind_the_end_in_a_piece_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openmetrics_backfill, "PIECE_BYTES", 1)
    with pytest.raises(WireError, match="behind # EOF"):
        rows([b"a 1 1\n", b"# EOF\n", b"a 1 2\n"])


def test_a_line_without_an_end_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openmetrics_backfill, "PIECE_BYTES", 1000)
    monkeypatch.setattr(openmetrics_backfill, "LINE_BYTES_MAX", 1000)
    with pytest.raises(WireError, match="a line of more than"):
        rows([b"x" * 500] * 10)


@settings(max_examples=200, deadline=None)
@given(body=st.binary(max_size=100))
def test_any_bytes_give_batches_or_an_error_of_ours(body: bytes) -> None:
    with contextlib.suppress(WireError):
        rows([body])
