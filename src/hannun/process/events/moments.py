"""When an event happened, by whose clock, and how far that clock may be trusted.

Senders write Unix seconds or RFC 3339. Where the envelope's `sent_at` shows that their clock is more than an hour off,
all times are moved by that much, as Sentry does; one that is still out of bounds becomes the time of arrival.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hannun.process.events.facts import EventFacts
from hannun.process.events.remarks import CLOCK_DRIFT, FUTURE, INVALID, PAST, Remarks

DRIFT_MIN_MS = 3_600_000
PAST_MAX_MS = 30 * 86_400_000
FUTURE_MAX_MS = 60_000
_YEAR_9999_S = 253_402_300_799
_MILLISECONDS_FROM = 100_000_000_000
"""Numbers from here on are not seconds (that would be the year 5138) but milliseconds."""


def moment(raw: Any) -> float | None:
    """Unix seconds of a number, a decimal or a date in ISO 8601 (without an offset: UTC); None when it is no time."""
    if isinstance(raw, str):
        raw = raw.strip()
        if len(raw) > 64:
            return None
        try:
            said = datetime.fromisoformat(raw)
        except ValueError:
            try:
                raw = float(raw)
            except ValueError:
                return None
        else:
            return (said if said.tzinfo else said.replace(tzinfo=UTC)).timestamp()
    if isinstance(raw, bool) or not isinstance(raw, int | float) or raw - raw != 0.0:
        return None
    if abs(raw) >= _MILLISECONDS_FROM:
        raw = raw / 1000
    return float(raw) if 0 <= raw <= _YEAR_9999_S else None


def drift_ms(facts: EventFacts) -> int:
    """By how much the sender's times are moved: 0 unless its clock is more than an hour off."""
    if facts.sent_ms is None:
        return 0
    drift = facts.received_ms - facts.sent_ms
    return drift if abs(drift) > DRIFT_MIN_MS else 0


def read_timestamp(raw: Any, facts: EventFacts, remarks: Remarks) -> float:
    """When the event happened in Unix seconds of our clock, with three decimals."""
    received_s = facts.received_ms / 1000
    if raw is None:
        return received_s
    seconds = moment(raw)
    if seconds is None:
        remarks.add(INVALID, "timestamp", "expected a time; the time of arrival is used", raw)
        return received_s
    if drift := drift_ms(facts):
        remarks.add(
            CLOCK_DRIFT, "timestamp", f"the sender's clock is {-drift / 1000:+.0f} s off; times were moved", raw
        )
    ms = round(seconds * 1000) + drift
    if ms > facts.received_ms + FUTURE_MAX_MS:
        remarks.add(FUTURE, "timestamp", "more than a minute in the future; the time of arrival is used", raw)
        return received_s
    if ms < facts.received_ms - PAST_MAX_MS:
        remarks.add(PAST, "timestamp", "more than 30 days old; the time of arrival is used", raw)
        return received_s
    return ms / 1000
