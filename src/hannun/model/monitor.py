"""Cron monitors: what is expected of a job, how it stands in each environment, and how it failed.

Times are Unix milliseconds. A monitor without a schedule is known by its check-ins alone: it is never missed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from hannun.model.budget import Budget
from hannun.model.sentry_items import MonitorConfig

Health = Literal["active", "ok", "error", "missed", "timeout"]
"""`active`: no check-in has ended yet."""
FailureKind = Literal["error", "missed", "timeout"]

MARGIN_MIN = 1
MAX_RUNTIME_MIN = 30
FAILURE_THRESHOLD = 1
RECOVERY_THRESHOLD = 1
"""Sentry's defaults for what a monitor does not say."""

NextDue = Callable[[MonitorConfig, int], "int | None"]
"""When the job should begin next after a moment; None when its schedule cannot be read."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a monitor stands in one environment.

    `due_ms` is when the next check-in should come, without the margin. `open_id` is of the check-in that runs, begun
    at `open_ms`. `failing`: as many failed in a row as the monitor tolerates; it ends when as many succeeded.
    """

    environment: str
    health: Health = "active"
    last_ms: int = 0
    due_ms: int | None = None
    open_id: str = ""
    open_ms: int = 0
    failures: int = 0
    successes: int = 0
    failing: bool = False
    last_id: str = ""
    last_status: str = ""


@dataclass(frozen=True, slots=True)
class Monitor:
    project: int
    slug: str
    config: MonitorConfig | None
    created_ms: int
    standings: tuple[Standing, ...] = ()


@dataclass(frozen=True, slots=True)
class MonitorFailure:
    """What an issue is made of. `failures`: how many in a row, this one included."""

    project: int
    monitor: str
    environment: str
    kind: FailureKind
    at_ms: int
    check_in_id: str
    failures: int
    expected_ms: int | None = None
    release: str = ""
    trace_id: str = ""


@dataclass(frozen=True, slots=True)
class StoredCheckIn:
    """`status` is one of in_progress, ok, error, missed, timeout. `ended_ms` None: it runs, or it was missed."""

    id: str
    environment: str
    status: str
    began_ms: int
    ended_ms: int | None
    expected_ms: int | None
    duration_s: float | None
    release: str
    trace_id: str


class MonitorReader(Protocol):
    """All block. Raise NotFound for an unknown monitor, QueryTimeout, QueryCanceled, StoreUnavailable."""

    def monitors(self, projects: Sequence[int] = ()) -> Sequence[Monitor]:
        """By slug; empty `projects`: all."""
        ...

    def monitor(self, project: int, slug: str) -> Monitor: ...

    def check_ins(
        self, project: int, slug: str, budget: Budget, *, before_ms: int | None = None, limit: int = 50
    ) -> Sequence[StoredCheckIn]:
        """The newest first."""
        ...
