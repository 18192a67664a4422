"""What SDKs send beside errors, and the stores that keep it. Part of `app.py`'s wiring, through `errors.py`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack

from hannun.api.hannun import KeptBackend
from hannun.config.settings import Settings
from hannun.model.event import Event, EventSink
from hannun.model.monitor import MonitorFailure
from hannun.model.project import ProjectOptions
from hannun.model.sentry_items import MonitorConfig
from hannun.model.status import QueueStatus, TableStatus
from hannun.model.time import Clock
from hannun.observe.outcomes import Outcomes
from hannun.standing import keep_running
from hannun.store.attachments import AttachmentStore
from hannun.store.check_ins import CheckInStore
from hannun.store.check_ins.watch import MonitorWatch
from hannun.store.engine import ChdbEngine
from hannun.store.meta import MetaStore
from hannun.store.profiles import ProfileStore
from hannun.store.replays import ReplayStore
from hannun.store.sessions import SessionStore
from hannun.store.sessions.store import Seen
from hannun.store.spans import SpanStore
from hannun.store.writer import Writer


class Kept:
    """One store for each kind of item."""

    def __init__(
        self,
        settings: Settings,
        engine: ChdbEngine,
        writer: Writer,
        meta: MetaStore,
        clock: Clock,
        *,
        outcomes: Outcomes,
        note_releases: Callable[[Seen], None],
    ) -> None:
        errors_ms, traces_ms = settings.retention.errors_ms or 0, settings.retention.traces_ms or 0
        self.traces_keep_ms = traces_ms
        self.sessions = SessionStore(
            engine, writer, note=note_releases, keep_ms=errors_ms, clock=clock, outcomes=outcomes
        )
        self.attachments = AttachmentStore(engine, writer, keep_ms=errors_ms, clock=clock, outcomes=outcomes)
        self.replays = ReplayStore(engine, writer, keep_ms=errors_ms, clock=clock, outcomes=outcomes)
        self.spans = SpanStore(engine, writer, keep_ms=traces_ms, clock=clock, outcomes=outcomes)
        self.profiles = ProfileStore(engine, writer, keep_ms=traces_ms, clock=clock, outcomes=outcomes)
        self.check_ins = CheckInStore(
            engine, writer, meta.monitors, _next_due, keep_ms=errors_ms, clock=clock, outcomes=outcomes
        )
        self.pages = KeptBackend(self.sessions, self.check_ins, self.replays, self.profiles, self.attachments)
        self._as_errors = (self.sessions, self.check_ins, self.attachments, self.replays)
        self._as_traces = (self.spans, self.profiles)

    @property
    def error_tables(self) -> tuple[str, ...]:
        """Those that are kept as long as errors."""
        return tuple(table for store in self._as_errors for table in store.tables)

    @property
    def trace_tables(self) -> tuple[str, ...]:
        return tuple(table for store in self._as_traces for table in store.tables)

    def start(self, standing: AsyncExitStack, events: EventSink, options: Callable[[int], ProjectOptions]) -> None:
        """The watch over monitors; what is started is stopped by `standing`."""

        def event_of(failure: MonitorFailure) -> Event:
            from hannun.process.monitors import event  # Only a failure needs it in memory.

            return event.event_of(failure, options(failure.project))

        keep_running(standing, MonitorWatch(self.check_ins, events, event_of).run(), "monitors")

    def status(self) -> Sequence[TableStatus]:
        return [table for store in (*self._as_errors, *self._as_traces) for table in store.status()]

    def queues(self) -> Sequence[QueueStatus]:
        return [queue for store in (*self._as_errors, *self._as_traces) for queue in store.queues()]


def _next_due(config: MonitorConfig, after_ms: int) -> int | None:
    from hannun.process.monitors import schedule  # Only monitors need it in memory.

    return schedule.next_due(config, after_ms)
