"""An engine over an empty directory, and a clock that stands still until a test moves it.

Every statement that a test runs against the meta store must also be PostgreSQL's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import ClauseElement, Engine, event
from sqlalchemy.dialects import postgresql

from hannun.store import pace, schema
from hannun.store.engine import ChdbEngine
from hannun.store.pace import CommitBudget
from hannun.store.writer import Writer

NOW_MS = 1_800_000_000_000


class HandClock:
    def __init__(self) -> None:
        self.ms = NOW_MS
        self.s = 1000.0

    def now_ms(self) -> int:
        return self.ms

    def monotonic_s(self) -> float:
        return self.s

    def advance(self, seconds: float) -> None:
        self.s += seconds
        self.ms += int(seconds * 1000)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[ChdbEngine]:
    opened = ChdbEngine.open(tmp_path / "engine", memory_bytes=1 << 30, threads=2)
    schema.apply(opened)
    yield opened
    opened.close()


class Writing:
    """A running writer with its event loop, without the pace that has tests of its own. `run` waits for an answer."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.writer = Writer()
        self.writer._budget = CommitBudget(10_000)
        self.run(self.writer.start())

    def run(self, work: Awaitable[Any]) -> Any:
        return self.loop.run_until_complete(work)

    def close(self) -> None:
        self.run(self.writer.stop())
        self.loop.close()


@pytest.fixture
def writing(monkeypatch: pytest.MonkeyPatch) -> Iterator[Writing]:
    monkeypatch.setattr(pace, "GAP_S", 0.0)
    opened = Writing()
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def every_statement_is_portable() -> Iterator[None]:
    """The meta store moves to PostgreSQL by its URL alone, so what runs here must compile there."""
    ran: list[ClauseElement] = []

    def note(_connection: Any, statement: Any, *_: Any) -> None:
        if isinstance(statement, ClauseElement):
            ran.append(statement)

    event.listen(Engine, "before_execute", note)
    yield
    event.remove(Engine, "before_execute", note)
    for statement in ran:
        assert str(statement.compile(dialect=postgresql.dialect()))
