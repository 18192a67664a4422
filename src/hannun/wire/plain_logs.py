"""Plain lines and NDJSON -> columns: what `curl --data-binary @file` sends.

A line keeps its bytes. Only its time is read: the usual time fields of a JSON object, or a date at the beginning; a
time without a zone is in the zone of the caller's choice. A line without a time is of now, or of the line before it,
so that a traceback stays behind what it belongs to.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import Any

import numpy as np
import orjson

from hannun.wire.loki.columns import NS_MAX, Pairs, PushColumns, clamped, stream_key
from hannun.wire.loki.limits import PushLimits

NS = 1_000_000_000
TIME_FIELDS = ("@timestamp", "timestamp", "time", "ts", "_time", "datetime", "date")
JSON_LINE_MAX = 256 << 10
"""A longer object is not read for its time."""
ARRAY_BYTES_MAX = 4 << 20
"""A list of objects is read in one go that holds the interpreter; lines are read one by one."""
SECONDS_KEPT = 1_024
_DATE = re.compile(
    rb"\s*[\[(]?(\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d)(?:[.,](\d{1,9})\d*)?"
    rb"[ ]?(?:(Z)|([+-])(\d\d):?(\d\d))?(?![\d:])"
)
_ACCESS = re.compile(rb"[^\[\]]{0,200}\[(\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d) ([+-])(\d\d)(\d\d)\]")
_MONTHS = {name: number for number, name in enumerate(b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)}


def decode(
    body: bytes, labels: Pairs, *, now_ns: int, zone: tzinfo = UTC, limits: PushLimits | None = None
) -> PushColumns:
    """Raises TooLarge for more lines than one request may bring."""
    lines = _lines(body)
    (limits or PushLimits()).check_lines(len(lines))
    moments: list[int] = []
    last = 0
    for line in lines:
        found = moment(line, zone)
        # Lines without any time get one each, so that they stay in their order.
        last = found if found is not None else last + 1 if last else now_ns
        moments.append(last)
    ends = np.cumsum([len(line) for line in lines], dtype=np.int64)
    return PushColumns(
        text=np.frombuffer(bytearray().join(lines), dtype=np.uint8),
        keys=np.frombuffer(stream_key(labels, b"plain"), dtype=np.uint64).reshape(1, 2),
        counts=np.array([len(lines)], dtype=np.int64),
        ts_ns=np.array(moments if not moments or max(moments) <= NS_MAX else [*map(clamped, moments)], dtype=np.int64),
        lines=np.column_stack((ends - np.diff(ends, prepend=0), ends)),
        pairs_of=lambda _index: labels,
    )


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
        return _ns(found, zone)
    if found := _ACCESS.match(line):
        date, sign, hours, minutes = found.groups()
        seconds = _accessed(date)
        return None if seconds is None else (seconds - _offset(sign, hours, minutes)) * NS
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
            return _ns(found, zone)
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


def _ns(found: re.Match[bytes], zone: tzinfo) -> int | None:
    date, fraction, zulu, sign, hours, minutes = found.groups()
    seconds = _dated(date, UTC if zulu or sign else zone)
    if seconds is None:
        return None
    if sign:
        seconds -= _offset(sign, hours, minutes)
    return seconds * NS + (int(fraction.ljust(9, b"0")) if fraction else 0)


def _offset(sign: bytes, hours: bytes, minutes: bytes) -> int:
    """Seconds east of Greenwich."""
    return (int(hours) * 3600 + int(minutes) * 60) * (-1 if sign == b"-" else 1)


@lru_cache(maxsize=SECONDS_KEPT)
def _dated(date: bytes, zone: tzinfo) -> int | None:
    """Seconds since 1970 of `2026-11-20 14:02:31`. Lines of one second follow each other: most are found."""
    day = (int(date[:4]), int(date[5:7]), int(date[8:10]))
    return _seconds(day, (int(date[11:13]), int(date[14:16]), int(date[17:19])), zone)


@lru_cache(maxsize=SECONDS_KEPT)
def _accessed(date: bytes) -> int | None:
    """Seconds since 1970 of `20/Nov/2026:14:02:31`."""
    if (month := _MONTHS.get(date[3:6])) is None:
        return None
    day = (int(date[7:11]), month, int(date[:2]))
    return _seconds(day, (int(date[12:14]), int(date[15:17]), int(date[18:20])), UTC)


def _seconds(day: tuple[int, int, int], time: tuple[int, int, int], zone: tzinfo) -> int | None:
    hour, minute, second = time
    try:
        # A leap second is the one behind the last of its minute.
        return int(datetime(*day, hour, minute, min(second, 59), tzinfo=zone).timestamp()) + max(second - 59, 0)
    except (ValueError, OverflowError):
        return None
