"""Deletes: gone at once on every path, nothing else touched, and cheap when everything goes."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import numpy as np
import pytest

from hannun.model.budget import Budget
from hannun.model.errors import StoreUnavailable
from hannun.model.labels import Labels
from hannun.model.matcher import Matcher, MatchOp, equal
from hannun.model.metric import MetricBatch

NOW_MS = 1_800_000_000_000
DAY_MS = 86_400_000
HOUR_MS = 3_600_000
A = Labels.of(__name__="m", host="a")
B = Labels.of(__name__="m", host="b")
C = Labels.of(__name__="n", host="a")
ALL = (Matcher("__name__", MatchOp.REGEX, ".+"),)
EVER = (0, 2 * NOW_MS)


@pytest.fixture
def filled(bench: Any) -> Any:
    for labels in (A, B, C):
        bench.put(*((labels, NOW_MS - day * DAY_MS, float(day)) for day in range(4)))
    for _ in range(3):  # so that the recent window holds it too
        bench.get((equal("__name__", "m"),), NOW_MS - HOUR_MS, NOW_MS)
    return bench


def left(bench: Any) -> set[tuple[Labels, int]]:
    return {(labels, round((NOW_MS - ts) / DAY_MS)) for labels, points in bench.get(ALL).items() for ts in points}


EVERYTHING = {(labels, day) for labels in (A, B, C) for day in range(4)}


@pytest.mark.parametrize(
    ("selectors", "span", "gone"),
    [
        pytest.param([ALL], EVER, EVERYTHING, id="everything"),
        pytest.param([(equal("host", "a"),)], EVER, {one for one in EVERYTHING if one[0] != B}, id="by label"),
        pytest.param(
            [(equal("__name__", "m"),)], EVER, {one for one in EVERYTHING if one[0] != C}, id="a whole metric"
        ),
        pytest.param(
            [(equal("host", "b"),), (equal("__name__", "n"),)],
            EVER,
            {x for x in EVERYTHING if x[0] != A},
            id="two selectors",
        ),
        pytest.param([(equal("host", "none"),)], EVER, set(), id="nothing matches"),
        pytest.param([ALL], (NOW_MS - 1, NOW_MS), {x for x in EVERYTHING if x[1] == 0}, id="the last sample of all"),
        pytest.param(
            [ALL],
            (0, NOW_MS - 2 * DAY_MS),
            {x for x in EVERYTHING if x[1] >= 2},
            id="whole days of everything, closed end",
        ),
        pytest.param(
            [ALL],
            (NOW_MS - 2 * DAY_MS, NOW_MS - DAY_MS),
            {x for x in EVERYTHING if x[1] in (1, 2)},
            id="days in between",
        ),
        pytest.param(
            [(equal("host", "b"),)],
            (NOW_MS - DAY_MS, NOW_MS),
            {(B, 0), (B, 1)},
            id="a time range of one series, both ends closed",
        ),
        pytest.param([ALL], (NOW_MS + 1, 2 * NOW_MS), set(), id="a range without samples"),
    ],
)
@pytest.mark.parametrize("merged", [False, True], ids=["unmerged", "merged"])
def test_what_goes_and_what_stays(
    filled: Any, selectors: Any, span: tuple[int, int], gone: set[Any], merged: bool
) -> None:
    if merged:
        filled.merge()
    filled.store.delete(selectors, *span)
    assert left(filled) == EVERYTHING - gone
    recent = filled.get((equal("__name__", "m"),), NOW_MS - HOUR_MS, NOW_MS)
    assert set(recent) == {labels for labels, day in EVERYTHING - gone if day == 0 and labels != C}
    filled.merge()
    assert left(filled) == EVERYTHING - gone


def test_deleted_series_are_listed_no_more_and_must_be_introduced_again(filled: Any) -> None:
    filled.store.delete([(equal("host", "a"),)], *EVER)
    assert filled.store.series([ALL], *EVER, 0, Budget()) == [B]
    ids = np.array([A.series_id(), B.series_id(), C.series_id()], np.uint64)
    assert filled.store.unknown(ids).tolist() == [True, False, True]
    filled.put((A, NOW_MS, 7.0))
    assert filled.get((equal("host", "a"),)) == {A: {NOW_MS: 7.0}}
    assert filled.store.series([ALL], *EVER, 0, Budget()) == [A, B]


def test_a_sample_written_after_the_delete_is_there(filled: Any) -> None:
    for _ in range(3):
        filled.store.delete([(equal("host", "b"),)], NOW_MS - HOUR_MS, NOW_MS)
        assert (B, 0) not in left(filled)
        filled.put((B, NOW_MS, 5.0))
        assert filled.get((equal("host", "b"),), NOW_MS - 1, NOW_MS) == {B: {NOW_MS: 5.0}}


def test_deletes_beside_writes_lose_nothing_new(bench: Any) -> None:
    """While one host's series is deleted again and again, its writers introduce it anew; nobody else notices."""
    kept: dict[int, float] = {}
    last: dict[int, float] = {}
    deleting = True

    async def write(number: int) -> None:
        labels = Labels.of(__name__="m", host=str(number % 3))
        step = 0
        while deleting or number not in last:
            step += 1
            ts = NOW_MS + number * 100_000 + step
            last_turn = not deleting
            try:
                await bench.store.write(bench.batch([(labels, ts, float(step))]))
            except StoreUnavailable:  # 503: deleted between the question and the write; the client sends again
                continue
            if number % 3:
                kept[ts] = float(step)
            elif last_turn:
                last[number] = kept[ts] = float(step)
            if number % 3 and last_turn:
                last[number] = float(step)
            await asyncio.sleep(0.005)

    async def delete() -> None:
        nonlocal deleting
        for _ in range(6):
            await asyncio.sleep(0.05)
            await asyncio.to_thread(bench.store.delete, [(equal("host", "0"),)], *EVER)
        deleting = False

    async def both() -> None:
        await asyncio.gather(*(write(number) for number in range(6)), delete())

    bench.run(both())
    found = {ts: value for points in bench.get(ALL).values() for ts, value in points.items()}
    assert {ts: found.get(ts) for ts in kept} == kept
    assert len(last) == 6


def test_clearing_the_store_is_cheap(bench: Any) -> None:
    took = []
    for turn in range(5):
        bench.put(*((Labels.of(__name__="m", i=str(i)), NOW_MS + turn, 1.0) for i in range(50)))
        began = time.process_time()
        bench.store.delete([ALL], *EVER)
        took.append(time.process_time() - began)
        assert bench.get(ALL) == {}
    assert min(took) < 0.25, "of CPU time, the engine's threads included"


def test_a_series_deleted_in_flight_is_asked_again_not_lost(bench: Any) -> None:
    bench.put((A, NOW_MS, 1.0))
    late = MetricBatch(np.array([A.series_id()], np.uint64), np.array([NOW_MS + 1]), np.array([2.0]))
    bench.store.delete([ALL], *EVER)
    assert bench.store.unknown(late.series).tolist() == [True]
    bench.put((A, NOW_MS + 1, 2.0))
    assert bench.get(ALL) == {A: {NOW_MS + 1: 2.0}}


def test_series_of_dropped_days_are_forgotten_and_may_come_again(filled: Any) -> None:
    old = Labels.of(__name__="old", host="a")
    filled.put((old, NOW_MS - 3 * DAY_MS, 1.0))
    for table in ("metric_samples__local", "metric_seen__local"):
        day = np.datetime64(NOW_MS // DAY_MS - 3, "D")
        filled.engine.execute(f"ALTER TABLE {table} DROP PARTITION '{day}'")
    filled.store.partitions_dropped()
    assert filled.store.series([], *EVER, 0, Budget()) == [A, B, C]
    assert left(filled) == {one for one in EVERYTHING if one[1] != 3}
    filled.put((old, NOW_MS, 2.0), (A, NOW_MS, 2.0))
    assert filled.get((equal("__name__", "old"),)) == {old: {NOW_MS: 2.0}}
    assert filled.store.series([], NOW_MS, NOW_MS, 0, Budget()) == [A, B, C, old]
