"""Everything about log lines: what takes them in, keeps them, asks them. Part of `app.py`'s wiring."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import cached_property
from ipaddress import ip_address
from zoneinfo import ZoneInfo

from hannun.api import loki as loki_api
from hannun.api.hannun import LogBackend
from hannun.config.complaint import Complaint
from hannun.config.loki import load as loki_file
from hannun.config.loki.model import LokiConfig
from hannun.config.security import shipped
from hannun.config.settings import Settings, said_in
from hannun.model.budget import Budget
from hannun.model.http import AnyEndpoint
from hannun.model.identity import Identity
from hannun.model.log import LogReader
from hannun.model.time import Clock
from hannun.observe.outcomes import Outcomes
from hannun.observe.problems import Problems
from hannun.process.identity import of_stream
from hannun.process.security import Detector
from hannun.query.logql.engine import Evaluator, LogEngine
from hannun.query.logql.found import LogAnswer
from hannun.query.logql.limits import QueryLimits
from hannun.query.logql.ranges import Matrix, Times
from hannun.query.logql.syntax import Grouping, LogQuery, RangeAggregation
from hannun.query.runner import QueryRunner
from hannun.receive import elasticsearch, loki, otlp_logs, plain_logs
from hannun.receive.body import InFlight
from hannun.receive.limits import ReceiveLimits
from hannun.receive.log_door import LogDoor
from hannun.receive.log_intake import LogIntake
from hannun.receive.log_limits import LogLimits
from hannun.receive.observed import ObservedSink
from hannun.receive.pattern_watch import PatternWatch
from hannun.receive.security_watch import SecurityWatch
from hannun.receive.syslog import SyslogServer
from hannun.standing import keep_running
from hannun.store.engine import ChdbEngine
from hannun.store.logs import patterns
from hannun.store.logs.patterns import PatternStore
from hannun.store.logs.store import RETAINED, LogStore
from hannun.store.retention import Signal
from hannun.store.writer import Writer

_log = logging.getLogger("hannun")
NOT_READY = "Ingester not ready: starting"


class Logs:
    """`start` once on the event loop; `reload` whenever asked."""

    def __init__(
        self,
        settings: Settings,
        files: LogFiles,
        engine: ChdbEngine,
        writer: Writer,
        clock: Clock,
        *,
        admit: Callable[[], None],
        problems: Problems,
        outcomes: Outcomes,
    ) -> None:
        self._settings = settings
        self._keep_ms = settings.retention.logs_ms or 0
        self.config, self.complaints = files.config, files.complaints
        self.store = LogStore(
            engine, writer, retention_ms=self._keep_ms, clock=clock, problems=problems, outcomes=outcomes
        )
        self._clock = clock
        self.patterns = PatternStore(engine, self.store.streams, admit=admit)
        self._patterns = PatternWatch(self.patterns, self._identity, clock)
        security = SecurityWatch(Detector(shipped().rules), self._identity)
        self._observed = ObservedSink(self.store, (security, self._patterns))
        self.evaluator = _WhenAsked(self.store)
        self.engine = LogEngine(self.store, self.evaluator, limits=self._question_limits, clock=clock)
        self.intake = LogIntake(self._observed, outcomes, self._intake_limits(), clock=clock)
        self.pages = LogBackend(self.store, self.evaluator, self.store, self.patterns, self.engine, shipped())

    @property
    def retained(self) -> Signal:
        return Signal("logs", (*RETAINED, *patterns.RETAINED), self._keep_ms, dropped=self.store.partitions_dropped)

    def endpoints(
        self, runner: QueryRunner, limits: ReceiveLimits, in_flight: InFlight, is_ready: Callable[[], bool]
    ) -> list[AnyEndpoint]:
        door = LogDoor(self.intake, limits, in_flight=in_flight)
        zone = ZoneInfo(self._settings.timezone)
        facts = loki_api.LokiFacts(lambda: self.config.yaml, lambda: "" if is_ready() else NOT_READY)
        return [
            *loki.routes(door),
            *otlp_logs.routes(door),
            *plain_logs.routes(door, lambda: zone),
            *elasticsearch.routes(door, lambda: zone),
            *loki_api.routes(
                self.engine,
                runner,
                tails=self.store,
                patterns=self.patterns if self.config.patterns is not False else None,
                clock=self._clock,
                facts=facts,
                deletion_mode=self.config.deletion_mode,
            ),
        ]

    async def start(self, standing: AsyncExitStack) -> None:
        """What is started is stopped by `standing`."""
        keep_running(standing, self.store.run(), "log-upkeep")
        self._patterns.remember(await asyncio.to_thread(self.patterns.load))
        standing.callback(self._patterns.flush)
        keep_running(standing, self._patterns.run(), "log-patterns")
        keep_running(standing, self._observed.run(), "log-observers")
        await self._listen_for_syslog(standing)

    async def _listen_for_syslog(self, standing: AsyncExitStack) -> None:
        """A taken port is a warning: whoever has it takes the messages as before."""
        address, zone = self._settings.syslog_address, ZoneInfo(self._settings.timezone)
        if address is None:
            return
        server = SyslogServer(self.intake, address.host, address.port, zone=lambda: zone, allow=self._may_send)
        try:
            await server.start()
        except OSError as err:
            _log.warning("syslog cannot be taken at %s: %s", address, err)
            return
        standing.push_async_callback(server.stop)
        _log.info("taking syslog at %s, UDP and TCP", address)

    def _may_send(self, address: str) -> bool:
        """Syslog knows no tokens: this machine may send, and the networks of --ingest-allow."""
        settings = self._settings
        try:
            found = ip_address(address)
        except ValueError:
            return settings.insecure_open
        return settings.insecure_open or found.is_loopback or any(found in network for network in settings.ingest_allow)

    def reload(self) -> None:
        """Reads Loki's file again: limits hold from now on, retention from the next start. Blocks. Raises Refused."""
        files = read_log_files(self._settings)
        self.config, self.complaints = files.config, files.complaints
        self.intake.limit(self._intake_limits())

    def _question_limits(self) -> QueryLimits:
        return replace(QueryLimits(), **self.config.questions.given())

    def _intake_limits(self) -> LogLimits:
        return replace(LogLimits(), **self.config.intake.given())

    def _identity(self, stream: int) -> Identity:
        found = self.store.stream(stream)
        return Identity() if found is None else of_stream(found.labels)


class _WhenAsked:
    """The evaluator of log queries. It is loaded, with its compiled kernels, in the thread of the first question."""

    def __init__(self, reader: LogReader) -> None:
        self._reader = reader

    @cached_property
    def _evaluator(self) -> Evaluator:
        from hannun.query.logql.execute import LogEvaluator

        return LogEvaluator(self._reader)

    def evaluate(self, node: RangeAggregation, times: Times, summed_by: Grouping | None, budget: Budget) -> Matrix:
        return self._evaluator.evaluate(node, times, summed_by, budget)

    def select(
        self,
        query: LogQuery,
        start_ns: int,
        end_ns: int,
        limit: int,
        backward: bool,
        interval_ns: int,
        budget: Budget,
    ) -> LogAnswer:
        return self._evaluator.select(query, start_ns, end_ns, limit, backward, interval_ns, budget)


@dataclass(frozen=True, slots=True)
class LogFiles:
    """What Loki's file says, and what there is to say about it."""

    config: LokiConfig = LokiConfig()
    complaints: tuple[Complaint, ...] = ()


def read_log_files(settings: Settings) -> LogFiles:
    """Blocks. Raises Refused when the file cannot be used."""
    if settings.loki_config is None:
        return LogFiles()
    return LogFiles(*loki_file.load(settings.loki_config, os.environ))


def with_log_retention(settings: Settings, config: LokiConfig) -> Settings:
    """Where nobody told Hannun how long to keep logs, Loki's file is asked."""
    unsaid = {one.name for one in settings.chosen if one.source == "default"}
    if config.retention_ms is None or "retention.logs" not in unsaid:
        return settings
    retention = replace(settings.retention, logs_ms=config.retention_ms or None)
    return said_in(replace(settings, retention=retention), "retention.logs", str(config.file))
