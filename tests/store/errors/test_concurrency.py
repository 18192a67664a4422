"""People change issues while events come: nobody's change and no count is lost."""

from __future__ import annotations

import asyncio
from typing import Any

from hannun.model.budget import Budget
from hannun.model.issue import IssueChange, IssueQuestion, IssueStatus, Priority


def test_counts_stay_exact_while_people_and_the_sweep_are_at_work(bench: Any) -> None:
    first = bench.send("a", "b", "c")
    store = bench.store

    async def send(group: str) -> None:
        for number in range(12):
            await store.write([bench.event(group, user=f"u{number}"), bench.event(group)])

    async def people() -> None:
        for number in range(12):
            status = IssueStatus.RESOLVED if number % 2 else IssueStatus.ARCHIVED
            change = IssueChange(status=status, priority=Priority.LOW, assignee=f"user:{number}", seen=True)
            await asyncio.to_thread(store.change, [first.id], change, "kim")
            await asyncio.to_thread(store.comment, first.id, str(number), "kim")
            await asyncio.to_thread(store.sweep)
            await asyncio.to_thread(store.list, IssueQuestion(sort="freq"), Budget())

    async def all_at_once() -> None:
        await asyncio.gather(send("a"), send("b"), send("c"), people())

    bench.run(all_at_once())
    for group in "abc":
        issue = bench.of(group)
        assert (issue.events, issue.users) == (25, 12), group
    assert (bench.of("c").comments, bench.of("c").assignee) == (12, "user:11")
    assert bench.of("c").priority is Priority.LOW


def test_merging_beside_a_stream_of_events_counts_each_once(bench: Any) -> None:
    a, b = bench.send("a"), bench.send("b")
    store = bench.store

    async def send(group: str) -> None:
        for _ in range(15):
            await store.write([bench.event(group)])

    async def merge_and_split() -> None:
        for _ in range(4):
            ids = {bench.of("a").id, bench.of("b").id}
            if len(ids) == 2:
                await asyncio.to_thread(store.merge, sorted(ids), "kim")
            else:
                hashes = list(store.hashes(ids.pop()))
                await asyncio.to_thread(store.unmerge, bench.of("a").id, hashes[:1], "kim")

    async def all_at_once() -> None:
        await asyncio.gather(send("a"), send("b"), merge_and_split())

    bench.run(all_at_once())
    issues = {issue.id: issue.events for issue in (bench.of("a"), bench.of("b"))}
    assert sum(issues.values()) == 32
    assert {issue: len(store.events(issue, Budget(), limit=100)) for issue in issues} == issues
    assert {a.id, b.id} & set(issues)
