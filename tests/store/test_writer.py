"""Group commit: who is answered when, what a poison batch may harm, what a bound refuses."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from hannun.model.errors import DiskFull, Overloaded, StoreUnavailable
from hannun.store.pace import COMMITS_PER_S, GAP_S, LINGER_S, WINDOW_S, CommitBudget
from hannun.store.writer import Writer


@dataclass(frozen=True)
class Batch:
    name: str
    rows: int = 1
    size: int = 10
    days: frozenset[int] = frozenset({1})


@dataclass
class MemoryFamily:
    """Commits into a list; `refuse` names the batches that fail, `gate` holds every commit until it is set."""

    name: str = "memory"
    commits: list[list[str]] = field(default_factory=list)
    attempts: int = 0
    refuse: dict[str, Exception] = field(default_factory=dict)
    gate: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.gate.set()

    def rows(self, batch: Batch) -> int:
        return batch.rows

    def size_bytes(self, batch: Batch) -> int:
        return batch.size

    def split(self, batch: Batch, days_max: int) -> list[tuple[Batch, frozenset[int]]]:
        days = sorted(batch.days)
        if len(days) <= days_max:
            return [(batch, batch.days)]
        parts = [frozenset(days[at : at + days_max]) for at in range(0, len(days), days_max)]
        return [(Batch(f"{batch.name}/{i}", batch.rows, batch.size, part), part) for i, part in enumerate(parts)]

    def commit(self, batches: Sequence[Batch]) -> int:
        self.gate.wait(5)
        self.attempts += 1
        for batch in batches:
            if batch.name in self.refuse:
                raise self.refuse[batch.name]
        self.commits.append([batch.name for batch in batches])
        return 1

    @property
    def stored(self) -> list[str]:
        return [name for group in self.commits for name in group]


@pytest.fixture
def family() -> MemoryFamily:
    return MemoryFamily()


async def started(family: MemoryFamily, **options: object) -> Writer:
    writer = Writer(**options)  # type: ignore[arg-type]
    writer.register(family)
    await writer.start()
    return writer


async def test_a_waiting_client_is_answered_after_its_commit_at_once(family: MemoryFamily) -> None:
    writer = await started(family)
    began = time.monotonic()
    await writer.write("memory", Batch("a"))
    assert time.monotonic() - began < LINGER_S / 2, "what nobody waits for would lie for a second"
    assert family.commits == [["a"]]
    await writer.stop()


async def test_requests_that_come_together_share_a_commit(family: MemoryFamily) -> None:
    writer = await started(family)
    await asyncio.gather(*(writer.write("memory", Batch(str(i))) for i in range(50)))
    assert len(family.commits) <= 2
    assert sorted(family.stored, key=int) == [str(i) for i in range(50)]
    await writer.stop()


async def test_a_commit_is_bounded_in_bytes_but_takes_any_single_batch(family: MemoryFamily) -> None:
    family.gate.clear()
    writer = await started(family, queue_bytes_max=1 << 30)
    sizes = {"first": 1, "a": 20 << 20, "b": 10 << 20, "c": 10 << 20, "heavy": 40 << 20, "d": 1}
    waiting = []
    for name, size in sizes.items():
        waiting.append(asyncio.create_task(writer.write("memory", Batch(name, rows=30_000, size=size))))
        await asyncio.sleep(0.02)
    family.gate.set()
    await asyncio.gather(*waiting)
    assert family.commits == [["first"], ["a", "b"], ["c"], ["heavy"], ["d"]]
    await writer.stop()


class Decisions(CommitBudget):
    """When the writer decided to commit, whenever the machine let it."""

    def __init__(self) -> None:
        super().__init__()
        self.at_s: list[float] = []

    def spend(self, now_s: float, inserts: int = 1) -> None:
        self.at_s.append(now_s)
        super().spend(now_s, inserts)

    def within(self, seconds: float) -> bool:
        """Whether any two were nearer to each other than that."""
        return any(after < before + seconds for before, after in pairwise(self.at_s))


async def test_commits_under_load_keep_the_pace(family: MemoryFamily) -> None:
    writer = await started(family)
    writer._budget = decisions = Decisions()

    async def client(number: int) -> None:
        while len(family.commits) < 6:
            await writer.write("memory", Batch(str(number)))

    await asyncio.gather(*(client(number) for number in range(8)))
    assert not decisions.within(GAP_S)
    await writer.stop()


async def test_full_batches_go_sooner_but_never_above_twenty_a_second(family: MemoryFamily) -> None:
    writer = await started(family)
    writer._budget = decisions = Decisions()
    for _ in range(COMMITS_PER_S + 3):
        await writer.write("memory", Batch("x", rows=20_000))
    assert decisions.within(GAP_S)
    for start in decisions.at_s:
        assert sum(start <= at < start + WINDOW_S for at in decisions.at_s) <= COMMITS_PER_S
    await writer.stop()


async def test_offered_rows_linger_and_then_go_together(family: MemoryFamily) -> None:
    writer = await started(family)
    began = time.monotonic()
    for i in range(10):
        assert writer.offer("memory", Batch(str(i)))
        await asyncio.sleep(0.02)
    while not family.commits:
        await asyncio.sleep(0.01)
    assert LINGER_S <= time.monotonic() - began < 5 * LINGER_S
    assert len(family.commits) == 1
    await writer.stop()


async def test_a_waiting_client_takes_the_lingering_rows_along_in_order(family: MemoryFamily) -> None:
    writer = await started(family)
    writer.offer("memory", Batch("first"))
    await writer.write("memory", Batch("second"))
    assert family.commits == [["first", "second"]]
    await writer.stop()


async def test_one_poison_batch_harms_nobody_else(family: MemoryFamily) -> None:
    family.refuse["13"] = ValueError("poison")
    writer = await started(family)
    family.gate.clear()
    head = asyncio.create_task(writer.write("memory", Batch("head")))
    await asyncio.sleep(0.02)
    group = [asyncio.create_task(writer.write("memory", Batch(str(i)))) for i in range(32)]
    await asyncio.sleep(0.02)
    family.gate.set()
    results = await asyncio.gather(head, *group, return_exceptions=True)
    assert [str(one) for one in results if one is not None] == ["poison"]
    assert isinstance(results[14], ValueError)
    assert sorted(family.stored) == sorted(["head", *(str(i) for i in range(32) if i != 13)])
    assert family.stored == ["head", *(str(i) for i in range(32) if i != 13)], "order is kept"
    assert family.attempts <= 16, "halving, not one by one"
    await writer.stop()


async def test_a_full_disk_fails_the_whole_group_at_once(family: MemoryFamily) -> None:
    family.refuse["1"] = DiskFull("full")
    writer = await started(family)
    results = await asyncio.gather(*(writer.write("memory", Batch(str(i))) for i in range(8)), return_exceptions=True)
    assert all(isinstance(one, DiskFull) for one in results)
    assert family.attempts == 1
    await writer.stop()


async def test_a_full_queue_says_when_to_come_back(family: MemoryFamily) -> None:
    writer = await started(family, queue_bytes_max=100)
    family.gate.clear()
    held = [asyncio.create_task(writer.write("memory", Batch(str(i), size=40))) for i in range(2)]
    await asyncio.sleep(0.05)
    with pytest.raises(Overloaded) as refused:
        await writer.write("memory", Batch("too much", size=40))
    assert refused.value.retry_after_s >= 1
    assert not writer.offer("memory", Batch("too much", rows=3, size=40))
    assert writer.queues()[0].rows_dropped == 3
    assert writer.queues()[0].bytes == 80
    family.gate.set()
    await asyncio.gather(*held)
    await writer.write("memory", Batch("later", size=40))
    assert writer.queues()[0].bytes == 0
    assert writer.queues()[0].rows_written == 3
    await writer.stop()


async def test_a_batch_heavier_than_the_bound_is_taken_by_an_empty_queue(family: MemoryFamily) -> None:
    writer = await started(family, queue_bytes_max=100)
    await writer.write("memory", Batch("heavy", size=1000))
    assert family.stored == ["heavy"]
    await writer.stop()


async def test_no_commit_touches_more_than_32_days(family: MemoryFamily) -> None:
    writer = await started(family)
    family.gate.clear()
    head = asyncio.create_task(writer.write("memory", Batch("head")))
    await asyncio.sleep(0.02)
    tasks = [
        asyncio.create_task(writer.write("memory", Batch(str(i), days=frozenset(range(i * 20, i * 20 + 20)))))
        for i in range(3)
    ]
    await asyncio.sleep(0.02)
    family.gate.set()
    await asyncio.gather(head, *tasks)
    assert family.commits == [["head"], ["0"], ["1"], ["2"]]
    await writer.stop()


async def test_a_request_of_many_days_is_answered_after_its_last_piece(family: MemoryFamily) -> None:
    writer = await started(family)
    await writer.write("memory", Batch("old", days=frozenset(range(100))))
    assert family.stored == ["old/0", "old/1", "old/2", "old/3"]
    family.refuse["bad/2"] = ValueError("piece")
    with pytest.raises(ValueError, match="piece"):
        await writer.write("memory", Batch("bad", days=frozenset(range(100))))
    await writer.stop()


async def test_stopping_commits_what_is_queued_and_refuses_more(family: MemoryFamily) -> None:
    writer = await started(family)
    for i in range(5):
        writer.offer("memory", Batch(str(i)))
    waiting = asyncio.create_task(writer.write("memory", Batch("waited")))
    await asyncio.sleep(0)
    await writer.stop()
    await waiting
    assert family.stored == ["0", "1", "2", "3", "4", "waited"]
    with pytest.raises(StoreUnavailable):
        await writer.write("memory", Batch("late"))
    assert not writer.offer("memory", Batch("late"))


async def test_a_client_that_leaves_does_not_disturb_the_others(family: MemoryFamily) -> None:
    writer = await started(family)
    family.gate.clear()
    leaving = asyncio.create_task(writer.write("memory", Batch("leaving")))
    staying = asyncio.create_task(writer.write("memory", Batch("staying")))
    await asyncio.sleep(0.02)
    leaving.cancel()
    family.gate.set()
    await staying
    assert set(family.stored) == {"leaving", "staying"}
    await writer.stop()


async def test_below_the_disk_reserve_nothing_is_queued(family: MemoryFamily) -> None:
    def admit() -> None:
        raise DiskFull("below the reserve")

    writer = await started(family, admit=admit)
    with pytest.raises(DiskFull):
        await writer.write("memory", Batch("a"))
    assert not writer.offer("memory", Batch("a"))
    assert writer.queues()[0].bytes == 0
    await writer.stop()


async def test_offering_from_another_thread_works(family: MemoryFamily) -> None:
    writer = await started(family)
    await asyncio.to_thread(writer.offer, "memory", Batch("from a thread"))
    await writer.flush()
    assert family.stored == ["from a thread"]
    await writer.stop()
