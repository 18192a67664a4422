"""ErrorStore: the sink of error events, and the reader and the desk of their issues, over engine and meta store.

A table of contents: each answer is a few lines here and its work in the module that is named for it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence

from hannun.model.budget import Budget
from hannun.model.errors import HannunError
from hannun.model.event import Event
from hannun.model.issue import Activity, Issue, IssueChange, IssuePage, IssueQuestion, StoredEvent, TagShare
from hannun.model.status import QueueStatus, TableStatus
from hannun.model.text import Text
from hannun.model.time import Clock, SystemClock
from hannun.observe.outcomes import Outcomes
from hannun.observe.problems import Problems, Severity
from hannun.store.engine.port import Engine
from hannun.store.errors.accounts import Accounts
from hannun.store.errors.columns import TABLE
from hannun.store.errors.desk import Desk
from hannun.store.errors.directory import HashDirectory
from hannun.store.errors.erase import Eraser
from hannun.store.errors.event_terms import EventSearch
from hannun.store.errors.events import EventTable
from hannun.store.errors.family import NAME, EventBatch, EventFamily
from hannun.store.errors.found_events import FoundEvents
from hannun.store.errors.listing import IssueList
from hannun.store.errors.merging import Merging
from hannun.store.errors.pages import IssuePages
from hannun.store.errors.releases import Seen
from hannun.store.errors.rows import IssueRows
from hannun.store.errors.similar import similar
from hannun.store.errors.tags import EventTags
from hannun.store.errors.upkeep import Upkeep
from hannun.store.errors.volumes import Volumes
from hannun.store.meta.database import Database
from hannun.store.tables import table_status
from hannun.store.writer import Writer

_log = logging.getLogger("hannun.store.errors")
RETAINED = (TABLE,)
"""What retention drops by the day; issues follow in `partitions_dropped`."""
UPKEEP_EVERY_S = 5.0
ACTIVITY_MAX = 1_000
PROBLEM = "issues-behind"

BEHIND_WHAT = Text(
    en="Counts and states of issues may lag behind their events: {why}",
    ko="이슈의 건수와 상태가 실제 이벤트보다 늦을 수 있습니다: {why}",
)
BEHIND_DO = Text(
    en="Nothing is lost: it is tried again every few seconds. If this stays, check disk and memory",
    ko="잃은 데이터는 없으며 몇 초마다 다시 시도합니다. 계속되면 디스크와 메모리를 확인해 주세요",
)


class ErrorStore:
    """`EventSink`, `IssueReader` and `IssueDesk`. `retention_ms` 0: for ever."""

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
        self._database = database
        self._retention_ms = retention_ms
        self._clock = clock or SystemClock()
        self._problems = problems
        self._directory = HashDirectory(database)
        self._accounts = Accounts(engine, database, self._directory)
        self._family = EventFamily(engine, self._accounts, clock=self._clock, outcomes=outcomes)
        self._rows = IssueRows(database)
        self._volumes = Volumes(engine, self._directory)
        self._pages = IssuePages(EventTable(engine), self._rows, self._directory)
        self._tags = EventTags(engine, database)
        search = EventSearch(engine, database, self._directory)
        self.finder = FoundEvents(engine, search, self._directory)
        self._list = IssueList(database, search, self._volumes, self._clock.now_ms)
        self._desk = Desk(database, self._family, self._accounts.releases, self._clock)
        self._merging = Merging(engine, self._family, self._accounts, self._clock)
        self._eraser = Eraser(engine, self._family, self._accounts)
        self._upkeep = Upkeep(engine, self._family, self._accounts, self._eraser, self._clock)
        writer.register(self._family)
        try:
            self._family.make_sure()
        except HannunError as err:
            self._tell(err)  # Whatever it is, the next commit meets it too, and tells whoever waits for it.

    # --- EventSink ----------------------------------------------------------------------------------------------------

    async def write(self, events: Sequence[Event]) -> int:
        if not events:
            return 0
        batch = EventBatch(events)
        await self._writer.write(NAME, batch)
        return batch.new

    # --- IssueReader --------------------------------------------------------------------------------------------------

    def list(self, question: IssueQuestion, budget: Budget) -> IssuePage:
        return self._list.page(question, budget)

    def issue(self, issue: int, *, viewer: str = "") -> Issue:
        return self._rows.one(issue, viewer)

    def by_short_id(self, short_id: str, *, viewer: str = "") -> Issue:
        return self._rows.by_short_id(short_id, viewer)

    def event(self, issue: int, which: str, budget: Budget, *, environments: Sequence[str] = ()) -> StoredEvent:
        return self._pages.event(issue, which, budget, environments)

    def find_event(self, project: int | None, event_id: str, budget: Budget) -> StoredEvent:
        return self._pages.find(project, event_id, budget)

    def events(
        self, issue: int, budget: Budget, *, before_ms: int | None = None, limit: int = 50
    ) -> Sequence[StoredEvent]:
        return self._pages.list(issue, budget, before_ms, limit)

    def bars(
        self, issues: Sequence[int], start_ms: int, end_ms: int, step_ms: int, budget: Budget
    ) -> Mapping[int, Sequence[int]]:
        return self._volumes.bars(issues, start_ms, end_ms, step_ms, budget)

    def tags(self, issue: int, budget: Budget, *, values: int = 10) -> Sequence[TagShare]:
        return self._tags.shares(self._pages.group(issue), values, budget)

    def activity(self, issue: int, limit: int = 100) -> Sequence[Activity]:
        return self._rows.activity(issue, min(limit, ACTIVITY_MAX))

    def hashes(self, issue: int) -> Sequence[str]:
        return self._rows.hashes(issue)

    def similar(self, issue: int, budget: Budget, limit: int = 10) -> Sequence[Issue]:
        budget.check()
        with self._database.reading() as connection:
            found = similar(connection, issue, min(limit, 100))
        return self._rows.those(found, "")

    def tag_keys(self, projects: Sequence[int], budget: Budget) -> Sequence[str]:
        return self._tags.keys(projects, budget)

    def tag_values(self, projects: Sequence[int], key: str, prefix: str, budget: Budget) -> Sequence[str]:
        return self._tags.values(projects, key, prefix, budget)

    # --- IssueDesk ----------------------------------------------------------------------------------------------------

    def change(self, issues: Sequence[int], change: IssueChange, actor: str) -> Sequence[Issue]:
        return self._desk.change(issues, change, actor)

    def comment(self, issue: int, text: str, actor: str) -> Activity:
        return self._desk.comment(issue, text, actor)

    def merge(self, issues: Sequence[int], actor: str) -> Issue:
        return self._merging.merge(issues, actor)

    def unmerge(self, issue: int, hashes: Sequence[str], actor: str) -> Issue:
        return self._merging.unmerge(issue, hashes, actor)

    def delete(self, issues: Sequence[int], actor: str, *, discard: bool = False) -> None:
        self._eraser.delete(issues, discard=discard)
        _log.info("%s deleted %d issues", actor or "somebody", len(issues))

    def note_releases(self, seen: Seen) -> None:
        """Releases that others than events have named: sessions. Blocks."""
        with self._family.lock:
            try:
                with self._database.writing() as connection:
                    self._accounts.releases.note(connection, seen)
            except BaseException:
                self._accounts.releases.forget()
                raise

    # --- upkeep and status --------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Until cancelled: what becomes of issues as time goes."""
        while True:
            await asyncio.sleep(UPKEEP_EVERY_S)
            try:
                await asyncio.to_thread(self.sweep)
            except HannunError as err:
                self._tell(err)  # The next round does what this one could not.

    def sweep(self) -> None:
        """One round of upkeep. Blocks."""
        self._upkeep.sweep()
        if self._problems is not None:
            self._problems.clear(PROBLEM)

    def _tell(self, err: HannunError) -> None:
        _log.warning("upkeep of issues: %s", err)
        if self._problems is not None:
            what = BEHIND_WHAT.with_(why=err.what)
            self._problems.raise_(PROBLEM, Severity.WARNING, what, BEHIND_DO)

    def partitions_dropped(self) -> None:
        """After retention dropped days: issues whose last event is gone go too."""
        if self._retention_ms:
            self._eraser.forget_old(self._clock.now_ms() - self._retention_ms)

    def status(self) -> Sequence[TableStatus]:
        return table_status(self._engine, (TABLE,))

    def queues(self) -> Sequence[QueueStatus]:
        return [queue for queue in self._writer.queues() if queue.name == NAME]
