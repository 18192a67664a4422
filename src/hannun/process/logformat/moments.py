"""Times at the beginning of log lines -> nanoseconds. Times without a zone are this machine's, as programs write them.

The same second comes a thousand times in a row, so the calendar is asked once per second and the fraction is added.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache

NS = 1_000_000_000
_MONTHS = {
    name: index
    for index, name in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1
    )
}
_ISO = re.compile(
    r"([0-9]{4})[-/]([0-9]{2})[-/]([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})"
    r"(?:[.,]([0-9]{1,9}))?(?: ?(Z|z|UTC|GMT|[+-][0-9]{2}:?[0-9]{2})(?![0-9A-Za-z]))?"
)
_EARLIEST_NS = 946_684_800 * NS
"""The year 2000: what is older is a counter or a mistake."""
AHEAD_NS = 86_400 * NS


def iso(text: str, at: int, zone: tzinfo | None) -> tuple[int, int] | None:
    """`2006-01-02T15:04:05.999Z`, `2006/01/02 15:04:05,999`, … at `at`: (ns, where it ends)."""
    found = _ISO.match(text, at)
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, offset = found.groups()
    seconds = epoch(int(year), int(month), int(day), int(hour), int(minute), int(second), offset or "", zone)
    if seconds is None:
        return None
    return seconds * NS + nanos(fraction), found.end()


def nanos(fraction: str | None) -> int:
    return int(fraction.ljust(9, "0")) if fraction else 0


def month_of(name: str) -> int:
    """0 for what is no month."""
    return _MONTHS.get(name.lower(), 0)


@lru_cache(maxsize=4096)
def epoch(
    year: int, month: int, day: int, hour: int, minute: int, second: int, offset: str, zone: tzinfo | None
) -> int | None:
    """Seconds since 1970; `offset` as written ("" means `zone`, and None this machine's). None: no such time."""
    try:
        # A leap second is counted as the second before it.
        at = datetime(year, month, day, hour, minute, min(second, 59) if second == 60 else second)
        if offset:
            return int(at.replace(tzinfo=_offset(offset)).timestamp())
        return int(at.timestamp() if zone is None else at.replace(tzinfo=zone).timestamp())
    except (ValueError, OverflowError, OSError):
        return None


def yearless(month: int, day: int, clock: tuple[int, int, int], now_ns: int, zone: tzinfo | None) -> int | None:
    """Seconds of a time whose year is not written: this year's, or last year's when that lies ahead."""
    year = datetime.fromtimestamp(now_ns // NS, UTC).year
    for candidate in (year + 1, year, year - 1):
        seconds = epoch(candidate, month, day, *clock, "", zone)
        if seconds is not None and seconds * NS <= now_ns + AHEAD_NS:
            return seconds
    return None


def of_number(value: float | int, now_ns: int) -> int | None:
    """Seconds, milli-, micro- or nanoseconds since 1970, by size. None for what is no time of these years."""
    for scale in (NS, 1_000_000, 1_000, 1):
        try:
            ns = int(value * scale) if isinstance(value, int) else round(value * scale)
        except (OverflowError, ValueError):
            return None
        if is_sane(ns, now_ns):
            return ns
    return None


def is_sane(ns: int, now_ns: int) -> bool:
    """Whether a line could have been written then."""
    return _EARLIEST_NS <= ns <= now_ns + AHEAD_NS


def of_text(text: str, now_ns: int, zone: tzinfo | None) -> int | None:
    """The value of a time field: a date, or a number in digits."""
    found = iso(text, 0, zone)
    if found is not None:
        return found[0] if found[1] == len(text) else None
    if len(text) > 24 or not text[:1].isdigit():
        return None
    try:
        return of_number(int(text) if text.isdigit() else float(text), now_ns)
    except ValueError:
        return None


def _offset(text: str) -> tzinfo:
    if text[0] not in "+-":
        return UTC
    digits = text[1:].replace(":", "")
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))
