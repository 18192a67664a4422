"""SessionStore: the sink of sessions and the reader of release health."""

from __future__ import annotations

from collections.abc import Sequence

from hannun.model.budget import Budget
from hannun.model.release_health import HealthHour, HealthQuestion, ReleaseHealth
from hannun.model.sentry_items import SessionCounts, SessionUpdate
from hannun.store.day_table import DayTable
from hannun.store.sessions.columns import COUNTS, SESSIONS, count_rows, session_rows
from hannun.store.sessions.health import HealthTable


class SessionStore(DayTable["SessionUpdate | SessionCounts"]):
    """`SessionSink` and `ReleaseHealthReader`."""

    name = "sessions"
    tables = (SESSIONS, COUNTS)

    def at_ms(self, value: SessionUpdate | SessionCounts, /) -> int:
        return value.started_ms

    def weight(self, value: SessionUpdate | SessionCounts, /) -> int:
        return 256 + len(value.release) + len(value.user)

    def insert(self, values: Sequence[SessionUpdate | SessionCounts], /) -> int:
        """Sessions first: should the second INSERT fail, all is sent again, and sessions count once all the same."""
        updates = [value for value in values if isinstance(value, SessionUpdate)]
        counts = [value for value in values if isinstance(value, SessionCounts)]
        if updates:
            self._engine.insert_arrow(SESSIONS, session_rows(updates))
        if counts:
            self._engine.insert_arrow(COUNTS, count_rows(counts))
        return bool(updates) + bool(counts)

    # --- ReleaseHealthReader ------------------------------------------------------------------------------------------

    def releases(self, question: HealthQuestion, budget: Budget) -> Sequence[ReleaseHealth]:
        return HealthTable(self._engine).releases(question, budget)

    def hours(self, question: HealthQuestion, release: str, budget: Budget) -> Sequence[HealthHour]:
        return HealthTable(self._engine).hours(question, release, budget)
