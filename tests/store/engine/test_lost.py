"""An engine that has ended itself, and a process that crashed."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pyarrow as pa
import pytest

from hannun.model.budget import Budget
from hannun.model.errors import HannunError, StoreLost, StoreUnavailable
from hannun.store.engine import ChdbEngine

ENDED = "Code: 236. DB::Exception: The server is shutting down due to a fatal error. (ABORTED)"
CRASH = """\
import faulthandler, os, signal, sys
from pathlib import Path
from hannun.store.engine import ChdbEngine
faulthandler.enable()
engine = ChdbEngine.open(Path(sys.argv[1]), memory_bytes=1 << 28)
engine.execute("SELECT 1")
print("standing", flush=True)
os.kill(os.getpid(), int(sys.argv[2]))
engine.execute("SELECT 1")
print("still standing", flush=True)
"""


class Ended:
    """A connection of an engine that has ended itself."""

    asked = 0

    def query(self, *_: object, **__: object) -> None:
        self.asked += 1
        raise RuntimeError(ENDED)

    send_query = query

    def close(self) -> None:
        pass


@pytest.fixture
def engine(tmp_path: Path) -> ChdbEngine:
    """Over a chDB that has ended itself."""
    chdb = SimpleNamespace(connect=lambda _: Ended(), ChdbError=RuntimeError)
    private = cast(Any, SimpleNamespace(cleanup=lambda: None))
    limits = cast(Any, SimpleNamespace(query_bytes=1 << 20))
    return ChdbEngine(cast(Any, chdb), str(tmp_path), Ended(), limits, private)


QUESTIONS: dict[str, Callable[[ChdbEngine], object]] = {
    "a statement": lambda engine: engine.execute("SELECT 1"),
    "rows": lambda engine: engine.query_rows("SELECT 1"),
    "rows in a budget": lambda engine: engine.query_rows("SELECT 1", budget=Budget()),
    "a stream": lambda engine: list(engine.stream_arrow("SELECT 1", None, Budget())),
    "an insert": lambda engine: engine.insert_arrow("t", pa.table({"a": [1]})),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_an_engine_that_ended_itself_tells_it_once(engine: ChdbEngine, question: str) -> None:
    told: list[str] = []
    engine.on_lost(lambda: told.append("lost"))
    for _ in range(3):
        with pytest.raises(StoreLost):
            QUESTIONS[question](engine)
    assert engine.lost
    assert told == ["lost"]
    engine.on_lost(lambda: told.append("late"))
    assert told == ["lost", "late"]
    engine.close()


def test_a_lost_engine_is_not_asked_again(engine: ChdbEngine) -> None:
    for _ in range(2):
        with pytest.raises(StoreLost) as refused:
            engine.execute("SELECT 1")
    assert refused.value.__cause__ is None
    assert isinstance(refused.value, StoreUnavailable), "senders are told to come again"
    assert refused.value.say("ko")


def test_another_abortion_is_of_one_question(engine: ChdbEngine) -> None:
    def query(*_: object, **__: object) -> None:
        raise RuntimeError("Code: 236. DB::Exception: Cancelled merging parts. (ABORTED)")

    cast(Any, engine)._chdb.connect = lambda _: SimpleNamespace(query=query, close=lambda: None)
    with pytest.raises(HannunError) as refused:
        engine.query_rows("SELECT 1")
    assert not isinstance(refused.value, StoreLost)
    assert not engine.lost


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS], ids=lambda number: number.name)
def test_a_crash_ends_the_process_at_once(tmp_path: Path, number: signal.Signals) -> None:
    """chDB's own handlers would keep it standing for five minutes, refusing every question."""
    began = time.monotonic()
    command = [sys.executable, "-c", CRASH, str(tmp_path / "engine"), str(int(number))]
    found = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert found.returncode == -number
    assert found.stdout == "standing\n"
    assert "Fatal Python error" in found.stderr
    assert time.monotonic() - began < 30
