"""Whole days go, oldest first; a clock that jumps does not take the data with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hannun.observe.problems import Problems
from hannun.store.disk import DiskGuard
from hannun.store.engine import ChdbEngine
from hannun.store.retention import DAY_MS, Partition, Retention, Signal, follow, too_much, too_old

HOUR_MS = 3_600_000
NOW_MS = 1_800_000_000_000
TODAY = NOW_MS // DAY_MS


def days(*sizes: int, signal: str = "metrics", table: str = "t") -> list[Partition]:
    """The last one is of today."""
    first = TODAY - len(sizes) + 1
    return [Partition(signal, table, first + i, weight) for i, weight in enumerate(sizes)]


def test_a_day_goes_when_its_last_moment_is_out() -> None:
    partitions = days(1, 1, 1, 1)
    keep = NOW_MS - TODAY * DAY_MS + DAY_MS  # to the beginning of yesterday, exactly
    assert [one.day for one in too_old(partitions, keep, NOW_MS)] == [TODAY - 3, TODAY - 2]
    assert [one.day for one in too_old(partitions, keep + 1, NOW_MS)] == [TODAY - 3]
    assert too_old(partitions, 0, NOW_MS) == []


@pytest.mark.parametrize(
    ("sizes", "bound", "gone"),
    [
        pytest.param((10, 10, 10), 30, 0, id="within the bound"),
        pytest.param((10, 10, 10), 29, 1, id="the oldest day goes"),
        pytest.param((10, 10, 10), 10, 2, id="until it fits"),
        pytest.param((10, 10, 10), 1, 2, id="never today"),
        pytest.param((10, 10, 10), None, 0, id="no bound"),
    ],
)
def test_by_size_the_oldest_days_go(sizes: tuple[int, ...], bound: int | None, gone: int) -> None:
    assert [one.day for one in too_much(days(*sizes), bound, TODAY)] == [TODAY - 2, TODAY - 1][:gone]


def test_a_day_goes_from_all_tables_together() -> None:
    both = days(10, 10, table="samples") + days(1, 1, table="seen")
    assert {(one.table, one.day) for one in too_much(both, 20, TODAY)} == {("samples", TODAY - 1), ("seen", TODAY - 1)}


@pytest.mark.parametrize(
    ("now_ms", "elapsed_s", "expected_ms"),
    [
        pytest.param(NOW_MS + 60_000, 60, NOW_MS + 60_000, id="steady time"),
        pytest.param(NOW_MS - DAY_MS, 60, NOW_MS - DAY_MS, id="backwards at once: less is dropped"),
        pytest.param(NOW_MS + HOUR_MS, 60, NOW_MS + HOUR_MS, id="an hour ahead is followed"),
        pytest.param(NOW_MS + 366 * DAY_MS, 3600, NOW_MS + HOUR_MS + DAY_MS, id="a year ahead: a day per hour"),
        pytest.param(NOW_MS + DAY_MS, 3600, NOW_MS + DAY_MS, id="a day ahead is caught up in an hour"),
    ],
)
def test_how_retentions_clock_follows(now_ms: int, elapsed_s: float, expected_ms: int) -> None:
    assert follow(NOW_MS, now_ms, elapsed_s) == expected_ms


@given(st.lists(st.tuples(st.floats(0, 7200), st.integers(-400 * DAY_MS, 400 * DAY_MS)), max_size=30))
def test_retentions_clock_is_never_ahead_and_never_gains_more_than_a_day_an_hour(
    steps: list[tuple[float, int]],
) -> None:
    trusted = NOW_MS
    for elapsed_s, jump_ms in steps:
        now = NOW_MS + jump_ms
        after = follow(trusted, now, elapsed_s)
        assert after <= max(now, trusted)
        assert after <= now or after == now
        assert after - trusted <= elapsed_s * 1000 * 25 + 2 * HOUR_MS + 1
        trusted = after


@pytest.fixture
def stored(engine: ChdbEngine) -> ChdbEngine:
    """Ten days of samples, a row each."""
    for day in range(10):
        engine.execute(
            "INSERT INTO metric_samples__local SELECT 'm', 1, fromUnixTimestamp64Milli({ts:Int64}, 'UTC'), 1, 0",
            {"ts": NOW_MS - day * DAY_MS},
        )
    return engine


def stored_days(engine: ChdbEngine) -> int:
    return int(engine.query_rows("SELECT uniqExact(toDate(ts)) FROM metric_samples")[0][0])


def retention(engine: ChdbEngine, clock: Any, tmp_path: Path, **options: Any) -> Retention:
    signal = Signal("metrics", ("metric_samples__local", "metric_seen__local"), **options.pop("signal", {"keep_ms": 0}))
    return Retention(
        engine, [signal], disk=DiskGuard(tmp_path, 0), clock=clock, state_path=tmp_path / "clock", **options
    )


def test_a_sweep_drops_what_is_too_old_and_tells_the_caches(stored: ChdbEngine, clock: Any, tmp_path: Path) -> None:
    told: list[int] = []
    keeper = retention(
        stored, clock, tmp_path, signal={"keep_ms": 5 * DAY_MS, "dropped": lambda: told.append(stored_days(stored))}
    )
    assert len(keeper.sweep()) == 4
    assert told == [6]
    assert keeper.sweep() == []
    assert keeper.status()[0].size_bytes > 0


def test_a_sweep_keeps_the_bound_in_bytes_but_never_drops_today(stored: ChdbEngine, clock: Any, tmp_path: Path) -> None:
    problems = Problems()
    keeper = retention(stored, clock, tmp_path, total_bytes_max=1, problems=problems)
    keeper.sweep()
    assert stored_days(stored) == 1
    assert [one.id for one in problems.standing()] == ["retention-size"]


def test_a_clock_that_jumps_a_year_drops_nothing_for_an_hour(stored: ChdbEngine, clock: Any, tmp_path: Path) -> None:
    problems = Problems()
    keeper = retention(stored, clock, tmp_path, signal={"keep_ms": 12 * DAY_MS}, problems=problems)
    keeper.sweep()
    clock.ms += 365 * DAY_MS
    for _ in range(60):
        clock.advance(60)
        keeper.sweep()
    assert stored_days(stored) == 10
    assert [one.id for one in problems.standing()] == ["clock-jump"]
    clock.ms -= 365 * DAY_MS
    clock.advance(60)
    keeper.sweep()
    assert stored_days(stored) == 10
    assert problems.standing() == []


def test_a_restart_does_not_make_a_jumped_clock_trusted(stored: ChdbEngine, clock: Any, tmp_path: Path) -> None:
    retention(stored, clock, tmp_path, signal={"keep_ms": 12 * DAY_MS}).sweep()
    clock.ms += 365 * DAY_MS
    for _ in range(5):
        retention(stored, clock, tmp_path, signal={"keep_ms": 12 * DAY_MS}).sweep()
    assert stored_days(stored) == 10


def test_without_saved_state_the_newest_data_tell_the_time(stored: ChdbEngine, clock: Any, tmp_path: Path) -> None:
    clock.ms += 40 * DAY_MS
    keeper = retention(stored, clock, tmp_path, signal={"keep_ms": 30 * DAY_MS})
    keeper.sweep()
    assert stored_days(stored) == 10
    for _ in range(40):
        clock.advance(3600)
        keeper.sweep()
    assert stored_days(stored) == 0
