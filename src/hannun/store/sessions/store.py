"""SessionStore: the sink of sessions and the reader of release health."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from hannun.model.budget import Budget
from hannun.model.release_health import HealthHour, HealthQuestion, ReleaseHealth
from hannun.model.sentry_items import SessionCounts, SessionUpdate
from hannun.model.time import Clock
from hannun.observe.outcomes import Outcomes
from hannun.store.day_table import DayTable, text
from hannun.store.engine.port import Engine
from hannun.store.sessions.columns import COUNTS, RELEASE_LENGTH_MAX, SESSIONS, count_rows, session_rows
from hannun.store.sessions.health import HealthTable
from hannun.store.writer import Writer

Seen = Mapping[tuple[int, str], tuple[int, int]]
"""(project, release) -> first and last time, Unix ms."""
NOTED_AGAIN_MS = 60_000
NOTED_MAX = 10_000


class SessionStore(DayTable["SessionUpdate | SessionCounts"]):
    """`SessionSink` and `ReleaseHealthReader`. `note` is told which releases were seen: a session makes one, too."""

    name = "sessions"
    tables = (SESSIONS, COUNTS)

    def __init__(
        self,
        engine: Engine,
        writer: Writer,
        *,
        note: Callable[[Seen], None] | None = None,
        keep_ms: int = 0,
        clock: Clock | None = None,
        outcomes: Outcomes | None = None,
    ) -> None:
        super().__init__(engine, writer, keep_ms=keep_ms, clock=clock, outcomes=outcomes)
        self._note = note
        self._noted: dict[tuple[int, str], int] = {}

    def at_ms(self, value: SessionUpdate | SessionCounts, /) -> int:
        return value.started_ms

    def weight(self, value: SessionUpdate | SessionCounts, /) -> int:
        return 256 + len(value.release) + len(value.user)

    def insert(self, values: Sequence[SessionUpdate | SessionCounts], /) -> int:
        """Counts last: should something fail, all is sent again, and only they would count twice."""
        self._note_releases(values)
        updates = [value for value in values if isinstance(value, SessionUpdate)]
        counts = [value for value in values if isinstance(value, SessionCounts)]
        if updates:
            self._engine.insert_arrow(SESSIONS, session_rows(updates))
        if counts:
            self._engine.insert_arrow(COUNTS, count_rows(counts))
        return bool(updates) + bool(counts)

    def _note_releases(self, values: Sequence[SessionUpdate | SessionCounts]) -> None:
        if self._note is None:
            return
        seen: dict[tuple[int, str], tuple[int, int]] = {}
        for value in values:
            key = (value.project, text(value.release, RELEASE_LENGTH_MAX + 1))
            first_ms, last_ms = seen.get(key, (value.started_ms, value.started_ms))
            if key in seen or value.started_ms > self._noted.get(key, -NOTED_AGAIN_MS - 1) + NOTED_AGAIN_MS:
                seen[key] = (min(first_ms, value.started_ms), max(last_ms, value.started_ms))
        if seen:
            self._note(seen)
            if len(self._noted) + len(seen) > NOTED_MAX:
                self._noted.clear()
            self._noted.update({key: last_ms for key, (_, last_ms) in list(seen.items())[:NOTED_MAX]})

    # --- ReleaseHealthReader ------------------------------------------------------------------------------------------

    def releases(self, question: HealthQuestion, budget: Budget) -> Sequence[ReleaseHealth]:
        return HealthTable(self._engine).releases(question, budget)

    def hours(self, question: HealthQuestion, release: str, budget: Budget) -> Sequence[HealthHour]:
        return HealthTable(self._engine).hours(question, release, budget)
