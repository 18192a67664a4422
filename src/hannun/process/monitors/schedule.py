"""When a job should begin next, by a crontab or an interval, on the clock of the place where it runs.

Crontabs are those of cron(5): five fields with lists, ranges, steps and names, and `@hourly` and its like. When both
days are restricted, either of them is enough. A time that a clock skips in spring is the moment after the gap, one
that it shows twice in autumn is the first of the two.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from hannun.model.sentry_items import Crontab, MonitorConfig

DAYS_LOOKED_AHEAD = 8 * 366 + 31
"""The 29th of February may be eight years away."""
_NICKNAMES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_PART = re.compile(r"(\*|\?|[0-9a-z]+)(?:-([0-9a-z]+))?(?:/([0-9]+))?")
_LAST_MS = 253_000_000_000_000


@dataclass(frozen=True, slots=True)
class Cron:
    """The values that each field allows. `any_day`, `any_weekday`: the field is `*`."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    any_day: bool
    any_weekday: bool

    def has(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        of_month, of_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        if self.any_day or self.any_weekday:
            return of_month and of_week
        return of_month or of_week


def next_due(config: MonitorConfig, after_ms: int) -> int | None:
    """The first moment after `after_ms` when the job should begin; None when the schedule cannot be read."""
    if not 0 <= after_ms < _LAST_MS:
        return None
    zone = zone_of(config.timezone)
    schedule = config.schedule
    try:
        if isinstance(schedule, Crontab):
            cron = parse(schedule.expression)
            return None if cron is None else _next_of_cron(cron, zone, after_ms)
        begin = datetime.fromtimestamp(after_ms / 1000, zone)
        match schedule.unit:
            case "minute":
                return after_ms + schedule.value * 60_000
            case "hour":
                return after_ms + schedule.value * 3_600_000
            case "day":
                return _ms(begin.replace(tzinfo=None) + timedelta(days=schedule.value), zone)
            case "week":
                return _ms(begin.replace(tzinfo=None) + timedelta(weeks=schedule.value), zone)
            case "month":
                return _ms(_months_later(begin, schedule.value), zone)
            case "year":
                return _ms(_months_later(begin, 12 * schedule.value), zone)
    except (OverflowError, ValueError):
        return None  # Beyond the years that a calendar has.


@lru_cache(maxsize=1_024)
def parse(expression: str) -> Cron | None:
    """None for what is no crontab."""
    text = expression.strip().lower()
    fields = _NICKNAMES.get(text, text).split()
    if len(fields) != len(_BOUNDS):
        return None
    read = [_field(field, number) for number, field in enumerate(fields)]
    if any(values is None for values in read):
        return None
    minutes, hours, days, months, weekdays = (values or frozenset() for values in read)
    return Cron(
        tuple(sorted(minutes)),
        tuple(sorted(hours)),
        days,
        months,
        frozenset(day % 7 for day in weekdays),
        fields[2][0] in "*?",
        fields[4][0] in "*?",
    )


def zone_of(name: str) -> tzinfo:
    """UTC for a name that is not in the tz database."""
    # A name from outside becomes a path: ZoneInfo refuses those that lead out of its folders, as ValueError.
    try:
        return ZoneInfo(name) if name else UTC
    except (ValueError, OSError, LookupError):
        return UTC


def _field(text: str, number: int) -> frozenset[int] | None:
    low, high = _BOUNDS[number]
    found: set[int] = set()
    for part in text.split(","):
        matched = _PART.fullmatch(part)
        if matched is None:
            return None
        first, last, step = matched.groups()
        if first in "*?":
            if last is not None:
                return None
            begin, end = low, high
        else:
            named, until = _value(first, number), None if last is None else _value(last, number)
            if named is None or (last is not None and until is None):
                return None
            begin = named
            end = until if until is not None else high if step else named
        every = int(step) if step and len(step) < 4 else 1 if not step else 0
        if not low <= begin <= end <= high or every < 1:
            return None
        found.update(range(begin, end + 1, every))
    return frozenset(found)


def _value(text: str, number: int) -> int | None:
    if text.isdecimal() and len(text) < 4:
        return int(text)
    names = _MONTHS if number == 3 else _DAYS if number == 4 else ()
    return names.index(text[:3]) + (number == 3) if text[:3] in names else None


def _next_of_cron(cron: Cron, zone: tzinfo, after_ms: int) -> int | None:
    # An hour back: in autumn a wall clock shows an hour again.
    local = datetime.fromtimestamp(after_ms / 1000, zone) - timedelta(hours=1)
    for day in _days(cron, local.date()):
        for hour in cron.hours:
            for minute in cron.minutes:
                at_ms = _ms(datetime(day.year, day.month, day.day, hour, minute), zone)
                if at_ms > after_ms:
                    return at_ms
    return None


def _days(cron: Cron, first: date) -> Iterator[date]:
    for count in range(DAYS_LOOKED_AHEAD):
        day = first + timedelta(days=count)
        if cron.has(day):
            yield day


def _months_later(begin: datetime, months: int) -> datetime:
    """The last day of the month when it has no such day."""
    year, month = divmod(begin.year * 12 + begin.month - 1 + months, 12)
    plain = begin.replace(tzinfo=None)
    for day in range(begin.day, 27, -1):
        try:
            return plain.replace(year=year, month=month + 1, day=day)
        except ValueError:
            continue
    return plain.replace(year=year, month=month + 1)


def _ms(local: datetime, zone: tzinfo) -> int:
    return round(local.replace(tzinfo=zone).timestamp() * 1000)
