"""`kill -9` under load: every acknowledged event is in its issue, counts are exact, and what is sent again counts once.

A child process writes through the whole store from several clients and prints what was acknowledged; the parent kills
it at a random moment, opens the directory, counts, and plays the SDK that sends again what it is not sure of.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from hannun.model.budget import Budget
from hannun.model.event import ERROR, Event, EventUser, Grouping
from hannun.model.issue import IssueQuestion
from hannun.store import schema
from hannun.store.data_dir import DataDir
from hannun.store.engine import ChdbEngine
from hannun.store.errors import ErrorStore
from hannun.store.meta import MetaStore
from hannun.store.writer import Writer

T0_MS = 1_700_000_000_000
EVENTS, GROUPS = 3, 11

CHILD = """
import asyncio, sys
from hannun.store import pace, schema
from hannun.store.data_dir import DataDir
from hannun.store.engine import ChdbEngine
from hannun.store.errors import ErrorStore
from hannun.store.meta import MetaStore
from hannun.store.writer import Writer
sys.path.insert(0, sys.argv[3])
from test_kill import canaries

pace.GAP_S = 0.0

async def main():
    data = DataDir.open(sys.argv[1])
    engine = ChdbEngine.open(data.engine_path, memory_bytes=1 << 30, threads=1)
    schema.apply(engine)
    meta = MetaStore.open(data.path / "meta.db")
    writer = Writer()
    store = ErrorStore(engine, writer, meta.database)
    await writer.start()

    async def client(number):
        step = int(sys.argv[2])
        while True:
            await store.write(canaries(number, step))
            print(number, step, flush=True)
            step += 1

    print("ready", flush=True)
    await asyncio.gather(*(client(number) for number in range(3)))

asyncio.run(main())
"""


def canaries(client: int, step: int) -> list[Event]:
    """One request: a few events of several groups, some of another day."""
    return [_canary(client, step, number) for number in range(EVENTS)]


def _canary(client: int, step: int, number: int) -> Event:
    name = f"{client} {step} {number}"
    group = f"group {(step + number) % GROUPS}"
    ts_ms = T0_MS + step * 60_000 - number * 86_400_000
    return Event(
        id=hashlib.md5(name.encode()).hexdigest(),
        project=1,
        ts_ms=ts_ms,
        received_ms=ts_ms,
        kind="error",
        level=ERROR,
        title=group,
        culprit="",
        grouping=Grouping("v1", tuple(hashlib.md5(f"{group}{i}".encode()).hexdigest() for i in range(2)), ""),
        payload=name.encode() * 500,
        user=EventUser(id=str(step % 5)),
    )


def killed_after(path: Path, first: int, seconds: float) -> list[tuple[int, int]]:
    """(client, step) pairs that the child acknowledged before it was killed."""
    here = str(Path(__file__).parent)
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(path), str(first), here], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    time.sleep(seconds)
    child.kill()
    lines = child.communicate()[0].splitlines(keepends=True)
    whole = [line.split() for line in lines if line.endswith("\n")]
    return [(int(client), int(step)) for client, step in whole]


def check(path: Path, acknowledged: list[tuple[int, int]], new: list[tuple[int, int]]) -> None:
    data = DataDir.open(path)
    engine = ChdbEngine.open(data.engine_path, memory_bytes=1 << 30, threads=2)
    meta = MetaStore.open(data.path / "meta.db")
    try:
        schema.apply(engine)
        writer = Writer()
        store = ErrorStore(engine, writer, meta.database)
        there = stored(engine)
        for client, step in acknowledged:
            for event in canaries(client, step):
                assert there[event.id] == 1, f"client {client}, step {step}"
        assert set(there.values()) <= {1}
        exact(engine, store)

        async def send_again() -> None:
            await writer.start()
            for client, step in new[-30:]:
                assert await store.write(canaries(client, step)) == 0
            await writer.stop()

        asyncio.run(send_again())
        assert stored(engine) == there
        exact(engine, store)
    finally:
        meta.close()
        engine.close()
        data.close()


def stored(engine: ChdbEngine) -> Counter[str]:
    return Counter(row[0] for row in engine.query_rows("SELECT lower(hex(id)) FROM events"))


def exact(engine: ChdbEngine, store: ErrorStore) -> None:
    """Counts, users and times of every issue are those of its events."""
    rows = engine.query_rows(
        "SELECT title, count(), uniqExact(user), toUnixTimestamp64Milli(min(ts)), toUnixTimestamp64Milli(max(ts))\n"
        "FROM events GROUP BY title"
    )
    true = {row[0]: tuple(int(cell) for cell in row[1:]) for row in rows}
    issues = store.list(IssueQuestion(terms=()), Budget()).issues
    told = {one.title: (one.events, one.users, one.first_seen_ms, one.last_seen_ms) for one in issues}
    assert told == true
    assert len(issues) == len(told)


def kill_and_check(path: Path, times: int, seed: int) -> None:
    rng = random.Random(seed)
    acknowledged: list[tuple[int, int]] = []
    for _ in range(times):
        first = max((step for _, step in acknowledged), default=0) + 10
        new = killed_after(path, first, rng.uniform(0.1, 0.7))
        acknowledged += new
        check(path, acknowledged, new)
    assert acknowledged, "the children acknowledged something at all"


def test_two_kills_lose_no_event_and_count_none_twice(tmp_path: Path) -> None:
    kill_and_check(tmp_path, 2, seed=3)


@pytest.mark.long
def test_thirty_kills_lose_no_event_and_count_none_twice(tmp_path: Path) -> None:
    kill_and_check(tmp_path, 30, seed=40)
