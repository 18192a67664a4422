"""Numbers, durations and sizes as Go reads them."""

from __future__ import annotations

import contextlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hannun.gotemplate.go_numbers import format_duration, go_quote, parse_duration_ns, parse_float, parse_size

MS = 10**6


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", 1.0), ("-.5e1", -5.0), ("0x1p-2", 0.25), ("+Inf", math.inf), ("infinity", math.inf), ("1.", 1.0)],
)
def test_floats(text: str, value: float) -> None:
    assert parse_float(text) == value


@pytest.mark.parametrize("text", ["", " 1", "1_0", "0x1", "1e", "+nan", "１", "--1", "1e400", "infin"])
def test_what_go_takes_for_no_float(text: str) -> None:
    with pytest.raises(ValueError, match=r"strconv\.ParseFloat: parsing"):
        parse_float(text)


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("0", 0),
        ("1h2m3.5s", 3_723_500 * MS),
        ("-1.5ms", -1_500_000),
        ("5µs", 5000),
        (".5s", 500 * MS),
        ("1m", 60_000 * MS),
    ],
)
def test_durations(text: str, ns: int) -> None:
    assert parse_duration_ns(text) == ns


@pytest.mark.parametrize("text", ["", "1", "1d", "s", "1.s.", "99999999h", "1h-1m", "１s"])
def test_what_go_takes_for_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="time: "):
        parse_duration_ns(text)


@given(st.integers(min_value=-(2**62), max_value=2**62))
def test_a_written_duration_is_read_back(ns: int) -> None:
    assert parse_duration_ns(format_duration(ns)) == ns


@pytest.mark.parametrize(
    ("text", "size"),
    [("42", 42), ("1,024", 1024), ("1.5 MB", 1_500_000), ("2KiB", 2048), ("3m", 3_000_000), ("1 gi", 2**30)],
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


def test_quoting() -> None:
    assert go_quote('a"\\\n\x01한\u200b') == '"a\\"\\\\\\n\\x01한\\u200b"'


@given(st.text(max_size=20))
def test_any_text_gives_a_number_or_a_value_error(text: str) -> None:
    for read in (parse_float, parse_duration_ns, parse_size):
        with contextlib.suppress(ValueError):
            read(text)
