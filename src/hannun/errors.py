"""Everything about errors: what SDKs send, the issues that events make, who asks. Part of `app.py`'s wiring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any

from hannun.api import sentry as sentry_api
from hannun.api.hannun import ErrorBackend
from hannun.api.sentry import SentryBackend
from hannun.config.settings import Settings
from hannun.kept import Kept
from hannun.logs import Logs
from hannun.model.event import Grouping
from hannun.model.http import AnyEndpoint
from hannun.model.ports import MetricSink
from hannun.model.status import QueueStatus, TableStatus
from hannun.model.time import Clock
from hannun.observe.outcomes import Outcomes
from hannun.observe.problems import Problems
from hannun.query.runner import QueryRunner
from hannun.receive import sentry
from hannun.receive.body import InFlight
from hannun.receive.limits import ReceiveLimits
from hannun.receive.log_door import LogDoor
from hannun.receive.otlp_logs import OtlpLogsReceiver
from hannun.receive.sentry.intake import SentryIntake
from hannun.receive.sentry.metric_totals import MetricTotals
from hannun.receive.sentry.rooms import Rooms, writers
from hannun.standing import keep_running
from hannun.store.engine import ChdbEngine
from hannun.store.errors.store import RETAINED, ErrorStore
from hannun.store.meta import MetaStore
from hannun.store.meta.keys import KeyDirectory
from hannun.store.retention import Signal
from hannun.store.writer import Writer


class Errors:
    """`start` once on the event loop."""

    def __init__(
        self,
        settings: Settings,
        engine: ChdbEngine,
        writer: Writer,
        meta: MetaStore,
        metrics: MetricSink,
        logs: Logs,
        clock: Clock,
        *,
        problems: Problems,
        outcomes: Outcomes,
    ) -> None:
        self._keep_ms = settings.retention.errors_ms or 0
        self._clock = clock
        self._meta = meta
        self._url = settings.url
        self._outcomes = outcomes
        self.store = ErrorStore(
            engine,
            writer,
            meta.database,
            retention_ms=self._keep_ms,
            clock=clock,
            problems=problems,
            outcomes=outcomes,
        )
        self._keys = KeyDirectory(meta.projects, clock)
        self._logs = logs
        self.kept = Kept(
            settings, engine, writer, meta, clock, outcomes=outcomes, note_releases=self.store.note_releases
        )
        self._rooms = Rooms(
            writers(
                self.store,
                logs=logs.intake,
                metrics=MetricTotals(metrics, outcomes, clock),
                spans=self.kept.spans,
                sessions=self.kept.sessions,
                check_ins=self.kept.check_ins,
                attachments=self.kept.attachments,
                replays=self.kept.replays,
                profiles=self.kept.profiles,
            )
        )
        self.pages = ErrorBackend(self.store, self.store, self._explain, self.kept.pages, meta.releases)

    @property
    def retained(self) -> tuple[Signal, ...]:
        tables = (*RETAINED, *self.kept.error_tables)
        return (
            Signal("errors", tables, self._keep_ms, dropped=self.store.partitions_dropped),
            Signal("traces", self.kept.trace_tables, self.kept.traces_keep_ms),
        )

    def status(self) -> Sequence[TableStatus]:
        return [*self.store.status(), *self.kept.status()]

    def queues(self) -> Sequence[QueueStatus]:
        return [*self.store.queues(), *self.kept.queues()]

    def endpoints(self, runner: QueryRunner, limits: ReceiveLimits, in_flight: InFlight) -> list[AnyEndpoint]:
        intake = SentryIntake(self._keys, self._rooms, self._outcomes, in_flight=in_flight, clock=self._clock)
        door = LogDoor(self._logs.intake, limits, in_flight=in_flight)
        rest = SentryBackend(
            self.store,
            self.store,
            self._meta.releases,
            self.store.finder,
            runner,
            self._meta.projects.all,
            self._url,
            users=lambda: [account.user for account in self._meta.users.all()],
            monitors=self.kept.pages.monitors,
            clock=self._clock,
        )
        return [*sentry.routes(intake, otlp_logs=OtlpLogsReceiver(door).generic), *sentry_api.routes(rest)]

    async def start(self, standing: AsyncExitStack) -> None:
        """What is started is stopped by `standing`."""
        keep_running(standing, self.store.run(), "issue-upkeep")
        self.kept.start(standing, self.store, self._keys.options)

    def _explain(self, project: int, payload: Mapping[str, Any]) -> Grouping:
        """Why an event was grouped as it was, by the rules of its project."""
        from hannun.process.grouping import GroupingRules, explain  # Only the page that asks it needs it in memory.

        options = self._keys.options(project)
        return explain(payload, GroupingRules.parse(options.fingerprint_rules, options.stack_rules))
