"""Live lines: who watches gets what it wants after the commit, and a commit never waits for who watches."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from hannun.model.labels import Labels
from hannun.model.log import TailedLine
from hannun.store.logs import tails

NOW_NS = 1_800_000_000 * 10**9
A = Labels.of(app="a")
B = Labels.of(app="b")


def test_a_watcher_gets_its_lines_in_order_and_nothing_after_it_left(bench: Any, line: Any) -> None:
    got: list[TailedLine] = []

    async def play() -> float:
        leave = bench.store.subscribe(lambda stream: stream.labels == A, got.extend)
        sent = [
            line(A, NOW_NS, "1", 5, attributes=(("k", "v"),)),
            line(B, NOW_NS, "not mine"),
            line(A, NOW_NS + 1, "결제"),
        ]
        await bench.store.write(bench.batch(*sent))
        began = time.perf_counter()
        while len(got) < 2:
            await asyncio.sleep(0.001)
        took = time.perf_counter() - began
        await bench.store.write(bench.batch(sent[0]))
        leave()
        leave()
        await bench.store.write(bench.batch(line(A, NOW_NS + 2, "too late")))
        await asyncio.sleep(0.05)
        return took

    took = bench.run(play())
    assert [(one.stream.labels, one.body, one.severity, one.attributes) for one in got] == [
        (A, "1", 5, (("k", "v"),)),
        (A, "결제", 3, ()),
    ]
    assert took < 2.0, "at once, not at the next upkeep"
    assert len(bench.get()) == 4


def test_a_watcher_that_comes_again_after_all_left_is_served(bench: Any, line: Any) -> None:
    async def once(number: int) -> list[str]:
        got: list[str] = []

        def on_lines(lines: Sequence[TailedLine]) -> None:
            got.extend(one.body for one in lines)

        leave = bench.store.subscribe(lambda stream: True, on_lines)
        await bench.store.write(bench.batch(line(A, NOW_NS + number, str(number))))
        for _ in range(500):
            if got:
                break
            await asyncio.sleep(0.002)
        leave()
        return got

    assert [bench.run(once(number)) for number in range(3)] == [["0"], ["1"], ["2"]]


def test_a_watcher_that_fails_costs_no_other_its_lines(bench: Any, line: Any) -> None:
    got: list[TailedLine] = []

    async def play() -> None:
        def faulty(stream: Any) -> bool:
            raise ValueError("a bug of mine")

        leave = [bench.store.subscribe(faulty, got.extend), bench.store.subscribe(lambda stream: True, got.extend)]
        await bench.store.write(bench.batch(line(A, NOW_NS, "x")))
        for _ in range(500):
            if got:
                break
            await asyncio.sleep(0.002)
        for one in leave:
            one()

    bench.run(play())
    assert [one.body for one in got] == ["x"]


def test_a_watcher_that_never_looks_holds_up_no_commit(bench: Any, line: Any, monkeypatch: Any) -> None:
    """The thread that makes the lines stands still here; commits go on and what it cannot take is counted."""
    monkeypatch.setattr(tails, "COMMITS_QUEUED_MAX", 2)
    stand = asyncio.Event()
    before = tails._SKIPPED._value.get()

    async def play() -> None:
        def wanted(stream: Any) -> bool:
            time.sleep(0.3)
            return True

        leave = bench.store.subscribe(wanted, lambda lines: stand.set())
        for number in range(12):
            labels = Labels.of(app=f"slow-{number}")
            await asyncio.wait_for(bench.store.write(bench.batch(line(labels, NOW_NS, "x"))), 5)
        leave()

    bench.run(play())
    assert len(bench.get()) == 12
    assert tails._SKIPPED._value.get() > before
