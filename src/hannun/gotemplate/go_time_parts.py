"""What a text says of a time, part by part, before it is one."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from hannun.gotemplate.go_layout import LONG_MONTHS, SHORT_MONTHS, offset_name

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NS = 1_000_000_000


class OutOfRangeError(ValueError):
    """A part of a time that no clock or calendar has."""


class Parts:
    """What a text says of a time, before it is one."""

    def __init__(self, year: int) -> None:
        self.year = year
        self.month = 1
        self.day = 1
        self.day_of_year = 0
        self.hour = 0
        self.minute = 0
        self.second = 0
        self.nanos = 0
        self.afternoon: bool | None = None
        self.offset_s: int | None = None
        self.abbreviation = ""

    def moment(self, zone: tzinfo) -> tuple[int, tzinfo]:
        """Nanoseconds since 1970 and the zone. Raises OutOfRangeError or ValueError."""
        if not 1 <= self.month <= 12:
            raise OutOfRangeError("month out of range")
        for name, value, most in (("hour", self.hour, 23), ("minute", self.minute, 59), ("second", self.second, 59)):
            if value > most:
                raise OutOfRangeError(f"{name} out of range")
        hour = self.hour
        if self.afternoon is True and hour < 12:
            hour += 12
        elif self.afternoon is False and hour == 12:
            hour = 0
        if self.day_of_year:
            at = datetime(self.year, 1, 1) + timedelta(days=self.day_of_year - 1)
            if at.year != self.year:
                raise OutOfRangeError("day-of-year out of range")
            at = at.replace(hour=hour, minute=self.minute, second=self.second)
        else:
            at = datetime(self.year, self.month, self.day, hour, self.minute, self.second)
        zone = self._zone(at, zone)
        seconds = (at.replace(tzinfo=zone) - _EPOCH).total_seconds()
        return int(seconds) * NS + self.nanos, zone

    def _zone(self, at: datetime, zone: tzinfo) -> tzinfo:
        if self.offset_s is not None:
            if not self.offset_s and not self.abbreviation:
                return UTC
            return timezone(timedelta(seconds=self.offset_s), self.abbreviation or offset_name(self.offset_s))
        if not self.abbreviation or self.abbreviation == "UTC":
            return UTC if self.abbreviation else zone
        if at.replace(tzinfo=zone).tzname() == self.abbreviation:
            return zone
        # As Go does it: an abbreviation that the zone does not know is only a name, of no offset.
        offset = _gmt_offset(self.abbreviation)
        return timezone(timedelta(seconds=offset), self.abbreviation)


def _gmt_offset(name: str) -> int:
    found = re.fullmatch(r"(?:GMT)?([+-][0-9]{1,2})", name)
    if found is None or abs(int(found[1])) > 23:
        return 0
    return int(found[1]) * 3600


def _set_year(parts: Parts, value: str) -> None:
    if len(value) == 2:
        # Go's century: 69 to 99 are the last one.
        parts.year = int(value) + (1900 if int(value) >= 69 else 2000)
    else:
        parts.year = int(value)
        if parts.year == 0:
            raise ValueError("year out of range")


def _set_month(parts: Parts, value: str) -> None:
    if value.isdigit():
        parts.month = int(value)
    else:
        parts.month = LONG_MONTHS.get(value.lower()) or SHORT_MONTHS[value.lower()[:3]]


def _set_day(parts: Parts, value: str) -> None:
    parts.day = int(value)


def _set_day_of_year(parts: Parts, value: str) -> None:
    parts.day_of_year = int(value)
    if not 1 <= parts.day_of_year <= 366:
        raise ValueError("day-of-year out of range")


def _set_hour(parts: Parts, value: str) -> None:
    parts.hour = int(value)


def _set_minute(parts: Parts, value: str) -> None:
    parts.minute = int(value)


def _set_second(parts: Parts, value: str) -> None:
    parts.second = int(value)


def _set_fraction(parts: Parts, value: str) -> None:
    if value:
        parts.nanos = int(value[1:10].ljust(9, "0"))


def _set_half(parts: Parts, value: str) -> None:
    parts.afternoon = value.lower() == "pm"


def _set_offset(parts: Parts, value: str) -> None:
    if value == "Z":
        parts.offset_s = 0
        return
    digits = value[1:].replace(":", "").ljust(6, "0")
    hours, minutes, seconds = int(digits[:2]), int(digits[2:4]), int(digits[4:])
    if hours > 23 or minutes > 59 or seconds > 59:
        raise ValueError("time zone offset out of range")
    parts.offset_s = (hours * 3600 + minutes * 60 + seconds) * (-1 if value[0] == "-" else 1)


def _set_abbreviation(parts: Parts, value: str) -> None:
    parts.abbreviation = value


def _nothing(parts: Parts, value: str) -> None:
    """The name of a day says nothing that the date does not."""


READERS = {
    **dict.fromkeys(("2006", "06"), _set_year),
    **dict.fromkeys(("January", "Jan", "01", "1"), _set_month),
    **dict.fromkeys(("02", "2", "_2"), _set_day),
    **dict.fromkeys(("002", "__2"), _set_day_of_year),
    **dict.fromkeys(("15", "03", "3"), _set_hour),
    **dict.fromkeys(("04", "4"), _set_minute),
    **dict.fromkeys(("05", "5"), _set_second),
    **dict.fromkeys(("PM", "pm"), _set_half),
    **dict.fromkeys(("Monday", "Mon"), _nothing),
    **dict.fromkeys(
        [f"{sign}{form}" for sign in "-Z" for form in ("070000", "07:00:00", "0700", "07:00", "07")], _set_offset
    ),
    ".": _set_fraction,
    "MST": _set_abbreviation,
}
