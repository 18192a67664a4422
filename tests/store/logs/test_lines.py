"""The compiled passes over lines, against what plain Python says of the same lines."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hannun.model.log import Attributes, LogBatch, TextColumn
from hannun.store.logs import lines
from hannun.store.logs.repeats import Repeats

TEXTS = st.text(max_size=40)
PAIRS = st.lists(st.tuples(TEXTS, TEXTS), max_size=3)
LINES = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), TEXTS, PAIRS), min_size=1, max_size=30)
SECRET = np.uint64(0x1234567890ABCDEF)


def batch_of(rows: list[tuple[int, int, str, list[tuple[str, str]]]], *, pairs: bool = True) -> LogBatch:
    flat = [pair for _, _, _, some in rows for pair in some]
    offsets = np.cumsum([0, *(len(some) for _, _, _, some in rows)]).astype(np.int64)
    attributes = Attributes(offsets, TextColumn.of([k for k, _ in flat]), TextColumn.of([v for _, v in flat]))
    return LogBatch(
        np.array([row[0] for row in rows], np.uint64),
        np.array([row[1] for row in rows], np.int64),
        np.zeros(len(rows), np.uint8),
        TextColumn.of([row[2] for row in rows]),
        attributes=attributes if pairs else None,
    )


@given(LINES)
def test_lines_hash_equal_just_when_they_are_equal(rows: list[tuple[int, int, str, list[tuple[str, str]]]]) -> None:
    found = lines.hashes(batch_of(rows), SECRET)
    by_hash: dict[int, object] = {}
    for row, one in zip(rows, found.tolist(), strict=True):
        assert one != 0
        assert by_hash.setdefault(one, row) == row
    assert len(by_hash) == len({repr(row) for row in rows})
    without = [(*row[:3], []) for row in rows]
    plain = lines.hashes(batch_of(without, pairs=False), SECRET)
    assert (lines.hashes(batch_of(without), SECRET) == plain).all()


@given(LINES, st.randoms(use_true_random=False))
def test_chosen_lines_are_the_lines_that_were_chosen(
    rows: list[tuple[int, int, str, list[tuple[str, str]]]], rng: object
) -> None:
    at = np.array(sorted(rng.sample(range(len(rows)), len(rows) // 2)), np.int64)  # type: ignore[attr-defined]
    taken = lines.take_lines(batch_of(rows), at, introduce=False)
    same = lines.hashes(batch_of(rows), SECRET)[at]
    assert (lines.hashes(taken, SECRET) == same).all()
    assert [taken.body[i] for i in range(len(at))] == [rows[i][2] for i in at.tolist()]


@given(st.lists(st.tuples(st.text("ab0", max_size=60), st.text("ab0", max_size=20)), min_size=1, max_size=20))
@settings(max_examples=200)
def test_an_id_is_found_where_it_stands_first(rows: list[tuple[str, str]]) -> None:
    body, ids = TextColumn.of([text for text, _ in rows]), TextColumn.of([one for _, one in rows])
    at, given_ = lines.locate(body, ids, 8)
    expected = [text.find(one) + 1 if len(one) == 8 else 0 for text, one in rows]
    assert at.tolist() == expected
    left = [one if where == 0 else "" for (_, one), where in zip(rows, expected, strict=True)]
    assert (given_ is None) == (not any(left))
    if given_ is not None:
        assert [given_[i] for i in range(len(rows))] == left


@given(st.lists(st.lists(st.integers(1, 40), max_size=30), max_size=20))
def test_repetitions_are_those_of_lines_known_for_a_while(groups: list[list[int]]) -> None:
    """As a set while it is small; when it is full the oldest go, and nothing else is called a repetition."""
    small, seen = Repeats(lines_max=1000), set[int]()
    tight, ever = Repeats(lines_max=8), set[int]()
    for group in groups:
        hashes = np.array(group, np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        expected = [one not in seen and not seen.add(one) for one in group]  # type: ignore[func-returns-value]
        assert small.admit(hashes).tolist() == expected
        for one, first in zip(group, tight.admit(hashes).tolist(), strict=True):
            assert first or one in ever
            ever.add(one)
        assert len(tight) <= 2 * max(8, 30)


@given(st.sets(st.integers(1, 1000), max_size=200), st.sets(st.integers(1, 1000), max_size=50))
def test_forgotten_lines_are_new_again(known: set[int], gone: set[int]) -> None:
    repeats = Repeats()
    repeats.admit(np.array(sorted(known | gone), np.uint64))
    repeats.forget(np.array(sorted(gone), np.uint64))
    again = np.array(sorted(known | gone), np.uint64)
    assert repeats.admit(again).tolist() == [one in gone for one in again.tolist()]
