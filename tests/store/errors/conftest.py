"""An error store over an empty engine and an empty meta store, driven from plain test functions."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from hannun.model.budget import Budget
from hannun.model.event import ERROR, Event, EventUser, Grouping
from hannun.model.identity import Identity
from hannun.model.issue import Issue, IssueQuestion
from hannun.observe.outcomes import Outcomes
from hannun.store import pace, schema
from hannun.store.engine import ChdbEngine
from hannun.store.errors import ErrorStore
from hannun.store.meta import MetaStore
from hannun.store.pace import CommitBudget
from hannun.store.writer import Writer

NOW_MS = 1_800_000_000_000
HOUR_MS = 3_600_000


class HandClock:
    def __init__(self) -> None:
        self.ms = NOW_MS
        self.s = 1000.0

    def now_ms(self) -> int:
        return self.ms

    def monotonic_s(self) -> float:
        return self.s

    def advance(self, hours: float) -> None:
        self.ms += int(hours * HOUR_MS)
        self.s += hours * 3600


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


class Bench:
    """One store with its event loop. `put` writes events and waits."""

    def __init__(self, engine: ChdbEngine, folder: Path) -> None:
        self.engine = engine
        self.clock = HandClock()
        self.outcomes = Outcomes()
        self.folder = folder
        self.made = 0
        self.open()

    def open(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.meta = MetaStore.open(self.folder / "meta.db", self.clock)
        self.writer = Writer()
        self.writer._budget = CommitBudget(10_000)
        self.store = ErrorStore(
            self.engine,
            self.writer,
            self.meta.database,
            retention_ms=90 * 24 * HOUR_MS,
            clock=self.clock,
            outcomes=self.outcomes,
        )
        self.run(self.writer.start())

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    def reopen(self) -> None:
        """Everything anew over the same files, as after a restart."""
        self.close()
        self.open()

    def event(self, group: str = "a", *, second: str = "", at_ms: int | None = None, **fields: Any) -> Event:
        """An event of the group that `group` names. `release`, `environment` and `user` (an id) may be plain texts."""
        self.made += 1
        ts_ms = self.clock.ms if at_ms is None else at_ms
        identity = Identity(
            service=fields.pop("service", ""),
            environment=fields.pop("environment", ""),
            host=fields.pop("host", ""),
            release=fields.pop("release", ""),
        )
        user = fields.pop("user", "")
        made: dict[str, Any] = {
            "id": f"{self.made:032x}",
            "project": 1,
            "ts_ms": ts_ms,
            "received_ms": ts_ms,
            "kind": "error",
            "level": ERROR,
            "title": f"ValueError: {group}",
            "culprit": f"app in {group}",
            "grouping": Grouping("v1", (md5(group), *([md5(second)] if second else [])), "in-app stack trace"),
            "payload": b'{"message":"%s"}' % group.encode(),
            "identity": identity,
            "error_type": "ValueError",
            "error_value": group,
            "user": user if isinstance(user, EventUser) else EventUser(id=user),
        }
        return Event(**(made | fields))

    def put(self, *events: Event) -> int:
        return int(self.run(self.store.write(events)))

    def send(self, *groups: str, **fields: Any) -> Issue:
        """An event of each group; the issue of the last."""
        self.put(*[self.event(group, **fields) for group in groups])
        return self.of(groups[-1])

    def of(self, group: str, project: int = 1) -> Issue:
        issue = self.store._directory.find(project, md5(group))
        assert issue, f"no issue has the group {group}"
        return self.store.issue(issue)

    def list(self, *terms: Any, **question: Any) -> list[str]:
        """Error values of the issues found, in order."""
        page = self.store.list(IssueQuestion(terms=terms, **question), Budget())
        return [issue.error_value for issue in page.issues]

    def close(self) -> None:
        if not self.loop.is_closed():
            self.run(self.writer.stop())
            self.loop.close()
            self.meta.close()


def _opened(folder: Path) -> Iterator[Bench]:
    """Without the writer's pace, which has its own tests and would be most of the time of these."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pace, "GAP_S", 0.0)
        engine = ChdbEngine.open(folder / "engine", memory_bytes=1 << 30, threads=2)
        schema.apply(engine)
        opened = Bench(engine, folder)
        yield opened
        opened.close()
        engine.close()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    yield from _opened(tmp_path)


@pytest.fixture(scope="module")
def shared_bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """For tests that only ask."""
    yield from _opened(tmp_path_factory.mktemp("errors"))
