"""Upkeep: when a day's parts are worth indexes, and that they get them once."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from hannun.model.labels import Labels
from hannun.observe.problems import Problems
from hannun.store.logs import settle
from hannun.store.logs import store as store_module
from hannun.store.logs.settle import Part, ripe
from hannun.testing import log_mix

MIB = 1 << 20


def part(mib: float, age_s: int = 60, *, indexed: bool = False) -> Part:
    return Part("p", 1, int(mib * MIB), age_s, indexed, False)


@pytest.mark.parametrize(
    ("parts", "calm", "merging", "wanted"),
    [
        pytest.param([part(20)], False, False, True, id="enough bytes that have rested"),
        pytest.param([part(20, age_s=3)], False, False, False, id="still to be merged soon"),
        pytest.param([part(20, age_s=3)], True, False, True, id="no lines come any more"),
        pytest.param([part(9), part(9)], False, False, True, id="together"),
        pytest.param([part(5)], False, False, False, id="too little while lines come"),
        pytest.param([part(5)], True, False, True, id="little, but it is quiet"),
        pytest.param([part(0.2)], True, False, False, id="a scan is quicker"),
        pytest.param([part(500, indexed=True), part(3)], False, False, False, id="what has them does not count"),
        pytest.param([part(100)], False, True, False, id="merges first"),
        pytest.param([part(300)], False, True, True, id="merges that never end do not put it off for ever"),
    ],
)
def test_when_parts_are_ripe(parts: list[Part], calm: bool, merging: bool, wanted: bool) -> None:
    assert ripe(parts, calm=calm, merging=merging) == wanted


def indexed(bench: Any) -> list[tuple[Any, ...]]:
    return list(
        bench.engine.query_rows(
            "SELECT count(), countIf(secondary_indices_compressed_bytes > 0)\nFROM system.parts\n"
            "WHERE active AND table = 'logs__local'"
        )
    )


def test_parts_get_their_indexes_once_it_is_quiet(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settle, "WORTH_CALM_BYTES", 1)
    bench.engine.execute("SYSTEM STOP MERGES logs__local")
    bench.run(bench.store.write(log_mix.lines(1, 10_000).batch()))
    bench.engine.execute("SYSTEM START MERGES logs__local")
    assert not bench.store.sweep(), "lines may still come"
    assert indexed(bench) == [(1, 0)]
    bench.options["clock"].s += settle.CALM_S
    assert bench.store.sweep()
    assert indexed(bench) == [(1, 1)]
    assert not bench.store.sweep(), "nothing is left to do"
    bench.options["clock"].s += settle.IDS_AFTER_S
    assert bench.store.sweep(), "the index of ids comes after a longer rest"
    assert not bench.store.sweep()


def test_a_day_that_is_over_gets_the_index_of_ids(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settle, "WORTH_CALM_BYTES", 1)
    bench.run(bench.store.write(log_mix.lines(1, 10_000, start_ns=log_mix.START_NS - 2 * 86_400 * 10**9).batch()))
    bench.store.sweep(settle_all=True)
    assert bench.store.sweep(settle_all=True)
    size = "SELECT sum(secondary_indices_compressed_bytes) FROM system.parts WHERE active AND table = 'logs__local'"
    assert bench.engine.query_rows(size)[0][0] > 2 * 20_000, "two granules of the index of ids are there"
    assert not bench.store.sweep(settle_all=True)


def test_a_full_bound_of_streams_is_a_standing_problem(bench: Any, line: Any) -> None:
    bench.close()
    problems = Problems()
    bench.options |= {"streams_max": 2, "problems": problems}
    bench.reopen()
    bench.put(*(line(Labels.of(app=name), log_mix.START_NS, "x") for name in ("a", "b")))
    bench.store.sweep()
    (problem,) = problems.standing()
    assert "2" in problem.what.ko
    bench.store.delete((), None, 0, 1 << 62)
    bench.store.sweep()
    assert not problems.standing()


def test_a_server_that_leaves_gives_up_what_upkeep_is_at(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The statement would take seconds; the server is gone in moments, and nothing is tried again at the next start."""
    monkeypatch.setattr(settle, "WORTH_CALM_BYTES", 1)
    monkeypatch.setattr(store_module, "UPKEEP_EVERY_S", 0.01)
    for number in range(4):
        bench.run(bench.store.write(log_mix.lines(1, 40_000, first=number * 40_000).batch()))
    bench.options["clock"].s += settle.CALM_S

    async def play() -> float:
        task = asyncio.create_task(bench.store.run())
        await asyncio.sleep(0.15)
        began = time.monotonic()
        task.cancel()
        await asyncio.wait({task})
        return time.monotonic() - began

    assert bench.run(play()) < 5
    pending = "SELECT count() FROM system.mutations WHERE table = 'logs__local' AND NOT is_done"
    assert bench.engine.query_rows(pending) == [(0,)]
    assert bench.counted()[0] == 160_000
