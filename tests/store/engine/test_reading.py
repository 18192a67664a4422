"""Streams that are left early: by whom, how and in which order must not matter to anybody else."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from hannun.model.budget import Budget
from hannun.model.errors import HannunError, StoreUnavailable
from hannun.store.engine import ChdbEngine
from hannun.testing.waiting import until

MANY = "SELECT number AS a FROM numbers(3000000)"
IN_A_CYCLE = """\
import faulthandler, gc, sys
from pathlib import Path
from hannun.model.budget import Budget
from hannun.store.engine import ChdbEngine
engine = ChdbEngine.open(Path(sys.argv[1]), memory_bytes=1 << 28)
faulthandler.enable()
gc.disable()
for method in (engine.stream_arrow, engine.stream_native) * 5:
    engine.query_rows("SELECT 1")  # a connection for the pool, older than the stream that will use it
    stream = method("SELECT number AS a FROM numbers(3000000)", None, Budget())
    next(stream)
    cycle = [stream]
    cycle.append(cycle)
    del stream, cycle
    gc.collect()
assert engine.query_rows("SELECT 1") == [(1,)]
engine.close()
print("standing")
"""


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChdbEngine]:
    opened = ChdbEngine.open(tmp_path_factory.mktemp("reading") / "engine", memory_bytes=512 << 20, threads=2)
    yield opened
    opened.close()


def running(engine: ChdbEngine) -> int:
    return (
        int(engine.query_rows("SELECT count() FROM system.processes WHERE query LIKE '%numbers(3000000)%'")[0][0]) - 1
    )


def test_a_stream_that_the_collector_finds_harms_nobody(tmp_path: Path) -> None:
    """It once ended the process: the collector closed the connection before the stream that stood on it."""
    command = [sys.executable, "-c", IN_A_CYCLE, str(tmp_path / "engine")]
    found = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (found.returncode, found.stdout) == (0, "standing\n"), found.stderr[-2000:]


def test_what_failed_readers_left_is_ended_by_the_next_call(engine: ChdbEngine) -> None:
    def read_and_fail() -> None:
        stream = engine.stream_arrow(MANY, None, Budget())
        for _ in stream:
            raise KeyError(MANY)

    with pytest.raises(KeyError) as failed:
        read_and_fail()
    assert running(engine) == 1, "the traceback holds it"
    del failed
    gc.collect()
    assert running(engine) == 0


def test_a_closed_stream_is_over_at_once(engine: ChdbEngine) -> None:
    stream = engine.stream_arrow(MANY, None, Budget())
    next(stream)
    assert running(engine) == 1
    stream.close()  # type: ignore[attr-defined]
    stream.close()  # type: ignore[attr-defined]
    assert running(engine) == 0
    with pytest.raises(StopIteration):
        next(stream)


def test_a_stream_that_was_never_begun_costs_nothing(engine: ChdbEngine) -> None:
    stream = engine.stream_arrow(MANY, None, Budget())
    del stream
    assert running(engine) == 0


def test_finished_streams_are_forgotten(engine: ChdbEngine) -> None:
    assert sum(batch.num_rows for batch in engine.stream_arrow(MANY, None, Budget())) == 3_000_000
    with pytest.raises(HannunError):
        list(engine.stream_arrow("SELECT nothing", None, Budget()))
    engine.query_rows("SELECT 1")
    assert len(engine._readings) == 0


def rows(first: int, count: int) -> pa.Table:
    told = [f'{{"level":"info","n":{n},"msg":"hello"}}' for n in range(first, first + count)]
    return pa.table({"a": pa.array(range(first, first + count), pa.uint64()), "s": told})


QUESTIONS = (
    "SELECT a, s FROM told",
    "SELECT JSONExtractString(s, 'n') AS k, count() AS n FROM told GROUP BY k",
    "SELECT a, s FROM told WHERE match(s, '(a|aa)+$|hello') ORDER BY a DESC",
)


def test_sixty_streams_are_left_while_rows_come_and_parts_merge(engine: ChdbEngine) -> None:
    """Closed, dropped, canceled, killed, or found by the collector in another thread."""
    engine.execute(
        "CREATE TABLE told (a UInt64, s String) ENGINE = MergeTree ORDER BY a SETTINGS old_parts_lifetime = 1"
    )
    for first in range(0, 80_000, 20_000):
        engine.insert_arrow("told", rows(first, 20_000))
    over, failed, inserted = threading.Event(), list[BaseException](), [0]

    def writes() -> None:
        while not over.is_set():
            engine.insert_arrow("told", rows(1_000_000 + inserted[0], 20))
            inserted[0] += 20
            time.sleep(0.01)

    def merges() -> None:
        while not over.wait(0.2):
            engine.execute("OPTIMIZE TABLE told FINAL")

    def collects() -> None:
        while not over.wait(0.05):
            gc.collect()

    def leaves(kind: int) -> None:
        for turn in range(15):
            budget = Budget(timeout_s=30)
            stream = engine.stream_arrow(QUESTIONS[turn % len(QUESTIONS)], None, budget)
            try:
                next(stream)
                if kind == 0:
                    stream.close()  # type: ignore[attr-defined]
                elif kind == 1:
                    cycle: list[object] = [stream]
                    cycle.append(cycle)
                elif kind == 2:
                    budget.cancel()
                    next(stream)
                else:
                    engine.kill(budget.tag)
                    next(stream)
            except (HannunError, StopIteration):
                pass

    def guarded(work: Callable[[], None]) -> threading.Thread:
        def run() -> None:
            try:
                work()
            except BaseException as err:  # noqa: BLE001 - told by the test's own thread
                failed.append(err)

        return threading.Thread(target=run)

    beside = [guarded(work) for work in (writes, merges, collects)]
    readers = [guarded(lambda kind=kind: leaves(kind)) for kind in range(4)]  # type: ignore[misc]
    for thread in (*beside, *readers):
        thread.start()
    for thread in readers:
        thread.join(60)
    over.set()
    for thread in beside:
        thread.join(30)
    assert not failed
    gc.collect()
    until(lambda: engine.query_rows("SELECT count() FROM system.processes") == [(1,)], "no query is left running", 10)
    assert len(engine._readings) == 0
    assert engine.query_rows("SELECT uniqExact(a) FROM told") == [(80_000 + inserted[0],)]


def test_closing_waits_for_nobody_who_does_not_read(engine: ChdbEngine) -> None:
    """A failure that somebody still holds, traceback and all, held up the end of the process for ten seconds.

    The last of this file: a process has one engine."""
    held = [engine.stream_arrow(MANY, None, Budget()), engine.stream_native(MANY, None, Budget())]
    for stream in held:
        next(stream)
    began = time.monotonic()
    engine.close()
    assert time.monotonic() - began < 5
    for stream in held:
        with pytest.raises(StoreUnavailable):  # and not an answer that looks whole
            list(stream)
