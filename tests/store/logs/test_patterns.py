"""Patterns at rest: summed per minute, told over a range with the range before it, kept over a restart."""

from __future__ import annotations

from hannun.model.budget import Budget
from hannun.model.labels import Labels
from hannun.model.log import LogStream
from hannun.model.pattern import PatternCount, PatternText
from hannun.store.engine import ChdbEngine
from hannun.store.logs.patterns import PatternStore

MINUTE = 1_800_000_000 // 60 * 60
SHOP = LogStream(7, Labels.of(app="shop"))


def store(engine: ChdbEngine) -> PatternStore:
    return PatternStore(engine, lambda selectors, start, end, budget: (SHOP,))


def filled(engine: ChdbEngine) -> PatternStore:
    made = store(engine)
    made.add(
        [PatternText(1, "shop", "took <_> ms", 5_000), PatternText(2, "shop", "disk full", 6_000)],
        [
            PatternCount(1, "shop", 7, 3, MINUTE - 600, 10),
            PatternCount(1, "shop", 7, 3, MINUTE, 4),
            PatternCount(2, "shop", 7, 5, MINUTE + 60, 1),
            PatternCount(1, "shop", 8, 3, MINUTE, 99),
        ],
    )
    made.add([], [PatternCount(1, "shop", 7, 3, MINUTE, 6)])
    return made


def test_the_worst_stand_first_with_what_was_before(engine: ChdbEngine) -> None:
    full, took = filled(engine).seen([7], MINUTE * 1000, (MINUTE + 600) * 1000, 60_000, 10, Budget())
    assert (full.text, full.severity, full.lines, full.before) == ("disk full", 5, 1, 0)
    assert (took.text, took.lines, took.before, took.services) == ("took <_> ms", 10, 10, ("shop",))
    assert took.counts == (10, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    assert full.last_ms == (MINUTE + 60) * 1000


def test_loki_is_told_the_same(engine: ChdbEngine) -> None:
    found = filled(engine).patterns((), MINUTE * 10**9, (MINUTE + 600) * 10**9, 60 * 10**9, Budget())
    assert [(one.pattern, one.level, one.samples) for one in found] == [
        ("disk full", "error", (((MINUTE + 60) * 10**9, 1),)),
        ("took <_> ms", "info", ((MINUTE * 10**9, 10),)),
    ]


def test_the_newest_words_of_a_pattern_are_its_words(engine: ChdbEngine) -> None:
    made = filled(engine)
    made.add([PatternText(2, "shop", "<_> full", 6_000)], [])
    assert [(one.id, one.text) for one in store(engine).load()] == [(1, "took <_> ms"), (2, "<_> full")]


def test_nothing_is_asked_of_no_streams(engine: ChdbEngine) -> None:
    assert filled(engine).seen([], MINUTE * 1000, (MINUTE + 600) * 1000, 60_000, 10, Budget()) == ()
