"""`kill -9` under load: every acknowledged canary line is there once, and sending everything again doubles none.

A child process writes through the whole store from several clients and prints what was acknowledged; the parent kills
it at a random moment, opens the directory, counts, and plays the agent that repeats what it is not sure of.
"""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from hannun.model.budget import Budget
from hannun.model.labels import Labels
from hannun.model.log import LogBatch, NewStream, Statement, TextColumn
from hannun.store import schema
from hannun.store.data_dir import DataDir
from hannun.store.engine import ChdbEngine
from hannun.store.logs import LogStore
from hannun.store.writer import Writer

T0_NS = 1_700_000_000 * 10**9
EVER = (0, 2 * T0_NS)
LINES = 5

CHILD = """
import asyncio, sys
from pathlib import Path
from hannun.store import pace, schema
from hannun.store.data_dir import DataDir
from hannun.store.engine import ChdbEngine
from hannun.store.logs import LogStore
from hannun.store.writer import Writer
sys.path.insert(0, sys.argv[3])
from test_kill import canaries

pace.GAP_S = 0.0

async def main():
    data = DataDir.open(sys.argv[1])
    engine = ChdbEngine.open(data.engine_path, memory_bytes=1 << 30, threads=1)
    schema.apply(engine)
    writer = Writer()
    store = LogStore(engine, writer)
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


def canaries(client: int, step: int) -> LogBatch:
    """A few lines of one client's step, some of them older than those before."""
    labels = Labels.of(client=str(client), turn=str(step % 7))
    texts = [f"canary {client} {step} {i} " + "x" * 300 for i in range(LINES)]
    ts = [T0_NS + step * 10**9 - i * 7 * 10**9 for i in range(LINES)]
    stream = labels.series_id()
    return LogBatch(
        np.full(LINES, stream, np.uint64),
        np.array(ts, np.int64),
        np.zeros(LINES, np.uint8),
        TextColumn.of(texts),
        introduced=(NewStream(stream, labels),),
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


def stored(store: LogStore) -> Counter[tuple[int, int, int]]:
    sql = "SELECT splitByChar(' ', body) AS words FROM logs"
    rows = [row for batch in store.read(Statement(sql), Budget()) for row in batch.column(0).to_pylist()]
    return Counter((int(words[1]), int(words[2]), int(words[3])) for words in rows)


def check(path: Path, acknowledged: list[tuple[int, int]], new: list[tuple[int, int]]) -> None:
    data = DataDir.open(path)
    engine = ChdbEngine.open(data.engine_path, memory_bytes=1 << 30, threads=2)
    loop = asyncio.new_event_loop()
    try:
        schema.apply(engine)
        writer = Writer()
        store = LogStore(engine, writer)
        there = stored(store)
        for client, step in acknowledged:
            for i in range(LINES):
                assert there[client, step, i] == 1, f"client {client}, step {step}, line {i}"
        assert set(there.values()) <= {1}
        (counted,) = engine.query_rows("SELECT sum(lines), sum(bytes) FROM log_counts")
        assert counted == engine.query_rows("SELECT count(), sum(length(body)) FROM logs")[0]
        assert {one.labels.get("client") for one in store.streams([], *EVER, Budget())} >= {str(c) for c, _ in new}

        async def send_again() -> None:
            await writer.start()
            for client, step in new[-30:]:
                await store.write(canaries(client, step))
            await writer.stop()

        loop.run_until_complete(send_again())
        assert stored(store) == there
    finally:
        loop.close()
        engine.close()
        data.close()


def kill_and_check(path: Path, times: int, seed: int) -> None:
    rng = random.Random(seed)
    acknowledged: list[tuple[int, int]] = []
    for _ in range(times):
        first = max((step for _, step in acknowledged), default=0) + 10
        new = killed_after(path, first, rng.uniform(0.1, 0.7))
        acknowledged += new
        check(path, acknowledged, new)
    assert acknowledged, "the children acknowledged something at all"


def test_a_kill_loses_and_doubles_no_canary(tmp_path: Path) -> None:
    kill_and_check(tmp_path, 1, seed=3)


@pytest.mark.long
def test_forty_kills_lose_and_double_no_canary(tmp_path: Path) -> None:
    kill_and_check(tmp_path, 40, seed=40)
