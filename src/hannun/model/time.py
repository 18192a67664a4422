"""Time as the protocols write it: milliseconds since 1970 inside, Prometheus's durations and timestamps outside.

Durations: `1h30m`, units ms s m h d w y, each at most once, largest first, y = 365 d and w = 7 d.
"""

from __future__ import annotations

import math
import re
import time
from datetime import UTC, datetime
from typing import Protocol

MS_PER_UNIT = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000, "y": 31_536_000_000}
_DURATION = re.compile(
    r"(?:(\d{1,18})y)?(?:(\d{1,18})w)?(?:(\d{1,18})d)?(?:(\d{1,18})h)?(?:(\d{1,18})m)?(?:(\d{1,18})s)?(?:(\d{1,18})ms)?"
)
_UNITS = ("y", "w", "d", "h", "m", "s", "ms")
DURATION_MS_MAX = 2**63 // 1_000_000
_RFC3339 = re.compile(r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:([Zz])|([+-])(\d\d):(\d\d))")


class Clock(Protocol):
    """Where the present comes from; tests pass their own."""

    def now_ms(self) -> int:
        """Unix time in ms; may jump when the machine's clock is set."""
        ...

    def monotonic_s(self) -> float: ...


class SystemClock:
    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic_s(self) -> float:
        return time.monotonic()


def parse_duration_ms(text: str) -> int:
    """`1h30m` -> 5_400_000. Raises ValueError with Prometheus's words."""
    if text == "0":
        return 0
    if text == "":
        raise ValueError("empty duration string")
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError(f'not a valid duration string: "{text}"')
    total = sum(int(count) * MS_PER_UNIT[unit] for count, unit in zip(found.groups(), _UNITS, strict=True) if count)
    if total > DURATION_MS_MAX:
        raise ValueError("duration out of range")
    return total


def format_duration_ms(ms: int) -> str:
    """5_400_000 -> `1h30m`; 0 -> `0s`. The shortest form that `parse_duration_ms` reads back."""
    if ms == 0:
        return "0s"
    sign, rest, parts = ("-", -ms, []) if ms < 0 else ("", ms, [])
    for unit in _UNITS:
        size = MS_PER_UNIT[unit]
        # As Prometheus prints: years, weeks and days only when nothing smaller is left over for them to hide.
        if unit in ("y", "w") and rest % size:
            continue
        if count := rest // size:
            parts.append(f"{count}{unit}")
            rest -= count * size
    return sign + "".join(parts)


def parse_timestamp_ms(text: str) -> int:
    """Float seconds or RFC3339 -> ms, fraction rounded. Raises ValueError with Prometheus's words."""
    try:
        seconds = float(text) if "_" not in text else math.nan
    except ValueError:
        return _rfc3339_ms(text)
    if not math.isfinite(seconds) or abs(seconds) > 9.2e15:
        raise ValueError(f'cannot parse "{text}" to a valid timestamp')
    return round(seconds * 1000)


def _rfc3339_ms(text: str) -> int:
    found = _RFC3339.fullmatch(text)
    if found is None:
        raise ValueError(f'cannot parse "{text}" to a valid timestamp')
    *date, fraction, _zulu, sign, hours, minutes = found.groups()
    try:
        base = datetime(*(int(part) for part in date), tzinfo=UTC)  # type: ignore[misc, arg-type]
    except ValueError as err:
        raise ValueError(f'cannot parse "{text}" to a valid timestamp') from err
    offset_s = (int(hours) * 3600 + int(minutes) * 60) * (-1 if sign == "-" else 1) if sign else 0
    millis = int((fraction or "0").ljust(9, "0")) // 1_000_000
    return (int(base.timestamp()) - offset_s) * 1000 + millis


def format_seconds(ms: int) -> str:
    """Milliseconds as Prometheus's JSON writes times: `1435781451` or `1435781451.781`, no exponent."""
    sign, whole, rest = ("-", *divmod(-ms, 1000)) if ms < 0 else ("", *divmod(ms, 1000))
    return f"{sign}{whole}.{rest:03d}" if rest else f"{sign}{whole}"
