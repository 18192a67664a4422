"""A meta store in a temporary folder; and every statement that a test runs must also be PostgreSQL's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import ClauseElement, Engine, event
from sqlalchemy.dialects import postgresql

from hannun.store.meta import MetaStore
from hannun.testing.clock import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "meta.db"


@pytest.fixture
def meta(file: Path, clock: FakeClock) -> Iterator[MetaStore]:
    opened = MetaStore.open(file, clock)
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
