"""ErrorStore: the sink of error events, and the reader and the desk of their issues, over engine and meta store.

A table of contents: each answer is a few lines here and its work in the module that is named for it.
"""

from __future__ import annotations

from collections.abc import Sequence

from hannun.model.budget import Budget
from hannun.model.event import Event
from hannun.model.issue import Issue, IssuePage, IssueQuestion, StoredEvent
from hannun.model.time import Clock, SystemClock
from hannun.observe.outcomes import Outcomes
from hannun.observe.problems import Problems
from hannun.store.engine.port import Engine
from hannun.store.errors.accounts import Accounts
from hannun.store.errors.columns import TABLE
from hannun.store.errors.directory import HashDirectory
from hannun.store.errors.event_terms import EventSearch
from hannun.store.errors.events import EventTable
from hannun.store.errors.family import NAME, EventBatch, EventFamily
from hannun.store.errors.listing import IssueList
from hannun.store.errors.pages import IssuePages
from hannun.store.errors.rows import IssueRows
from hannun.store.errors.volumes import Volumes
from hannun.store.meta.database import Database
from hannun.store.writer import Writer

RETAINED = (TABLE,)


class ErrorStore:
    """`EventSink`, `IssueReader` and `IssueDesk`."""

    def __init__(
        self,
        engine: Engine,
        writer: Writer,
        database: Database,
        *,
        retention_ms: int = 0,
        clock: Clock | None = None,
        problems: Problems | None = None,
        outcomes: Outcomes | None = None,
    ) -> None:
        self._engine = engine
        self._writer = writer
        self._clock = clock or SystemClock()
        self._directory = HashDirectory(database)
        self._accounts = Accounts(engine, database, self._directory)
        self._family = EventFamily(engine, self._accounts, clock=self._clock, outcomes=outcomes)
        self._rows = IssueRows(database)
        self._pages = IssuePages(EventTable(engine), self._rows, self._directory)
        self._volumes = Volumes(engine, self._directory)
        search = EventSearch(engine, database, self._directory)
        self._list = IssueList(database, search, self._volumes, self._clock.now_ms)
        writer.register(self._family)

    async def write(self, events: Sequence[Event]) -> int:
        if not events:
            return 0
        batch = EventBatch(events)
        await self._writer.write(NAME, batch)
        return batch.new

    def list(self, question: IssueQuestion, budget: Budget) -> IssuePage:
        return self._list.page(question, budget)

    def issue(self, issue: int, *, viewer: str = "") -> Issue:
        return self._rows.one(issue, viewer)

    def event(self, issue: int, which: str, budget: Budget, *, environments: Sequence[str] = ()) -> StoredEvent:
        return self._pages.event(issue, which, budget, environments)
