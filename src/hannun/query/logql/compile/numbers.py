"""Numbers, durations and sizes that labels say, read as Go reads them, where they are written plainly."""

from __future__ import annotations

from dataclasses import dataclass

from hannun.query.logql.compile.building import Building
from hannun.query.logql.compile.sure import NEVER, Text, all_of, any_of
from hannun.query.logql.syntax import Conversion

_PLAIN = r"^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?$"
# One unit, no part of a nanosecond, and no more digits than a double holds exactly.
_DURATION = r"^[0-9]{1,6}(?:(?:\.[0-9]{1,6})?(?:ms|s|m|h)|(?:\.[0-9]{1,3})?(?:us|µs)|ns)$"
_DURATION_UNITS = {"ns": 1, "us": 10**3, "µs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
_SIZE = r"^[0-9]{1,15} ?[bB]?$"


@dataclass(frozen=True, slots=True)
class Number:
    """`sql` is NULL where the text is no plain number, which then is unsure unless it is empty."""

    text: str
    sql: str
    unsure: str


def plain_number(build: Building, text: Text) -> Number:
    return _number(build, text, _PLAIN, f"toFloat64OrNull({text.sql})")


def duration_number(build: Building, text: Text) -> Number:
    """Whole nanoseconds."""
    digits = f"toFloat64OrNull(extract({text.sql}, '^[0-9.]+'))"
    unit = f"extract({text.sql}, '[^0-9.]+$')"
    units, factors = build.texts(list(_DURATION_UNITS)), ", ".join(f"{each}." for each in _DURATION_UNITS.values())
    ns = f"accurateCastOrNull(round({digits} * transform({unit}, {units}, [{factors}], 0.)), 'Int64')"
    return _number(build, text, _DURATION, ns)


def bytes_number(build: Building, text: Text) -> Number:
    return _number(build, text, _SIZE, f"toFloat64OrNull(extract({text.sql}, '^[0-9]+'))")


def unwrapped(build: Building, text: Text, conversion: Conversion) -> Number:
    """The value of a sample: a plain number, bytes, or seconds."""
    match conversion:
        case "":
            return plain_number(build, text)
        case "bytes":
            return bytes_number(build, text)
        case "duration" | "duration_seconds":
            found = duration_number(build, text)
            return Number(found.text, f"{found.sql} / 1e9", found.unsure)


def _number(build: Building, text: Text, pattern: str, sql: str) -> Number:
    plain = build.name(f"match({text.sql}, {build.text(pattern)})", "plain")
    number = build.name(f"if({plain}, {sql}, NULL)", "number")
    empty = NEVER if text.empty_there == NEVER else all_of((f"empty({text.sql})", text.empty_there))
    no_number = f"(notEmpty({text.sql}) AND isNull({number}))"
    return Number(text.sql, number, any_of((text.unsure, empty, no_number)))
