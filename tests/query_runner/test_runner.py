"""The pool keeps the event loop free, the line short, and its word when a client leaves or a deadline passes."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from hannun.model.errors import ExecutionError, Overloaded, QueryCanceled, QueryTimeout
from hannun.query.runner import QueryRunner, nobody_leaves


class Gate:
    """Work that runs until it is let go."""

    def __init__(self) -> None:
        self.open = threading.Event()

    def __call__(self) -> str:
        assert self.open.wait(10)
        return "through"


async def until(condition, within_s: float = 3.0) -> None:
    end_s = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end_s
        await asyncio.sleep(0.01)


@pytest.fixture
async def runner():
    made = QueryRunner(2, waiting_max=1, timeout_s=5, grace_s=0.05)
    yield made
    await made.stop()


async def test_work_runs_beside_the_event_loop(runner: QueryRunner) -> None:
    caller = threading.get_ident()
    assert await runner.run(nobody_leaves, threading.get_ident, runner.budget()) != caller


async def test_errors_of_the_work_reach_the_caller(runner: QueryRunner) -> None:
    def fail() -> None:
        raise ExecutionError("no")

    with pytest.raises(ExecutionError, match="no"):
        await runner.run(nobody_leaves, fail, runner.budget())


async def test_a_full_line_refuses_at_once_and_empties_again(runner: QueryRunner) -> None:
    gate = Gate()
    running = [asyncio.ensure_future(runner.run(nobody_leaves, gate, runner.budget())) for _ in range(3)]
    await asyncio.sleep(0.05)
    with pytest.raises(Overloaded, match="2 are running and 1 are waiting"):
        await runner.run(nobody_leaves, gate, runner.budget())
    gate.open.set()
    assert await asyncio.gather(*running) == ["through"] * 3
    assert await runner.run(nobody_leaves, lambda: 1, runner.budget()) == 1


async def test_a_client_that_leaves_cancels_its_question(runner: QueryRunner) -> None:
    budget, stopped = runner.budget(), threading.Event()
    left = False

    def work() -> None:
        with budget.on_cancel(stopped.set):
            stopped.wait(10)
            budget.check()

    async def has_left() -> bool:
        return left

    running = asyncio.ensure_future(runner.run(has_left, work, budget))
    await asyncio.sleep(0.1)
    left = True
    with pytest.raises(QueryCanceled):
        await running
    assert stopped.wait(1)


async def test_a_client_that_leaves_the_line_gives_its_place_up(runner: QueryRunner) -> None:
    gate = Gate()
    running = [asyncio.ensure_future(runner.run(nobody_leaves, gate, runner.budget())) for _ in range(2)]
    await asyncio.sleep(0.02)

    async def gone() -> bool:
        return True

    with pytest.raises(QueryCanceled, match="query queue"):
        await runner.run(gone, gate, runner.budget())
    gate.open.set()
    await asyncio.gather(*running)
    assert await asyncio.gather(*(runner.run(nobody_leaves, lambda: 1, runner.budget()) for _ in range(2))) == [1, 1]


async def test_a_deadline_passes_in_the_line_too(runner: QueryRunner) -> None:
    gate = Gate()
    running = [asyncio.ensure_future(runner.run(nobody_leaves, gate, runner.budget())) for _ in range(2)]
    await asyncio.sleep(0.02)
    with pytest.raises(QueryTimeout, match="query timed out in query queue"):
        await runner.run(nobody_leaves, gate, runner.budget(0.1))
    gate.open.set()
    await asyncio.gather(*running)


async def test_work_that_does_not_stop_is_answered_for_and_keeps_its_place(runner: QueryRunner) -> None:
    gate = Gate()
    began_s = time.monotonic()
    with pytest.raises(QueryTimeout, match="query timed out in expression evaluation"):
        await runner.run(nobody_leaves, gate, runner.budget(0.1))
    assert time.monotonic() - began_s < 2
    assert runner._free._value == 1
    gate.open.set()
    await until(lambda: runner._free._value == 2)


async def test_a_cancelled_handler_cancels_the_budget(runner: QueryRunner) -> None:
    gate, budget = Gate(), runner.budget()
    running = asyncio.ensure_future(runner.run(nobody_leaves, gate, budget))
    await asyncio.sleep(0.02)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    with pytest.raises(QueryCanceled):
        budget.check()
    gate.open.set()


async def test_a_caller_can_only_shorten_the_deadline(runner: QueryRunner) -> None:
    assert runner.budget(100).timeout_s == 5
    assert runner.budget(1).timeout_s == 1
    assert runner.budget().timeout_s == 5


async def test_the_event_loop_stays_free_while_every_thread_is_busy(runner: QueryRunner) -> None:
    budget = runner.budget()

    def spin() -> int:
        end_s, turns = time.monotonic() + 0.5, 0
        while time.monotonic() < end_s:
            turns += 1
        return turns

    running = [asyncio.ensure_future(runner.run(nobody_leaves, spin, budget)) for _ in range(2)]
    waits_s = []
    while not all(one.done() for one in running):
        before_s = time.perf_counter()
        await asyncio.sleep(0.001)
        waits_s.append(time.perf_counter() - before_s)
    # The median, because one long wait says more about the other programs on this machine than about us.
    assert sorted(waits_s)[len(waits_s) // 2] < 0.1
