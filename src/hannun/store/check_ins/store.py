"""CheckInStore: the sink of check-ins, the reader of monitors, and the watch over those that do not come.

A commit is one INSERT, then one transaction: monitors, how they stand, failures. When the server ends between the two
nobody was answered; the check-in comes again, its row says the same twice, and only now counts.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Sequence
from dataclasses import replace

from hannun.model.budget import Budget
from hannun.model.errors import NotFound
from hannun.model.monitor import FailureKind, Monitor, MonitorFailure, NextDue, Standing, StoredCheckIn
from hannun.model.sentry_items import CheckIn, MonitorConfig
from hannun.model.text import Text
from hannun.model.time import Clock
from hannun.observe.outcomes import Outcome, Outcomes
from hannun.store.check_ins import standing as turns
from hannun.store.check_ins.table import TABLE, Word, read, word_rows
from hannun.store.day_table import DayTable
from hannun.store.engine.port import Engine
from hannun.store.meta.monitors import ENVIRONMENTS_MAX, Entry, MonitorTable
from hannun.store.writer import Writer

UNKNOWN = Text(en='There is no monitor "{slug}"', ko='"{slug}" 모니터가 없습니다')
TOO_MANY = "too many monitors or environments"


class CheckInStore(DayTable[CheckIn]):
    """`CheckInSink` and `MonitorReader`. `next_due` reads schedules."""

    name = "check_ins"
    tables = (TABLE,)

    def __init__(
        self,
        engine: Engine,
        writer: Writer,
        monitors: MonitorTable,
        next_due: NextDue,
        *,
        keep_ms: int = 0,
        clock: Clock | None = None,
        outcomes: Outcomes | None = None,
    ) -> None:
        super().__init__(engine, writer, keep_ms=keep_ms, clock=clock, outcomes=outcomes)
        self.books = monitors
        self._next_due = next_due
        self._lock = threading.Lock()

    def at_ms(self, value: CheckIn, /) -> int:
        return value.at_ms

    def weight(self, value: CheckIn, /) -> int:
        return 512 + len(value.release)

    def insert(self, values: Sequence[CheckIn], /) -> int:
        with self._lock:
            entries = self.books.find((one.project, one.monitor) for one in values)
            room = self.books.room() if len(entries) < len({(one.project, one.monitor) for one in values}) else 0
            words: list[Word] = []
            failures: list[MonitorFailure] = []
            for one in values:
                key = (one.project, one.monitor)
                if key not in entries and room > 0:
                    entries[key] = Entry(key, self._clock.now_ms())
                    room -= 1
                entry = entries.get(key)
                if entry is None or (
                    one.environment not in entry.standings and len(entry.standings) >= ENVIRONMENTS_MAX
                ):
                    self._leave_out()
                    continue
                words.append(self._take(entry, one, failures))
            if words:
                self._engine.insert_arrow(TABLE, word_rows(words))
                self.books.write(entries.values(), failures)
            return int(bool(words))

    def _take(self, entry: Entry, one: CheckIn, failures: list[MonitorFailure]) -> Word:
        if one.config is not None:
            entry.config = _merged(entry.config, one.config)
        before = entry.standings.get(one.environment) or Standing(one.environment)
        if not one.id:
            running = before.open_id if one.status != "in_progress" else ""
            one = replace(one, id=running or uuid.uuid4().hex)
        expected_ms = before.due_ms if one.id != before.open_id else None
        after = turns.on_check_in(before, one, entry.config, lambda at_ms: self._due(entry.config, at_ms))
        entry.standings[one.environment] = after
        if one.status == "error" and after.failing and after.failures > before.failures:
            failures.append(_failure(entry, after, "error", one.at_ms, one.id, expected_ms, one.release, one.trace_id))
        return Word(
            one.project,
            one.monitor,
            one.environment,
            one.at_ms,
            one.id,
            one.status,
            expected_ms or 0,
            one.duration_s,
            one.release,
            one.trace_id,
        )

    # --- the watch ----------------------------------------------------------------------------------------------------

    def resume(self) -> None:
        """After a start: what did not come or end while the server was down is nobody's failure."""
        with self._lock:
            now_ms = self._clock.now_ms()
            late: list[Entry] = []
            for entry in self.books.all():
                for name, standing in entry.standings.items():
                    after = standing
                    if turns.missed(after, entry.config, now_ms):
                        after = replace(after, due_ms=self._due(entry.config, now_ms))
                    if turns.timed_out(after, entry.config, now_ms):
                        after = replace(after, open_id="", open_ms=0)
                    if after != standing:
                        entry.standings[name] = after
                        late.append(entry)
            if late:
                self.books.write({entry.key: entry for entry in late}.values(), [])

    def sweep(self) -> int:
        """Find what did not come or takes too long; returns how many. Blocks."""
        with self._lock:
            now_ms = self._clock.now_ms()
            words: list[Word] = []
            failures: list[MonitorFailure] = []
            touched = [entry for entry in self.books.all() if self._look(entry, now_ms, words, failures)]
            if touched:
                self._engine.insert_arrow(TABLE, word_rows(words))
                self.books.write(touched, failures)
            return len(words)

    def _look(self, entry: Entry, now_ms: int, words: list[Word], failures: list[MonitorFailure]) -> bool:
        count = len(words)
        for name, standing in list(entry.standings.items()):
            found: list[tuple[FailureKind, str, int | None]] = []
            if turns.timed_out(standing, entry.config, now_ms):
                found.append(("timeout", standing.open_id, None))
                standing = replace(standing, open_id="", open_ms=0)
            if turns.missed(standing, entry.config, now_ms):
                found.append(("missed", uuid.uuid4().hex, standing.due_ms))
                # From now on: a job that stands still for a night is missed once a sweep, not once for each minute.
                due_ms = self._due(entry.config, standing.due_ms or now_ms)
                if due_ms is not None and due_ms <= now_ms:
                    due_ms = self._due(entry.config, now_ms)
                standing = replace(standing, due_ms=due_ms)
            for kind, id_, expected_ms in found:
                standing = turns.failed(standing, kind, entry.config)
                words.append(Word(*entry.key, name, now_ms, id_, kind, expected_ms or 0))
                if standing.failing:
                    failures.append(_failure(entry, standing, kind, now_ms, id_, expected_ms))
            entry.standings[name] = standing
        return len(words) > count

    # --- MonitorReader ------------------------------------------------------------------------------------------------

    def monitors(self, projects: Sequence[int] = ()) -> Sequence[Monitor]:
        return [entry.monitor for entry in self.books.all(projects)]

    def monitor(self, project: int, slug: str) -> Monitor:
        entry = self.books.find([(project, slug)]).get((project, slug))
        if entry is None:
            raise NotFound(UNKNOWN.with_(slug=slug[:64]))
        return entry.monitor

    def check_ins(
        self, project: int, slug: str, budget: Budget, *, before_ms: int | None = None, limit: int = 50
    ) -> Sequence[StoredCheckIn]:
        self.monitor(project, slug)
        return read(self._engine, project, slug, budget, before_ms, limit)

    def _due(self, config: MonitorConfig | None, after_ms: int) -> int | None:
        return None if config is None else self._next_due(config, after_ms)

    def _leave_out(self) -> None:
        if self._outcomes is not None:
            self._outcomes.count(self.name, Outcome.LIMITED, 1, reason=TOO_MANY)


def _merged(old: MonitorConfig | None, new: MonitorConfig) -> MonitorConfig:
    """What a check-in does not say stays as it is."""
    if old is None:
        return new
    kept = {
        name: getattr(old, name)
        for name in ("margin_min", "max_runtime_min", "failure_threshold", "recovery_threshold")
        if getattr(new, name) is None
    }
    kept |= {name: getattr(old, name) for name in ("timezone", "owner") if not getattr(new, name)}
    return replace(new, **kept)


def _failure(
    entry: Entry,
    standing: Standing,
    kind: FailureKind,
    at_ms: int,
    id_: str,
    expected_ms: int | None,
    release: str = "",
    trace_id: str = "",
) -> MonitorFailure:
    project, slug = entry.key
    return MonitorFailure(
        project, slug, standing.environment, kind, at_ms, id_, standing.failures, expected_ms, release, trace_id
    )
