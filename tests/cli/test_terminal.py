"""What a terminal shows: cells, not letters."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hannun.cli.terminal import Terminal, cells, one_line, wrap


@pytest.mark.parametrize(
    ("words", "width"),
    [("abc", 3), ("한눈", 4), ("한눈 ok", 7), ("e\u0301", 1), ("「」", 4), ("", 0), ("…", 1)],
)
def test_cells(words: str, width: int) -> None:
    assert cells(words) == width


@given(st.lists(st.sampled_from(["한눈에", "보는", "one", "a", "observability"]), max_size=20).map(" ".join))
def test_wrapping_keeps_words_whole_and_lines_short(words: str) -> None:
    lines = wrap(words, 14)
    assert " ".join(lines).split() == words.split()
    assert all(cells(line) <= 14 for line in lines)


def test_a_word_longer_than_the_line_stands_alone() -> None:
    assert wrap("a 한국어문장이길다 b", 6) == ["a", "한국어문장이길다", "b"]


def test_a_table_lines_up_in_cells() -> None:
    out = io.StringIO()
    Terminal("en", {}, out=out).table(("name", "x"), [("한눈", "1"), ("a\nb", "2")])
    assert out.getvalue() == "name  x\n한눈  1\na·b   2\n"


@given(st.text())
def test_words_from_elsewhere_stay_on_their_line(words: str) -> None:
    assert one_line(words).isprintable()
