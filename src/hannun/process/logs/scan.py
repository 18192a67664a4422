"""One compiled pass over each line: what severity it speaks of, and the ids of the trace that it belongs to.

A line that begins with `{` and ends with `}` is read as JSON, down to the members of its members; anything else is read
as text with `key=value` in it. Both are lenient: what is no JSON yields what was found until then. `plain.py` is the
meaning and a fuzz test holds both together; levels and ids have files of their own.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hannun.process.logs.compiled import (
    HIGHS,
    LOWER,
    ONES,
    byte_at,
    compiled,
    head,
    is_digit,
    is_word,
    word,
)
from hannun.process.logs.ids import (
    DATADOG_SPAN,
    DATADOG_TRACE,
    NO_ID,
    SPAN_ID,
    TRACE_ID,
    kind_at,
    note,
)
from hannun.process.logs.levels import (
    _SYSLOG,
    CRITICAL,
    DEBUG,
    ERROR,
    FATAL,
    INFO,
    NONE,
    TRACE,
    UNKNOWN,
    WARN,
    is_named,
    said_by,
)

KEY_MAX = 64
"""A longer key of `key=value` is none that we look for."""
_QUOTES, _SLASHES = ONES * np.uint64(0x22), ONES * np.uint64(0x5C)
_PLAIN, _TRACE, _SPAN, _DATADOG = 0, 1, 2, 3


def _packed(text: str) -> np.uint64:
    return np.uint64(int.from_bytes(text.encode(), "little"))


_TRACE_5, _DEBUG_5, _FATAL_5, _ERROR_5 = _packed("trace"), _packed("debug"), _packed("fatal"), _packed("error")
_ERR_3, _WARN_4, _INFO_4 = _packed("err"), _packed("warn"), _packed("info")
_WARNING_7, _CRITICAL_8 = _packed("warning"), _packed("critical")
_KEEP = np.array([(1 << 8 * width) - 1 for width in range(9)], dtype=np.uint64)


@compiled
def scan(
    data: Any, offsets: Any, keys: Any, key_offsets: Any, key_lengths: Any, severity: Any, traces: Any, spans: Any
) -> None:
    """Fill what is still open: `severity` uint8[n] where NONE, `traces` and `spans` int64[n, 2] where empty.

    `keys`, `key_offsets`, `key_lengths`: the names of level fields, lower-case (`levels.Names`).
    """
    for index in range(len(offsets) - 1):
        start = offsets[index]
        end = offsets[index + 1]
        while start < end and byte_at(data, start) <= 0x20:
            start += 1
        while end > start and byte_at(data, end - 1) <= 0x20:
            end -= 1
        if end == start:
            if severity[index] == NONE:
                severity[index] = np.uint8(UNKNOWN)
            continue
        if byte_at(data, start) == 0x7B and byte_at(data, end - 1) == 0x7D:
            found = _json(data, start, end, keys, key_offsets, key_lengths, severity[index], index, traces, spans)
            if severity[index] == NONE and found == NONE:
                found = _first_word(data, start, end)
        else:
            found = _text(data, start, end, keys, key_offsets, key_lengths, severity[index], index, traces, spans)
        if severity[index] == NONE:
            severity[index] = found if found != NONE else np.uint8(UNKNOWN)


@compiled
def _string_end(data: Any, at: Any, end: Any) -> Any:
    """The position of the quote that ends the string whose inside begins at `at`; `end` when there is none."""
    while at < end:
        while end - at >= 8:
            eight = word(data, at)
            quotes = eight ^ _QUOTES
            slashes = eight ^ _SLASHES
            # A byte that is zero now was a quote or a backslash; neighbours may be flagged too, never missed.
            if ((quotes - ONES) & ~quotes | (slashes - ONES) & ~slashes) & HIGHS:
                break
            at += 8
        byte = byte_at(data, at)
        if byte == 0x22:
            return at
        at += 2 if byte == 0x5C else 1
    return end


@compiled
def _json(
    data: Any, at: Any, end: Any, keys: Any, key_offsets: Any, key_lengths: Any, known: Any, index: Any,
    traces: Any, spans: Any,
) -> Any:  # fmt: skip
    """The severity of the first level field, those of the object itself before those of its members; or NONE."""
    deeper = np.uint8(NONE)
    depth = 0
    in_member = False  # the container at depth 2 is an object
    parent = _PLAIN
    wanted = known == NONE
    while at < end:
        byte = byte_at(data, at)
        at += 1
        if byte == 0x7B:
            depth += 1
            in_member = in_member or depth == 2
        elif byte == 0x5B:
            depth += 1
        elif byte == 0x7D or byte == 0x5D:
            depth -= 1
            if depth < 1:
                break
            if depth == 1:
                in_member = False
                parent = _PLAIN
        elif byte == 0x22:
            key_start = at
            key_end = _string_end(data, at, end)
            at = key_end + 1
            if depth > 2 or (depth == 2 and not in_member):
                continue
            value = at
            while value < end and byte_at(data, value) <= 0x20:
                value += 1
            if value >= end or byte_at(data, value) != 0x3A:
                continue
            value += 1
            while value < end and byte_at(data, value) <= 0x20:
                value += 1
            at = value
            if value >= end:
                break
            kind = kind_at(data, key_start, key_end)
            if depth == 2 and parent != _PLAIN:
                kind = _of_parent(data, key_start, key_end, parent, kind)
            is_level = wanted and is_named(data, key_start, key_end, keys, key_offsets, key_lengths)
            if depth == 1:
                parent = _parent(data, key_start, key_end)
            if kind == NO_ID and not is_level:
                continue
            value_end = value
            if byte_at(data, value) == 0x22:
                # The text is read again as what may be a key: only then is broken JSON what `plain` makes of it.
                value += 1
                value_end = _string_end(data, value, end)
            else:
                while value_end < end and is_digit(byte_at(data, value_end)):
                    value_end += 1
            if is_level:
                said = said_by(data, value, value_end)
                if said != NONE and depth == 1:
                    wanted = False
                    deeper = said
                elif deeper == NONE:
                    deeper = said
            if kind != NO_ID:
                note(data, value, value_end, kind, np.int64(0), index, traces, spans)
            if not wanted and traces[index, 1] and spans[index, 1]:
                break
    return deeper


@compiled
def _parent(data: Any, at: Any, end: Any) -> Any:
    """Whose members the object under this key has: ECS's `trace` and `span`, Datadog's `dd`."""
    length = end - at
    if length == 5 and head(data, at, end) == _TRACE_5:
        return _TRACE
    if length == 4 and head(data, at, end) == np.uint64(0x6E617073):
        return _SPAN
    if length == 2 and byte_at(data, at) == 0x64 and byte_at(data, at + 1) == 0x64:
        return _DATADOG
    return _PLAIN


@compiled
def _of_parent(data: Any, at: Any, end: Any, parent: Any, kind: Any) -> Any:
    """What a key means inside `trace`, `span` or `dd`."""
    if parent == _DATADOG:
        return DATADOG_TRACE if kind == TRACE_ID else DATADOG_SPAN if kind == SPAN_ID else kind
    if end - at == 2 and byte_at(data, at) == 0x69 and byte_at(data, at + 1) == 0x64:
        return TRACE_ID if parent == _TRACE else SPAN_ID
    return kind


@compiled
def _word_at(data: Any, at: Any, end: Any) -> Any:
    """(severity or NONE, its length) of the word that begins at `at`, among levels.IN_TEXT."""
    first = byte_at(data, at) | 0x20
    # t, d, f, c, e, w, i
    if not (
        first == 0x65 or first == 0x69 or first == 0x77 or first == 0x64 or first == 0x66 or first == 0x74
        or first == 0x63
    ):  # fmt: skip
        return np.uint8(NONE), 0
    raw = head(data, at, end)
    low = raw | LOWER
    found = np.uint8(NONE)
    length = 0
    if first == 0x65:
        if low & _KEEP[5] == _ERROR_5:
            found, length = np.uint8(ERROR), 5
        elif low & _KEEP[3] == _ERR_3:
            found, length = np.uint8(ERROR), 3
    elif first == 0x69:
        if low & _KEEP[4] == _INFO_4:
            found, length = np.uint8(INFO), 4
    elif first == 0x77:
        if low & _KEEP[7] == _WARNING_7:
            found, length = np.uint8(WARN), 7
        elif low & _KEEP[4] == _WARN_4:
            found, length = np.uint8(WARN), 4
    elif first == 0x64:
        if low & _KEEP[5] == _DEBUG_5:
            found, length = np.uint8(DEBUG), 5
    elif first == 0x66:
        if low & _KEEP[5] == _FATAL_5:
            found, length = np.uint8(FATAL), 5
    elif first == 0x74:
        if low & _KEEP[5] == _TRACE_5:
            found, length = np.uint8(TRACE), 5
    elif low == _CRITICAL_8:
        found, length = np.uint8(CRITICAL), 8
    if length == 0 or at + length > end or (at + length < end and is_word(byte_at(data, at + length))):
        return np.uint8(NONE), 0
    return found, length


@compiled
def _first_word(data: Any, at: Any, end: Any) -> Any:
    inside = False
    while at < end:
        if is_word(byte_at(data, at)):
            if not inside:
                found, _length = _word_at(data, at, end)
                if found != NONE:
                    return found
            inside = True
        else:
            inside = False
        at += 1
    return np.uint8(NONE)


@compiled
def _begins(data: Any, start: Any, end: Any) -> Any:
    """What the first bytes of a line say: klog's letter before its date, syslog's number in angles; or NONE."""
    first = byte_at(data, start)
    if end - start > 10 and (first == 0x49 or first == 0x57 or first == 0x45 or first == 0x46):
        dated = byte_at(data, start + 5) == 0x20 and byte_at(data, start + 8) == 0x3A
        for position in (1, 2, 3, 4, 6, 7, 9, 10):
            dated = dated and is_digit(byte_at(data, start + position))
        if dated:
            if first == 0x49:
                return np.uint8(INFO)
            return np.uint8(WARN) if first == 0x57 else np.uint8(ERROR) if first == 0x45 else np.uint8(FATAL)
    if first == 0x3C:
        number = np.int64(0)
        at = start + 1
        while at < end and at < start + 4 and is_digit(byte_at(data, at)):
            number = 10 * number + np.int64(byte_at(data, at) - 0x30)
            at += 1
        if at > start + 1 and at < end and byte_at(data, at) == 0x3E and number < 192:
            return _SYSLOG[number & 7]
    return np.uint8(NONE)


@compiled
def _bracketed(data: Any, at: Any, end: Any) -> Any:
    """The severity in `[crit]`, nginx's and Apache's form, when `at` is behind the bracket; or NONE."""
    stop = at
    while stop < end and stop - at < 16 and byte_at(data, stop) | 0x20 >= 0x61 and byte_at(data, stop) | 0x20 <= 0x7A:
        stop += 1
    if stop - at < 3 or stop >= end or byte_at(data, stop) != 0x5D:
        return np.uint8(NONE)
    return said_by(data, at, stop)


@compiled
def _status(data: Any, at: Any, end: Any) -> Any:
    """The severity of an access log's status when `at` is behind the quote that ends the request; or NONE."""
    if end - at < 4 or byte_at(data, at) != 0x20 or (end - at > 4 and byte_at(data, at + 4) != 0x20):
        return np.uint8(NONE)
    first = byte_at(data, at + 1)
    if first < 0x31 or first > 0x35 or not is_digit(byte_at(data, at + 2)) or not is_digit(byte_at(data, at + 3)):
        return np.uint8(NONE)
    return np.uint8(ERROR) if first == 0x35 else np.uint8(WARN) if first == 0x34 else np.uint8(INFO)


@compiled
def _text(
    data: Any, start: Any, end: Any, keys: Any, key_offsets: Any, key_lengths: Any, known: Any, index: Any,
    traces: Any, spans: Any,
) -> Any:  # fmt: skip
    """A field's level before what the line begins with, before an access log's status, before the earliest word."""
    wanted = known == NONE
    begins = _begins(data, start, end) if wanted else np.uint8(NONE)
    earliest = status = np.uint8(NONE)
    dated = False  # `] "`, between the date and the request of an access log, was there
    inside = False
    key_start = start
    key_broken = False  # what stands before the key keeps it from being one: `?` and `&` of a URL
    at = start
    while at < end:
        byte = byte_at(data, at)
        if is_word(byte):
            if not inside:
                inside = True
                if wanted and earliest == NONE:
                    earliest, _length = _word_at(data, at, end)
            at += 1
            continue
        inside = False
        if byte == 0x2E or byte == 0x2D or byte == 0x40:  # . - @ stand inside of keys
            at += 1
            continue
        if byte == 0x3D and not key_broken and at > key_start and at - key_start <= KEY_MAX:
            kind = kind_at(data, key_start, at)
            is_level = wanted and is_named(data, key_start, at, keys, key_offsets, key_lengths)
            if kind != NO_ID or is_level:
                value = at + 1
                quoted = value < end and byte_at(data, value) == 0x22
                if quoted:
                    value += 1
                value_end = value
                while value_end < end and (
                    is_word(byte_at(data, value_end))
                    or byte_at(data, value_end) == 0x2D
                    or (quoted and byte_at(data, value_end) == 0x20)
                ):
                    value_end += 1
                if is_level:
                    said = said_by(data, value, value_end)
                    if said != NONE:
                        wanted = False
                        earliest = said
                        begins = status = np.uint8(NONE)
                if kind != NO_ID:
                    note(data, value, value_end, kind, np.int64(0), index, traces, spans)
        elif wanted and byte == 0x5B and earliest == NONE:
            earliest = _bracketed(data, at + 1, end)
        elif wanted and byte == 0x22 and status == NONE:
            if dated:
                status = _status(data, at + 1, end)
            elif at - start >= 2 and byte_at(data, at - 1) == 0x20 and byte_at(data, at - 2) == 0x5D:
                dated = True
        key_broken = not (
            byte <= 0x20 or byte == 0x5B or byte == 0x28 or byte == 0x7B or byte == 0x2C or byte == 0x3B
            or byte == 0x22 or byte == 0x7C
        )  # fmt: skip
        at += 1
        key_start = at
    if begins != NONE:
        return begins
    return status if status != NONE else earliest
