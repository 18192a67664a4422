"""Plain lines and NDJSON -> columns: what `curl --data-binary @file` sends.

A line keeps its bytes. Only its time is read: the usual time fields of a JSON object, or a date at the beginning; a
time without a zone is in the zone of the caller's choice. A line without a time is of now, or of the line before it,
so that a traceback stays behind what it belongs to.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo
from typing import Any

import orjson

from hannun.wire.loki.columns import ColumnsBuilder, Pairs, PushColumns
from hannun.wire.loki.limits import PushLimits

NS = 1_000_000_000
TIME_FIELDS = ("@timestamp", "timestamp", "time", "ts", "_time", "datetime", "date")
JSON_LINE_MAX = 256 << 10
"""A longer object is not read for its time."""
ARRAY_BYTES_MAX = 4 << 20
"""A list of objects is read in one go that holds the interpreter; lines are read one by one."""
_DATE = re.compile(
    rb"\s*[\[(]?(\d{4})[-/](\d\d)[-/](\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9})\d*)?"
    rb"[ ]?(?:(Z)|([+-])(\d\d):?(\d\d))?(?![\d:])"
)
_ACCESS = re.compile(rb"[^\[\]]{0,200}\[(\d\d)/([A-Z][a-z]{2})/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)\]")
_MONTHS = {name: number for number, name in enumerate(b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)}


def decode(
    body: bytes, labels: Pairs, *, now_ns: int, zone: tzinfo = UTC, limits: PushLimits | None = None
) -> PushColumns:
    """Raises TooLarge for more lines than one request may bring."""
    most = limits or PushLimits()
    built = ColumnsBuilder(b"plain")
    built.stream(labels)
    last = 0
    for line in _lines(body):
        most.check_lines(len(built) + 1)
        found = moment(line, zone)
        # Lines without any time get one each, so that they stay in their order.
        last = found if found is not None else last + 1 if last else now_ns
        built.line(last, line)
    return built.columns()


def _lines(body: bytes) -> list[bytes]:
    if body.lstrip()[:1] == b"[" and body.rstrip()[-1:] == b"]" and len(body) <= ARRAY_BYTES_MAX:
        try:
            found = orjson.loads(body)
            return [one.encode("utf-8", "replace") if isinstance(one, str) else orjson.dumps(one) for one in found]
        except (orjson.JSONDecodeError, orjson.JSONEncodeError):
            pass  # Lines of text in brackets, or nested deeper than anybody writes.
    return [line.removesuffix(b"\r") for line in body.split(b"\n") if line.strip()]


def moment(line: bytes, zone: tzinfo = UTC) -> int | None:
    """Nanoseconds since 1970, or None where the line says no time."""
    head = line[:1]
    if head == b"{":
        return _of_object(line, zone) if len(line) <= JSON_LINE_MAX else None
    if found := _DATE.match(line):
        year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
        return _ns((year, month, day, hour, minute, second), found[7], found.groups()[7:], zone)
    if found := _ACCESS.match(line):
        if (named := _MONTHS.get(found[2])) is None:
            return None
        date = (int(found[3]), named, int(found[1]), int(found[4]), int(found[5]), int(found[6]))
        return _ns(date, None, (None, *found.groups()[6:]), zone)
    return None


def _of_object(line: bytes, zone: tzinfo) -> int | None:
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    for name in TIME_FIELDS:
        if (value := found.get(name)) is not None:
            return of_value(value, zone)
    return None


def of_value(value: Any, zone: tzinfo = UTC) -> int | None:
    """The time in a field: a text with a date, or seconds, ms, µs or ns since 1970 by their size."""
    if isinstance(value, str):
        raw = value.encode("utf-8", "replace")
        found = _DATE.fullmatch(raw.strip())
        if found is not None:
            date = tuple(int(part) for part in found.groups()[:6])
            return _ns(date, found[7], found.groups()[7:], zone)
        try:
            value = float(value) if "." in value else int(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e19:
        return None
    for most, factor in ((1e11, NS), (1e14, 1_000_000), (1e17, 1_000)):
        if value < most:
            # A float of seconds is exact to a microsecond; its digits beyond are noise.
            return value * factor if isinstance(value, int) else round(value * (factor / 1_000)) * 1_000
    return int(value)


def _ns(date: tuple[int, ...], fraction: bytes | None, offset: tuple[bytes | None, ...], zone: tzinfo) -> int | None:
    zulu, sign, hours, minutes = offset
    year, month, day, hour, minute, second = date
    try:
        moment = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC if zulu or sign else zone)
        seconds = int(moment.timestamp()) + max(second - 59, 0)
    except (ValueError, OverflowError):
        return None
    if sign and hours and minutes:
        seconds -= (int(hours) * 3600 + int(minutes) * 60) * (-1 if sign == b"-" else 1)
    return seconds * NS + int((fraction or b"0").ljust(9, b"0"))
