"""Compiled: names, numbers and values of OTLP as text, as spans of the body where they stand in it.

`text` is the body with room behind it; what has to be written is written there. The functions check the room that they
need, or say who must have.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hannun.wire.compiled import compiled
from hannun.wire.remote_write.scan import OK, _tag

MORE_TEXT, UNUSUAL, ODD = 54, 55, 56
"""No room left; nothing for compiled code; a value that is written elsewhere."""
NAMES = (
    b"observed_timestamp", b"severity_number", b"severity_text", b"dropped_attributes_count", b"flags", b"trace_id",
    b"span_id", b"event_name", b"true", b"false",
)  # fmt: skip
"""Stand behind the body, before all that is written."""
STATIC = np.frombuffer(b"".join(NAMES), dtype=np.uint8)
_AT = np.cumsum([0, *map(len, NAMES)])
AT_OBSERVED, AT_NUMBER, AT_TEXT, AT_DROPPED, AT_FLAGS, AT_TRACE, AT_SPAN, AT_EVENT, AT_TRUE, AT_FALSE = range(
    len(NAMES)
)
NUMBER_ROOM = 24
_U = np.uint64
_NS_MAX = np.uint64((1 << 63) - 1)
_KEPT = np.array([byte == 0x5F or (byte < 0x80 and chr(byte).isalnum()) for byte in range(256)], dtype=np.bool_)
_HEX = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)


@compiled
def digits(text: Any, number: Any, out: Any) -> Any:
    """The position behind the decimal number that is written at `out`."""
    count = 1
    rest = number // _U(10)
    while rest > _U(0):
        count += 1
        rest //= _U(10)
    for position in range(count):
        text[_U(out + count - 1 - position)] = np.uint8(number % _U(10)) + np.uint8(0x30)
        number //= _U(10)
    return out + count


@compiled
def name(text: Any, start: Any, end: Any, out: Any) -> Any:
    """(status, start, end, next free place) of a name made a label's name, in place where nothing changes."""
    same = True
    for at in range(start, end):
        byte = text[_U(at)]
        if not _KEPT[_U(byte)]:
            if byte >= 0x80:
                return UNUSUAL, start, end, out
            same = False
    digit = end > start and text[_U(start)] <= 0x39 and text[_U(start)] >= 0x30
    if same and not digit:
        return OK, start, end, out
    if len(text) - out < end - start + 4:
        return MORE_TEXT, start, end, out
    first = out
    if digit:
        text[_U(out)] = 0x6B  # key_
        text[_U(out + 1)] = 0x65
        text[_U(out + 2)] = 0x79
        text[_U(out + 3)] = 0x5F
        out += 4
    for at in range(start, end):
        byte = text[_U(at)]
        text[_U(out)] = byte if _KEPT[_U(byte)] else np.uint8(0x5F)
        out += 1
    return OK, first, out, out


@compiled
def value_text(text: Any, at: Any, end: Any, out: Any, static: Any) -> Any:
    """(status, start, end, next free place) of an AnyValue as text; ODD for those that are not written here."""
    if at == end:
        return OK, at, at, out
    status, number, wire, start, stop, value = _tag(text, at, end)
    if status != OK:
        return status, at, at, out
    if stop != end:
        return UNUSUAL, at, at, out
    if number == 1 and wire == 2:
        return OK, start, stop, out
    if number == 3 and wire == 0:
        if len(text) - out < NUMBER_ROOM:
            return MORE_TEXT, at, at, out
        first = out
        if value > _NS_MAX:
            text[_U(out)] = 0x2D
            out += 1
            value = ~value + _U(1)
        out = digits(text, value, out)
        return OK, first, out, out
    if number == 2 and wire == 0:
        which = AT_TRUE if value != _U(0) else AT_FALSE
        return OK, static + _AT[which], static + _AT[which + 1], out
    if (number == 5 or number == 6 or number == 7) and wire == 2:
        return ODD, np.int64(number), at, out
    if number == 4 and wire == 1:
        return ODD, np.int64(number), at, out
    return UNUSUAL, at, at, out


@compiled
def put(static: Any, which: Any, start: Any, end: Any, pairs: Any, told: Any) -> Any:
    pairs[told, 0] = static + _AT[which]
    pairs[told, 1] = static + _AT[which + 1]
    pairs[told, 2] = start
    pairs[told, 3] = end
    return told + 1


@compiled
def some(text: Any, start: Any, end: Any) -> Any:
    """Whether any byte is not zero."""
    found = False
    for at in range(start, end):
        found |= text[_U(at)] != 0
    return found


@compiled
def hex_text(text: Any, start: Any, end: Any, out: Any) -> Any:
    for at in range(start, end):
        byte = text[_U(at)]
        text[_U(out)] = _HEX[_U(byte >> 4)]
        text[_U(out + 1)] = _HEX[_U(byte & 15)]
        out += 2
    return out
