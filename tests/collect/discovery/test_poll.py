"""Sources that are asked again and again: what a failure changes, and when the next look comes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from hannun.collect.discovery.poll import PartlyFailed, PolledDiscovery, retry_delay_s
from hannun.model.target import TargetGroup


def group(*addresses: str) -> TargetGroup:
    return TargetGroup("s", tuple({"__address__": address} for address in addresses), {})


class Scripted(PolledDiscovery):
    """Answers from a list, then hangs; remembers how long it slept in between."""

    def __init__(self, answers: Sequence[object], refresh_ms: int = 60_000) -> None:
        super().__init__("the source", refresh_ms, self._nap)
        self.answers = list(answers)
        self.naps: list[float] = []
        self.told: list[str] = []

    async def _nap(self, delay_s: float) -> None:
        self.naps.append(delay_s)
        self.told.append(self.failing)
        if not self.answers:
            await asyncio.Event().wait()

    async def ask(self) -> Sequence[TargetGroup]:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, list)
        return answer


async def run(source: Scripted) -> list[list[TargetGroup]]:
    published: list[list[TargetGroup]] = []
    task = asyncio.create_task(source.run(lambda groups: published.append(list(groups))))
    while source.answers:
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return published


async def test_only_changes_are_published() -> None:
    source = Scripted([[group("a")], [group("a")], [group("b")], []])
    assert await run(source) == [[group("a")], [group("b")], []]


async def test_a_failure_keeps_the_targets_and_is_said_until_it_is_over() -> None:
    source = Scripted([[group("a")], OSError("connection refused"), [group("a")]])
    assert await run(source) == [[group("a")]]
    assert source.told == ["", "the source: connection refused", ""]


async def test_an_empty_answer_is_published_but_a_failure_at_first_is_not() -> None:
    assert await run(Scripted([[]])) == [[]]
    assert await run(Scripted([OSError("down")])) == []


async def test_what_is_known_of_a_source_that_failed_in_part_is_published() -> None:
    source = Scripted([PartlyFailed("b.example: timeout", [group("a")])])
    assert await run(source) == [[group("a")]]
    assert source.told == ["the source: b.example: timeout"]


async def test_failures_are_retried_soon_and_then_less_often() -> None:
    source = Scripted([OSError("x")] * 7 + [[]], refresh_ms=30_000)
    await run(source)
    assert source.naps == [1, 2, 4, 8, 16, 30, 30, 30]


@pytest.mark.parametrize(("failures", "delay_s"), [(1, 1.0), (4, 8.0), (1_000_000, 300.0)])
def test_the_delay_is_bounded(failures: int, delay_s: float) -> None:
    assert retry_delay_s(failures, 300.0) == delay_s


async def test_a_source_that_never_answers_is_given_up_after_its_interval() -> None:
    class Hanging(Scripted):
        async def ask(self) -> Sequence[TargetGroup]:
            self.answers.pop()
            await asyncio.Event().wait()
            return []

    source = Hanging([1], refresh_ms=50)
    task = asyncio.create_task(source.run(lambda groups: None))
    async with asyncio.timeout(5):
        while not source.told:
            await asyncio.sleep(0.01)
    task.cancel()
    assert source.told == ["the source: no answer within 0.05 s"]
