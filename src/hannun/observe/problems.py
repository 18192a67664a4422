"""Standing problems: what a person should know and do now. Shown on the first page and on Status.

A room raises a problem under a fixed id and clears it when it is over; raising it again keeps the first time.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from enum import Enum

from hannun.model.text import Text
from hannun.model.time import Clock, SystemClock

_log = logging.getLogger("hannun.problems")


class Severity(Enum):
    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Problem:
    id: str
    severity: Severity
    what: Text
    do: Text
    since_ms: int


class Problems:
    """Safe to use from any thread."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._standing: dict[str, Problem] = {}

    def raise_(self, problem_id: str, severity: Severity, what: Text, do: Text) -> None:
        with self._lock:
            before = self._standing.get(problem_id)
            since_ms = before.since_ms if before else self._clock.now_ms()
            self._standing[problem_id] = Problem(problem_id, severity, what, do, since_ms)
        if before is None:
            _log.warning("%s. %s", what.en, do.en)

    def clear(self, problem_id: str) -> None:
        with self._lock:
            over = self._standing.pop(problem_id, None)
        if over is not None:
            _log.info("over: %s", over.what.en)

    def standing(self) -> list[Problem]:
        """Most severe first, then oldest."""
        order = {Severity.CRITICAL: 0, Severity.WARNING: 1, Severity.INFO: 2}
        with self._lock:
            found = list(self._standing.values())
        return sorted(found, key=lambda problem: (order[problem.severity], problem.since_ms))
