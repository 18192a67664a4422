"""Times are read and written by Go's layouts."""

from __future__ import annotations

import contextlib
import time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hannun.gotemplate.go_time import LAYOUTS, GoTime, load_location, parse_time

S = 10**9
TOKENS = ("2006", "01", "02", "15", "04", "05", "Jan", "Mon", "MST", "-0700", ".000", "PM", "2", "1", "_2", "x")


@pytest.mark.parametrize(
    ("layout", "text", "ns"),
    [
        (LAYOUTS["RFC3339"], "2006-01-02T15:04:05Z", 1136214245 * S),
        (LAYOUTS["RFC3339"], "2006-01-02T15:04:05.5+09:00", 1136181845 * S + S // 2),
        (LAYOUTS["RFC3339Nano"], "2006-01-02T15:04:05.123456789-07:00", 1136239445 * S + 123456789),
        ("02/Jan/2006:15:04:05 -0700", "10/Oct/2000:13:55:36 -0700", 971211336 * S),
        (LAYOUTS["ANSIC"], "Mon Jan  2 15:04:05 2006", 1136214245 * S),
        (LAYOUTS["RFC1123"], "Mon, 02 Jan 2006 15:04:05 GMT", 1136214245 * S),
        (LAYOUTS["RFC822"], "02 Jan 06 15:04 UTC", 1136214240 * S),
        ("2006-01-02 15:04:05,000", "2006-01-02 15:04:05,042", 1136214245 * S + 42_000_000),
        ("2006-01-02 15:04:05.999", "2006-01-02 15:04:05", 1136214245 * S),
        ("Jan _2 2006 3:04:05PM", "Jan  2 2006 3:04:05PM", 1136214245 * S),
        ("2006-002", "2006-032", 1138752000 * S),
        ("1/2/06 15:04", "1/2/69 00:00", -31449600 * S),
    ],
)
def test_reading(layout: str, text: str, ns: int) -> None:
    assert parse_time(layout, text).ns == ns


@pytest.mark.parametrize(
    ("layout", "text", "words"),
    [
        ("2006-01-02", "2006-01-xx", 'parsing time "2006-01-xx" as "2006-01-02": cannot parse "xx" as "02"'),
        ("2006-01-02", "2006-13-01", 'parsing time "2006-13-01": month out of range'),
        ("2006-01-02", "2006-02-30", 'parsing time "2006-02-30": day out of range'),
        ("15:04", "25:00", 'parsing time "25:00": hour out of range'),
        ("2006", "2006 x", 'parsing time "2006 x": extra text: " x"'),
    ],
)
def test_what_does_not_fit_is_told_in_gos_words(layout: str, text: str, words: str) -> None:
    with pytest.raises(ValueError, match="parsing time") as raised:
        parse_time(layout, text)
    assert str(raised.value) == words


def test_a_zone_is_meant_where_the_text_names_none() -> None:
    seoul = load_location("Asia/Seoul")
    assert parse_time("2006-01-02 15:04", "2024-01-01 09:00", seoul).ns == 1704067200 * S
    assert parse_time("2006-01-02 15:04Z07:00", "2024-01-01 09:00Z", seoul).ns == 1704099600 * S
    with pytest.raises(ValueError, match="unknown time zone"):
        load_location("../../etc/passwd")


@pytest.mark.parametrize(
    ("layout", "text"),
    [
        ("2006-01-02T15:04:05Z07:00", "2023-11-15T07:13:20+09:00"),
        ("Monday, January _2 03:04:05.000 PM MST", "Wednesday, November 15 07:13:20.123 AM KST"),
        ("06 1 2 3 4 5 .999999999 -07", "23 11 15 7 13 20 .123456789 +09"),
        ("002 __2 pm", "319 319 am"),
        ("Januaryx Jan", "Novemberx Nov"),
    ],
)
def test_writing(layout: str, text: str) -> None:
    assert GoTime(1_700_000_000_123_456_789, ZoneInfo("Asia/Seoul")).format(layout) == text


@given(st.integers(min_value=0, max_value=4 * 10**18))
def test_what_is_written_is_read_back(ns: int) -> None:
    written = GoTime(ns).format(LAYOUTS["RFC3339Nano"])
    assert parse_time(LAYOUTS["RFC3339Nano"], written).ns == ns


@given(
    st.lists(
        st.sampled_from(
            ["2006", "01", "02", "15", "04", "05", "Jan", "Mon", "MST", "-0700", ".000", "PM", "2", "1", "_2", "x"]
        ),
        max_size=8,
    ).map("".join),
    st.text(alphabet="0123456789JanMonUTC:-+. ", max_size=20),
)
def test_any_layout_and_text_give_a_time_or_a_value_error(layout: str, text: str) -> None:
    with contextlib.suppress(ValueError):
        parse_time(layout, text).format(layout)


def test_no_layout_makes_reading_slow() -> None:
    began = time.thread_time()
    for layout in ("2" * 500, "MST" * 100, "_2 " * 150, "Jan" * 100):
        with pytest.raises(ValueError, match="parsing time"):
            parse_time(layout, "1" * 2000 + "x")
        with pytest.raises(ValueError, match="parsing time"):
            parse_time(layout, "ABC" * 2000 + "!")
    assert time.thread_time() - began < 2
