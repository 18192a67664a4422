"""Counts lines that speak of attacks and special rights, as metrics: `security_events_total{kind, service, host}`."""

from __future__ import annotations

from collections.abc import Callable

from hannun.model.identity import Identity
from hannun.model.log import LogBatch
from hannun.observe.metrics import counter
from hannun.process.security import Detector

NAMES_MAX = 200
OTHERS = "overflow"
_EVENTS = counter(
    "security_events_total",
    "Log lines that speak of an attack or of special rights.",
    ("kind", "service", "host"),
)


class SecurityWatch:
    """An observer of stored lines. `identity_of` tells who a stream is, from memory."""

    def __init__(self, detector: Detector, identity_of: Callable[[int], Identity]) -> None:
        self._detector = detector
        self._identity_of = identity_of
        self._named: set[tuple[str, str]] = set()

    def __call__(self, batch: LogBatch) -> None:
        for (kind, stream), lines in self._detector.count(batch).items():
            service, host = self._names(stream)
            _EVENTS.labels(kind, service, host).inc(lines)

    def _names(self, stream: int) -> tuple[str, str]:
        """(service, host) as labels, few of them: an attacker must not choose how many series there are."""
        identity = self._identity_of(stream)
        named = (identity.service, identity.host)
        if named not in self._named:
            if len(self._named) >= NAMES_MAX:
                return (OTHERS, "")
            self._named.add(named)
        return named
