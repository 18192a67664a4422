"""Verbs, flags and what Go writes when they do not fit."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hannun.gotemplate.errors import FunctionError
from hannun.gotemplate.printf import sprintf


@pytest.mark.parametrize(
    ("form", "args", "output"),
    [
        ("%d|%5d|%-5d|%05d|%+d|% d", [1, 2, 3, 4, 5, 6], "1|    2|3    |00004|+5| 6"),
        ("%x %X %#x %o %b %c %q %U", [255, 255, 255, 8, 5, 0xD55C, 97, 0xD55C], "ff FF 0xff 10 101 한 'a' U+D55C"),
        ("%s|%5s|%-5s|%.2s|%q|%x", ["a", "b", "c", "def", 'g"h', "hi"], 'a|    b|c    |de|"g\\"h"|6869'),
        (
            "%f %.2f %8.3f %e %g %v",
            [1.5, 2.345, 3.0, 12345.678, 1e21, 1e6],
            "1.500000 2.35    3.000 1.234568e+04 1e+21 1e+06",
        ),
        ("%t %v %5t", [True, False, True], "true false  true"),
        ("%v %v %v", [None, [1, "a"], {"k": 1.5}], "<nil> [1 a] map[k:1.5]"),
        ("%d %s", [[1, 2], ["a", "b"]], "[1 2] [a b]"),
        ("%T %T %T %T", [1, "a", 1.5, [1]], "int string float64 []interface {}"),
        ("%%|%5%", [], "%|%"),
        ("%d", ["x"], "%!d(string=x)"),
        ("%s", [5], "%!s(int=5)"),
        ("%d", [], "%!d(MISSING)"),
        ("x", [1, "a"], "x%!(EXTRA int=1, string=a)"),
        ("%!", [1], "%!!(int=1)"),
        ("%", [], "%!(NOVERB)"),
        ("%*d|%-*d|%.*f", [4, 1, 4, 2, 1, 2.55], "   1|2   |2.5"),
        ("%[2]d %[1]d", [1, 2], "2 1"),
        ("%[3]d", [1], "%!d(BADINDEX)"),
        ("%06.2f|%+.1f", [-1.5, 2.0], "-01.50|+2.0"),
        ("%v %v %v", [float("inf"), float("-inf"), float("nan")], "+Inf -Inf NaN"),
        ("%5s|%-4s|", ["한글", "한"], "   한글|한   |"),
    ],
)
def test_output(form: str, args: list[Any], output: str) -> None:
    assert sprintf(form, args) == output


@given(
    st.text(alphabet="%+-# 0123456789.*[]vdsqxXtfgeEbcoUTa", max_size=20),
    st.lists(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5), max_size=4),
)
def test_any_form_gives_text(form: str, args: list[Any]) -> None:
    try:
        assert isinstance(sprintf(form, args), str)
    except FunctionError as err:
        assert "characters" in str(err)  # noqa: PT017 (a bound is the only complaint)
