"""sprig's dates, and Loki's. The clock and the zone that `date` and `toDate` mean are handed in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, tzinfo
from typing import Any

from hannun.gotemplate.errors import FunctionError
from hannun.gotemplate.functions.registry import Set, into
from hannun.gotemplate.go_numbers import INT64_MAX, format_duration, go_quote, parse_duration_ns
from hannun.gotemplate.go_time import ZERO, GoTime, load_location, parse_time
from hannun.gotemplate.go_time_parts import NS
from hannun.gotemplate.values import ANY, plain

DATES: Set = {}
named = into(DATES)
TIME = "time.Time"


def dates(now_ns: Callable[[], int], zone: tzinfo = UTC) -> Set:
    """All of them, for a clock and a zone."""
    clocked: Set = {}
    named_clocked = into(clocked)

    def moment(value: Any) -> GoTime:
        value = plain(value)
        if isinstance(value, GoTime):
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return GoTime(max(min(value, INT64_MAX // NS), -INT64_MAX // NS) * NS, zone)
        return GoTime(now_ns(), zone)

    @named_clocked("now")
    def now() -> GoTime:
        return GoTime(now_ns(), zone)

    @named_clocked("date", "string", ANY)
    def date(layout: str, at: Any) -> str:
        return GoTime(moment(at).ns, zone).format(layout)

    @named_clocked("dateInZone", "string", ANY, "string")
    def date_in_zone(layout: str, at: Any, name: str) -> str:
        return GoTime(moment(at).ns, _zone(name)).format(layout)

    @named_clocked("toDate", "string", "string")
    def to_date(layout: str, text: str) -> GoTime:
        return _parse_or_zero(layout, text, zone)

    @named_clocked("ago", ANY)
    def ago(at: Any) -> str:
        return format_duration((now_ns() - moment(at).ns) // NS * NS)

    clocked["htmlDate"] = clocked["date"]
    return {**DATES, **clocked}


@named("toDateInZone", "string", "string", "string")
def to_date_in_zone(layout: str, name: str, text: str) -> GoTime:
    return _parse_or_zero(layout, text, _zone(name))


@named("unixEpoch", TIME)
def unix_epoch(at: GoTime) -> str:
    return str(at.ns // NS)


@named("unixEpochMillis", TIME)
def unix_epoch_millis(at: GoTime) -> str:
    return str(at.ns // 1_000_000)


@named("unixEpochNanos", TIME)
def unix_epoch_nanos(at: GoTime) -> str:
    return str(at.ns)


_SCALE_BY_LENGTH = {5: 86_400 * NS, 10: NS, 13: 1_000_000, 16: 1_000, 19: 1}


@named("unixToTime", "string")
def unix_to_time(text: str) -> GoTime:
    """Days, seconds, milli-, micro- or nanoseconds, by the number of digits."""
    digits = text[1:] if text[:1] in ("+", "-") else text
    if not (digits.isascii() and digits.isdigit()):
        words = f"strconv.ParseInt: parsing {go_quote(text)}: invalid syntax"
        raise FunctionError(f"unable to parse time '{text}': {words}")
    scale = _SCALE_BY_LENGTH.get(len(text))
    if scale is None:
        raise FunctionError(f"unable to parse time '{text}': %!w(<nil>)")
    return GoTime(int(text) * scale)


@named("dateModify", "string", TIME)
def date_modify(by: str, at: GoTime) -> GoTime:
    try:
        return GoTime(at.ns + parse_duration_ns(by), at.zone)
    except ValueError:
        return at


DATES["date_modify"] = DATES["dateModify"]


@named("durationRound", ANY)
def duration_round(value: Any) -> str:
    """The largest unit alone: `1h2m3s` -> `1h`."""
    value = plain(value)
    try:
        ns = abs(parse_duration_ns(value)) if isinstance(value, str) else abs(int(value))
    except (TypeError, ValueError):
        return "0s"
    day = 86_400 * NS
    for unit, size in (("y", 365 * day), ("mo", 30 * day), ("d", day), ("h", 3600 * NS), ("m", 60 * NS), ("s", NS)):
        if ns >= size:
            return f"{ns // size}{unit}"
    return "0s"


def _zone(name: str) -> tzinfo:
    try:
        return load_location(name)
    except ValueError:
        return UTC


def _parse_or_zero(layout: str, text: str, zone: tzinfo) -> GoTime:
    """Go's own callers throw the error away and go on with the zero time."""
    try:
        return parse_time(layout, text, zone)
    except ValueError:
        return ZERO
