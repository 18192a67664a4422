"""What became of everything that was sent to us. Nothing is dropped silently.

Counted per signal, key (a DSN key, a token's name, or "" where there is none), outcome, reason and hour. Bounded: a
sender cannot grow it by inventing reasons, because reasons are words of ours and keys beyond the bound share one row.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from enum import Enum

from hannun.model.time import Clock, SystemClock
from hannun.observe.metrics import counter

_log = logging.getLogger("hannun.outcomes")
_COUNTED = counter("hannun_outcomes_total", "Items received, by what became of them.", ("signal", "outcome", "reason"))
HOUR_MS = 3_600_000
KEYS_MAX = 1_000
HOURS_KEPT = 48
LOG_EVERY_S = 60.0


class Outcome(Enum):
    ACCEPTED = "accepted"
    FILTERED = "filtered"
    LIMITED = "limited"
    INVALID = "invalid"
    DISCARDED = "discarded"  # dropped by the client, as it told us


@dataclass(frozen=True, slots=True)
class Tally:
    signal: str
    key: str
    outcome: Outcome
    reason: str
    hour_ms: int


class Outcomes:
    """Safe to use from any thread."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._counts: dict[Tally, int] = {}
        self._unsaid: dict[tuple[str, str, str], int] = {}
        self._said_s = self._clock.monotonic_s()

    def count(self, signal: str, outcome: Outcome, count: int = 1, *, reason: str = "", key: str = "") -> None:
        """`reason` must be a fixed phrase of ours ("timestamp too old"), never the sender's text."""
        if count <= 0:
            return
        _COUNTED.labels(signal, outcome.value, reason).inc(count)
        hour_ms = self._clock.now_ms() // HOUR_MS * HOUR_MS
        with self._lock:
            tally = Tally(signal, key, outcome, reason, hour_ms)
            if tally not in self._counts and len(self._counts) >= KEYS_MAX:
                self._forget_old(hour_ms)
                if len(self._counts) >= KEYS_MAX:
                    tally = Tally(signal, "(others)", outcome, reason, hour_ms)
            self._counts[tally] = self._counts.get(tally, 0) + count
            if outcome is not Outcome.ACCEPTED:
                seen = (signal, outcome.value, reason)
                self._unsaid[seen] = self._unsaid.get(seen, 0) + count
            due = self._clock.monotonic_s() - self._said_s >= LOG_EVERY_S
            unsaid = self._take_unsaid() if due else {}
        for (of, what, why), number in unsaid.items():
            _log.warning("%d %s items %s in the last minute: %s", number, of, what, why or "no reason given")

    def rows(self) -> list[tuple[Tally, int]]:
        """Newest hour first, then largest count."""
        with self._lock:
            found = list(self._counts.items())
        return sorted(found, key=lambda row: (-row[0].hour_ms, -row[1]))

    def _take_unsaid(self) -> dict[tuple[str, str, str], int]:
        unsaid, self._unsaid = self._unsaid, {}
        self._said_s = self._clock.monotonic_s()
        return unsaid

    def _forget_old(self, hour_ms: int) -> None:
        oldest_ms = hour_ms - HOURS_KEPT * HOUR_MS
        self._counts = {tally: count for tally, count in self._counts.items() if tally.hour_ms >= oldest_ms}
