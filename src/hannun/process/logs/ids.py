"""Keys and values of trace and span ids, as tracers and loggers write them beside a line.

A key is compared without regard to case and to `_`, `.` and `-`: `trace_id`, `traceId`, `trace.id`, `otelTraceID`.
Ids are hex, 16 or 32 digits for a trace and 16 for a span; under Datadog's keys decimals of 64 bits, too, which become
hex here because everything else that names the trace writes it so. Zeros are no id.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hannun.model.log import TextColumn
from hannun.process.logs.compiled import byte_at, compiled, hex_value, is_digit

NO_ID, TRACE_ID, SPAN_ID, PARENT, DATADOG_TRACE, DATADOG_SPAN = range(6)
KEYS = {
    b"traceid": TRACE_ID,
    b"oteltraceid": TRACE_ID,
    b"xb3traceid": TRACE_ID,
    b"spanid": SPAN_ID,
    b"otelspanid": SPAN_ID,
    b"xb3spanid": SPAN_ID,
    b"traceparent": PARENT,
    b"ddtraceid": DATADOG_TRACE,
    b"ddspanid": DATADOG_SPAN,
}
KEY_MAX = 16
DECIMAL = 1 << 8
"""Added to the length of an id that is a decimal number."""
U64_MAX = (1 << 64) - 1


def kind_of(key: bytes) -> int:
    """What stands under this key; NO_ID for most."""
    return KEYS.get(_IGNORED.sub(b"", key).lower(), NO_ID) if len(key) <= KEY_MAX else NO_ID


def read(kind: int, value: bytes) -> tuple[str, str]:
    """(trace id, span id), lower hex or "", that a value under a key of `kind` says."""
    if kind == PARENT:
        found = _PARENT.match(value)
        return (_hex(found[1], 32), _hex(found[2], 16)) if found else ("", "")
    if kind == TRACE_ID:
        digits = value.removeprefix(b"0x")
        return _hex(digits, 32) or _hex(digits, 16), ""
    if kind == SPAN_ID:
        return "", _hex(value.removeprefix(b"0x"), 16)
    if kind == DATADOG_TRACE:
        return _hex(value.removeprefix(b"0x"), 32) or _decimal(value), ""
    return "", _decimal(value) if kind == DATADOG_SPAN else ""


_IGNORED = re.compile(rb"[_.-]")
# Later versions may append more behind the flags.
_PARENT = re.compile(rb"[0-9a-fA-F]{2}-(.{32})-(.{16})-..", re.DOTALL)
_HEX = re.compile(rb"[0-9a-fA-F]+")
_DECIMAL_TEXT = re.compile(rb"[0-9]{1,20}")


def _hex(digits: bytes, length: int) -> str:
    fits = len(digits) == length and _HEX.fullmatch(digits) and digits.strip(b"0")
    return digits.decode("ascii").lower() if fits else ""


def _decimal(digits: bytes) -> str:
    fits = _DECIMAL_TEXT.fullmatch(digits) and 0 < int(digits) <= U64_MAX
    return f"{int(digits):016x}" if fits else ""


_LOW = np.array([int.from_bytes(key[:8], "little") for key in KEYS], dtype=np.uint64)
_HIGH = np.array([int.from_bytes(key[8:], "little") for key in KEYS], dtype=np.uint64)
_KINDS = np.array(list(KEYS.values()), dtype=np.int64)
_KEY_MIN = min(map(len, KEYS))


@compiled
def kind_at(data: Any, at: Any, end: Any) -> Any:
    """`kind_of`, compiled."""
    if end - at < _KEY_MIN or end - at > KEY_MAX:
        return NO_ID
    low = high = np.uint64(0)
    count = 0
    for position in range(at, end):
        byte = byte_at(data, position)
        if byte == 0x5F or byte == 0x2E or byte == 0x2D:
            continue
        if byte >= 0x41 and byte <= 0x5A:
            byte |= 0x20
        if count < 8:
            low |= np.uint64(byte) << np.uint64(8 * count)
        else:
            high |= np.uint64(byte) << np.uint64(8 * (count - 8))
        count += 1
    for index in range(len(_KINDS)):
        if low == _LOW[index] and high == _HIGH[index]:
            return _KINDS[index]
    return NO_ID


@compiled
def _hex_run(data: Any, at: Any, end: Any, length: Any) -> Any:
    """Whether `data[at:end]` is `length` hex digits and not all zeros."""
    if end - at != length:
        return False
    some = False
    for position in range(at, end):
        value = hex_value(byte_at(data, position))
        if value < 0:
            return False
        some |= value > 0
    return some


@compiled
def _decimal_run(data: Any, at: Any, end: Any) -> Any:
    """Whether `data[at:end]` is a decimal number from 1 to 2^64 - 1 of at most 20 digits."""
    if end - at < 1 or end - at > 20:
        return False
    value = np.uint64(0)
    for position in range(at, end):
        if not is_digit(byte_at(data, position)):
            return False
        digit = np.uint64(byte_at(data, position) - 0x30)
        if value > (np.uint64(U64_MAX) - digit) // np.uint64(10):
            return False
        value = value * np.uint64(10) + digit
    return value > np.uint64(0)


@compiled
def note(data: Any, at: Any, end: Any, kind: Any, shift: Any, index: Any, traces: Any, spans: Any) -> None:
    """Note where an id lies, the first of a line only: `traces` and `spans` int64[n, 2] hold its start and length.

    `shift` is added to the position, so that a reader can tell two buffers apart.
    """
    if kind == PARENT:
        if (
            end - at < 55
            or byte_at(data, at + 2) != 0x2D
            or byte_at(data, at + 35) != 0x2D
            or byte_at(data, at + 52) != 0x2D
        ):
            return
        if hex_value(byte_at(data, at)) < 0 or hex_value(byte_at(data, at + 1)) < 0:
            return
        if traces[index, 1] == 0 and _hex_run(data, at + 3, at + 35, 32):
            traces[index, 0] = at + 3 + shift
            traces[index, 1] = 32
        if spans[index, 1] == 0 and _hex_run(data, at + 36, at + 52, 16):
            spans[index, 0] = at + 36 + shift
            spans[index, 1] = 16
        return
    decimal = _decimal_run(data, at, end) if kind in (DATADOG_TRACE, DATADOG_SPAN) else False
    start = at
    if end - at > 2 and byte_at(data, at) == 0x30 and byte_at(data, at + 1) == 0x78:
        start = at + 2
    if kind in (TRACE_ID, DATADOG_TRACE):
        if traces[index, 1] != 0:
            return
        if _hex_run(data, start, end, 32) or (kind == TRACE_ID and _hex_run(data, start, end, 16)):
            traces[index, 0] = start + shift
            traces[index, 1] = end - start
        elif decimal:
            traces[index, 0] = at + shift
            traces[index, 1] = end - at + DECIMAL
    elif spans[index, 1] == 0:
        if kind == SPAN_ID and _hex_run(data, start, end, 16):
            spans[index, 0] = start + shift
            spans[index, 1] = 16
        elif decimal:
            spans[index, 0] = at + shift
            spans[index, 1] = end - at + DECIMAL


def column(lines: NDArray[np.uint8], values: NDArray[np.uint8], found: NDArray[np.int64]) -> TextColumn | None:
    """The noted ids as lower hex; None when there are none. Positions beyond `lines` point into `values`."""
    offsets = np.zeros(len(found) + 1, dtype=np.int64)
    lengths = np.where(found[:, 1] >= DECIMAL, 16, found[:, 1])
    np.cumsum(lengths, out=offsets[1:])
    if not offsets[-1]:
        return None
    data = np.empty(int(offsets[-1]), dtype=np.uint8)
    _write(lines, values, found, offsets, data)
    return TextColumn(data, offsets)


@compiled
def _write(lines: Any, values: Any, found: Any, offsets: Any, data: Any) -> None:
    for index in range(len(found)):
        at = found[index, 0]
        length = found[index, 1]
        out = offsets[index]
        inside = at < len(lines)
        if not inside:
            at -= len(lines)
        if length >= DECIMAL:
            number = np.uint64(0)
            for position in range(length - DECIMAL):
                byte = byte_at(lines, at + position) if inside else byte_at(values, at + position)
                number = number * np.uint64(10) + np.uint64(byte - 0x30)
            for position in range(16):
                digit = number >> np.uint64(60 - 4 * position) & np.uint64(15)
                data[out + position] = digit + np.uint64(0x30) if digit < np.uint64(10) else digit + np.uint64(0x57)
            continue
        for position in range(length):
            byte = byte_at(lines, at + position) if inside else byte_at(values, at + position)
            data[out + position] = byte | 0x20 if byte >= 0x41 else byte
