"""Deletes: counted, gone at once on every path, nothing else touched, the roll-up follows."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hannun.model.budget import Budget
from hannun.model.errors import HannunError
from hannun.model.labels import Labels
from hannun.model.log import Statement
from hannun.model.matcher import Matchers, equal
from hannun.store.logs.mutate import mutate

NOW_NS = 1_800_000_000 * 10**9
DAY_NS = 86_400 * 10**9
EVER = (0, 2 * NOW_NS)
A = Labels.of(app="a", host="h1")
B = Labels.of(app="b", host="h1")
DAYS = range(4)


@pytest.fixture
def filled(bench: Any, line: Any) -> Any:
    bench.put(*(line(labels, NOW_NS - day * DAY_NS, f"day {day}") for labels in (A, B) for day in DAYS))
    return bench


def left(bench: Any) -> set[tuple[str, int]]:
    return {(one.labels.get("app"), (NOW_NS - one.ts_ns) // DAY_NS) for one in bench.get()}


ALL = {(app, day) for app in "ab" for day in DAYS}


@pytest.mark.parametrize("merged", [False, True], ids=["unmerged", "merged"])
@pytest.mark.parametrize(
    ("selector", "where", "span", "gone"),
    [
        pytest.param((), None, EVER, ALL, id="everything"),
        pytest.param((equal("app", "a"),), None, EVER, {one for one in ALL if one[0] == "a"}, id="a stream"),
        pytest.param((equal("app", "none"),), None, EVER, set(), id="nothing matches"),
        pytest.param((), None, (NOW_NS, NOW_NS), set(), id="an empty range"),
        pytest.param((), None, (NOW_NS, NOW_NS + 1), {("a", 0), ("b", 0)}, id="the last line of all"),
        pytest.param((), None, (0, NOW_NS), {one for one in ALL if one[1]}, id="the end is open"),
        pytest.param(
            (), None, (0, NOW_NS // DAY_NS * DAY_NS), {one for one in ALL if one[1]}, id="whole days of everything"
        ),
        pytest.param(
            (equal("app", "b"),), None, (NOW_NS - 2 * DAY_NS, NOW_NS), {("b", 1), ("b", 2)}, id="a range of a stream"
        ),
        pytest.param(
            (),
            Statement("position(text, {needle:String}) > 0 AND severity >= {s:UInt8}", {"needle": "day 2", "s": 1}),
            EVER,
            {("a", 2), ("b", 2)},
            id="by text",
        ),
        pytest.param(
            (equal("host", "h1"),), Statement("attributes['k'] = 'v'"), EVER, set(), id="by an attribute that none has"
        ),
    ],
)
def test_what_goes_and_what_stays(
    filled: Any, selector: Matchers, where: Statement | None, span: tuple[int, int], gone: set[Any], merged: bool
) -> None:
    if merged:
        filled.merge()
        filled.build_all()
    assert filled.store.delete(selector, where, *span) == len(gone)
    assert left(filled) == ALL - gone
    assert filled.counted() == (8 - len(gone), 5 * (8 - len(gone)))
    apps = {app for app, _ in ALL - gone}
    assert set(filled.store.label_values("app", [], *EVER, Budget())) == apps
    filled.merge()
    assert left(filled) == ALL - gone
    assert filled.counted()[0] == 8 - len(gone)


def test_what_was_deleted_may_be_sent_again(filled: Any, line: Any) -> None:
    filled.store.delete((equal("app", "a"),), None, *EVER)
    filled.put(line(A, NOW_NS, "day 0"))
    assert left(filled) == {("a", 0)} | {("b", day) for day in DAYS}
    filled.reopen()
    assert left(filled) == {("a", 0)} | {("b", day) for day in DAYS}


def test_upkeep_takes_deleted_lines_out_of_their_files(filled: Any) -> None:
    filled.merge()
    filled.store.delete((), Statement("body = 'day 2'"), *EVER)
    hidden = "SELECT sum(rows), sum(has_lightweight_delete) FROM system.parts WHERE active AND table = 'logs__local'"
    assert filled.engine.query_rows(hidden) == [(8, 1)]
    assert filled.store.sweep()
    assert filled.engine.query_rows(hidden) == [(6, 0)]
    assert filled.counted()[0] == 6


def test_a_delete_that_fails_is_told_and_is_not_tried_again_for_ever(filled: Any) -> None:
    with pytest.raises(HannunError):
        filled.store.delete((), Statement("throwIf(severity = 3) = 1"), *EVER)
    with pytest.raises(HannunError):
        mutate(filled.engine, "DELETE FROM logs__local WHERE throwIf(severity = 3) = 1")
    pending = "SELECT count() FROM system.mutations WHERE table = 'logs__local' AND NOT is_done"
    assert filled.engine.query_rows(pending) == [(0,)]
    assert left(filled) == ALL
    assert filled.store.delete((equal("app", "a"),), None, *EVER) == 4


def test_lines_are_written_while_others_are_deleted(filled: Any, line: Any) -> None:
    """What comes during a delete stays, unless the delete had it before its eyes."""

    async def play() -> None:
        deleting = asyncio.create_task(
            asyncio.to_thread(filled.store.delete, (equal("app", "a"),), None, 0, NOW_NS - 1)
        )
        for number in range(20):
            await filled.store.write(filled.batch(line(B, NOW_NS + number, f"new {number}")))
        assert await deleting == 3

    filled.run(play())
    assert {one.body for one in filled.get()} >= {f"new {number}" for number in range(20)}
    assert left(filled) == {("a", 0)} | {("b", day) for day in DAYS} | {("b", -1)}
