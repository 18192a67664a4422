"""What the skip indexes are asked is never false of a line that matches."""

from __future__ import annotations

import pytest
import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from hannun.query.logql.compile import like
from hannun.query.logql.compile.literals import Literal, Need, NeedAll, NeedAny, needed, whole
from hannun.query.logql.stages.lines import said


def stands(need: Need | None, text: str) -> bool:
    match need:
        case None:
            return True
        case str():
            return need.lower() in text.lower()
        case NeedAll(parts):
            return all(stands(part, text) for part in parts)
        case NeedAny(parts):
            return any(stands(part, text) for part in parts)


@pytest.mark.parametrize(
    ("pattern", "need"),
    [
        pytest.param("timeout", "timeout", id="a word"),
        pytest.param("a|b", NeedAny(("a", "b")), id="one of two"),
        pytest.param("a|", None, id="or nothing"),
        pytest.param("user=[0-9]+ failed", NeedAll(("user=", " failed")), id="around a class"),
        pytest.param("colou?r", NeedAll(("colo", "r")), id="a letter that may be missing"),
        pytest.param("ab+c", NeedAll(("ab", "c")), id="a letter that may repeat"),
        pytest.param(r"10\.0\.0\.1", "10.0.0.1", id="escaped dots"),
        pytest.param(r"a\^b", "a^b", id="an escaped caret is a character"),
        pytest.param("^start$", "start", id="anchors have no width"),
        pytest.param("(?i)Kiosk", "io", id="letters that fold to others end a literal"),
        pytest.param(r"\pL+x", None, id="what is not understood needs nothing"),
        pytest.param("[]a]b", "b", id="a bracket that is first in a class"),
    ],
)
def test_what_a_regex_needs(pattern: str, need: Need | None) -> None:
    assert needed(pattern) == need


@pytest.mark.parametrize(
    ("pattern", "literal"),
    [
        pytest.param("timeout", Literal("timeout", folds=False), id="a word"),
        pytest.param("(?i)Needle-7f", Literal("Needle-7f", folds=True), id="whatever its case"),
        pytest.param(r".*10\.0\.0\.1.*", Literal("10.0.0.1", folds=False), id="anything around it"),
        pytest.param("결제", Literal("결제", folds=False), id="Korean"),
        pytest.param("(?i)결제", None, id="a script whose cases are unknown here"),
        pytest.param(r"a\d", None, id="a class"),
        pytest.param("a|b", None, id="one of two"),
        pytest.param("^a", None, id="an anchor"),
        pytest.param(r"a\.*", None, id="what ends like anything and is none"),
        pytest.param(".*", None, id="everything"),
    ],
)
def test_a_regex_that_is_a_literal(pattern: str, literal: Literal | None) -> None:
    assert whole(pattern) == literal


PIECES = st.sampled_from(
    [
        r"a",
        r"k",
        r"S",
        r"ab",
        r"결",
        r"É",
        r"\.",
        r"\d",
        r".",
        r"[a-z]",
        r"[^b]",
        r"a*",
        r"b+",
        r"c?",
        r"d{2}",
        r"(ab)",
        r"(?:a|b)",
        r"(?i)",
        r"(?i:aK)",
        r"^",
        r"$",
        r"\b",
        r"(?P<n>x)",
        r"|",
    ]
)


@settings(max_examples=400, deadline=None)
@given(st.lists(PIECES, max_size=6).map("".join), st.text("abckKſSsdx결éÉ.1 ", max_size=12))
def test_a_line_that_matches_holds_what_is_needed(pattern: str, text: str) -> None:
    try:
        regex = re2.compile(pattern)
    except re2.error:
        return
    if regex.search(text) is not None:
        assert stands(needed(pattern), text), pattern


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(["", "(?i)"]),
    st.lists(st.sampled_from([".*", "a", "B", "k", "S", r"\.", "-", "결", "x"]), max_size=4).map("".join),
    st.text("aAbBkKſSsx결.-\n", max_size=8),
)
def test_a_literal_stands_where_its_regex_matches(flags: str, pattern: str, text: str) -> None:
    literal = whole(flags + pattern)
    if literal is None:
        return
    found = literal.text in text
    if literal.folds:
        found = like.ascii_lower(literal.text) in like.ascii_lower(text)
        if any(letter in text for letter in literal.folded_letters):
            return  # the expression itself is asked
    assert found == (re2.compile(f"(?s){flags}{pattern}").search(text) is not None)


@settings(max_examples=400, deadline=None)
@given(st.text("\\u0aAceE10b결x%_ '\"", max_size=14), st.integers(0, 14), st.integers(0, 14))
def test_pieces_of_a_needle_stand_in_what_the_line_says(line: str, start: int, length: int) -> None:
    needle = line[start : start + length]
    spoken = said(line).lower()
    for piece in like.pieces(needle):
        assert like.ascii_lower(piece) in spoken


def test_a_pattern_is_escaped() -> None:
    assert like.pattern("50% of A_b\\c") == "%50\\% of a\\_b\\\\c%"
