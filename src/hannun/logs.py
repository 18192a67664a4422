"""Everything about log lines: what takes them in, keeps them, asks them. Part of `app.py`'s wiring."""

from __future__ import annotations

from contextlib import AsyncExitStack

from hannun.api.hannun import LogBackend
from hannun.config.settings import Settings
from hannun.model.http import AnyEndpoint
from hannun.model.time import Clock
from hannun.observe.outcomes import Outcomes
from hannun.observe.problems import Problems
from hannun.query.logql.execute import LogEvaluator
from hannun.receive import loki
from hannun.receive.body import InFlight
from hannun.receive.limits import ReceiveLimits
from hannun.receive.log_door import LogDoor
from hannun.receive.log_intake import LogIntake
from hannun.standing import keep_running
from hannun.store.engine import ChdbEngine
from hannun.store.logs.store import RETAINED, LogStore
from hannun.store.retention import Signal
from hannun.store.writer import Writer


class Logs:
    """`start` once on the event loop."""

    def __init__(
        self,
        settings: Settings,
        engine: ChdbEngine,
        writer: Writer,
        clock: Clock,
        *,
        problems: Problems,
        outcomes: Outcomes,
    ) -> None:
        self._keep_ms = settings.retention.logs_ms or 0
        self.store = LogStore(
            engine, writer, retention_ms=self._keep_ms, clock=clock, problems=problems, outcomes=outcomes
        )
        self.evaluator = LogEvaluator(self.store)
        self.intake = LogIntake(self.store, outcomes, clock=clock)
        self.pages = LogBackend(self.store, self.evaluator, self.store)

    @property
    def retained(self) -> Signal:
        return Signal("logs", RETAINED, self._keep_ms, dropped=self.store.partitions_dropped)

    def endpoints(self, limits: ReceiveLimits, in_flight: InFlight) -> list[AnyEndpoint]:
        door = LogDoor(self.intake, limits, in_flight=in_flight)
        return [*loki.routes(door)]

    async def start(self, standing: AsyncExitStack) -> None:
        """What is started is stopped by `standing`."""
        keep_running(standing, self.store.run(), "log-upkeep")
