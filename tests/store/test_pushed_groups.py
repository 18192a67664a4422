"""Groups of the Pushgateway API are durable when `put` returns, the last of each wins, and a removed one stays away."""

from __future__ import annotations

import asyncio
from typing import Any

from hannun.model.pushed import PushedGroup
from hannun.store.engine import ChdbEngine
from hannun.store.pushed_groups import PushedGroupTable
from hannun.store.writer import Writer

A, B = (("job", "a"),), (("empty", ""), ("job", '서울 "b"\t\\'))


async def during(engine: ChdbEngine, work: Any) -> None:
    writer = Writer()
    table = PushedGroupTable(engine, writer)
    await writer.start()
    try:
        await work(table)
    finally:
        await writer.stop()


def test_the_last_of_each_group_wins_over_restarts(engine: ChdbEngine) -> None:
    first, second = PushedGroup(A, b"x 1\n", 5, 0), PushedGroup(A, b"x 2\n", 4, 7)
    other = PushedGroup(B, 'x{l="서\\n"} NaN\n'.encode(), 1_800_000_000_000, 0)

    async def one(table: PushedGroupTable) -> None:
        assert table.load() == []
        await table.put(first)
        await table.put(other)
        assert sorted(table.load(), key=lambda group: group.labels) == sorted(
            (first, other), key=lambda one: one.labels
        )

    async def two(table: PushedGroupTable) -> None:
        await table.put(second)
        await table.remove(B)
        await table.remove((("job", "never there"),))
        assert table.load() == [second]

    async def three(table: PushedGroupTable) -> None:
        engine.execute("OPTIMIZE TABLE pushed_groups__local FINAL")
        assert table.load() == [second]
        await table.put(other)
        assert len(table.load()) == 2

    for work in (one, two, three):
        asyncio.run(during(engine, work))


def test_changes_of_one_moment_keep_their_order(engine: ChdbEngine) -> None:
    async def work(table: PushedGroupTable) -> None:
        await asyncio.gather(*(table.put(PushedGroup(A, b"x %d\n" % number, 0, 0)) for number in range(50)))
        assert [group.page for group in table.load()] == [b"x 49\n"]

    asyncio.run(during(engine, work))
