"""Compiled: one JSON document -> its fields, with dotted names, as spans of text.

Names, texts and numbers are written as `plain.py` has them. What it would write in another way than it stands there,
and what stands twice, is ODD: the plain reader reads such a document. A position is compared with the end of the line
before a byte is loaded.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hannun.wire.compiled import byte_at, compiled, word
from hannun.wire.loki.json_text import sign, space, string
from hannun.wire.remote_write.scan import OK

MORE_TEXT, ODD = 62, 63
FIELDS_MAX, DEPTH_MAX = 128, 8
"""So much is walked; what is larger or deeper is ODD."""
# Columns of a field: spans of name and value, what the value is, and a hash of the name.
NAME, VALUE, KIND, HASH = 0, 2, 4, 5
FIELD_SLOTS = 6
NULL, STRING, INTEGER, OTHER, OBJECT = 0, 1, 2, 3, 4
_DIGITS_SURE = 15
_ODD_NUMBER = 0x9E3779B185EBCA87
_U = np.uint64


def hash_of(name: bytes) -> int:
    """The hash of a field's name."""
    value = len(name)
    for at in range(0, len(name), 8):
        value = ((value ^ int.from_bytes(name[at : at + 8], "little")) * _ODD_NUMBER) & (1 << 64) - 1
        value ^= value >> 32
    return value


@compiled
def _name_hash(text: Any, start: Any, end: Any) -> Any:
    """`hash_of`, compiled."""
    value = _U(end - start)
    at = start
    while at < end:
        # There is room for eight bytes behind every text; what stands there is cut off.
        eight = word(text, at)
        if end - at < 8:
            eight &= (_U(1) << _U(8 * (end - at))) - _U(1)
        value = (value ^ eight) * _U(0x9E3779B185EBCA87)
        value ^= value >> _U(32)
        at += 8
    return value


@compiled
def _number(body: Any, at: Any, end: Any) -> Any:
    """(kind, position behind) of a number that Python writes as it stands; a negative kind: not so."""
    first = at
    if at < end and byte_at(body, at) == 0x2D:
        at += 1
    digits = at
    while at < end and byte_at(body, at) >= 0x30 and byte_at(body, at) <= 0x39:
        at += 1
    whole = at - digits
    if whole == 0 or (whole > 1 and byte_at(body, digits) == 0x30):
        return np.int64(-1), at
    if at >= end or byte_at(body, at) != 0x2E:
        if at < end and byte_at(body, at) | 0x20 == 0x65:
            return np.int64(-1), at
        if whole > 18 or (at - first == 2 and byte_at(body, first) == 0x2D and byte_at(body, digits) == 0x30):
            return np.int64(-1), at
        return np.int64(INTEGER), at
    at += 1
    fraction = at
    while at < end and byte_at(body, at) >= 0x30 and byte_at(body, at) <= 0x39:
        at += 1
    if at == fraction or whole + at - fraction > _DIGITS_SURE or (at < end and byte_at(body, at) | 0x20 == 0x65):
        return np.int64(-1), at
    # Python writes no zero at the end, and very small numbers with an exponent.
    if at - fraction > 1 and byte_at(body, at - 1) == 0x30:
        return np.int64(-1), at
    if whole == 1 and byte_at(body, digits) == 0x30 and at - fraction > 4:
        some = False
        for position in range(fraction, fraction + 4):
            some |= byte_at(body, position) != 0x30
        if not some:
            return np.int64(-1), at
    return np.int64(OTHER), at


@compiled
def _simple_list(body: Any, at: Any, end: Any) -> Any:
    """The position behind a list of strings without escapes or space, which is how it is written again; or -1."""
    at += 1
    if at < end and byte_at(body, at) == 0x5D:
        return at + 1
    while at < end and byte_at(body, at) == 0x22:
        at += 1
        while at < end and byte_at(body, at) != 0x22:
            if byte_at(body, at) < 0x20 or byte_at(body, at) == 0x5C or byte_at(body, at) >= 0x7F:
                return np.int64(-1)
            at += 1
        at += 1
        if at >= end:
            return np.int64(-1)
        if byte_at(body, at) == 0x5D:
            return at + 1
        if byte_at(body, at) != 0x2C:
            return np.int64(-1)
        at += 1
    return np.int64(-1)


@compiled
def _literal(body: Any, at: Any, end: Any) -> Any:
    """(kind, position behind) of true, false, null; a negative kind: something else."""
    if end - at >= 4:
        four = _U(byte_at(body, at)) << _U(24) | _U(byte_at(body, at + 1)) << _U(16)
        four |= _U(byte_at(body, at + 2)) << _U(8) | _U(byte_at(body, at + 3))
        if four == _U(0x74727565):
            return np.int64(OTHER), at + 4
        if four == _U(0x6E756C6C):
            return np.int64(NULL), at + 4
        if four == _U(0x66616C73) and end - at >= 5 and byte_at(body, at + 4) == 0x65:
            return np.int64(OTHER), at + 5
    return np.int64(-1), at


@compiled
def _surrogate(body: Any, start: Any, end: Any) -> Any:
    """Whether an escape of half a character may stand there: two that fit are one, others are an error."""
    found = False
    for at in range(start, end - 3):
        if byte_at(body, at) == 0x5C and byte_at(body, at + 1) == 0x75 and byte_at(body, at + 2) | 0x20 == 0x64:
            third = byte_at(body, at + 3)
            found |= third == 0x38 or third == 0x39 or third >= 0x41
    return found


@compiled
def _ascii(text: Any, start: Any, end: Any) -> Any:
    bits = np.uint8(0)
    for at in range(start, end):
        bits |= byte_at(text, at)
    return bits < 0x80


@compiled
def _text(body: Any, at: Any, end: Any, text: Any, out: Any) -> Any:
    """`string`, which takes no halves of characters."""
    stop, written = string(body, at, end, text, out)
    if stop >= 0 and stop - 1 - at != written - out and _surrogate(body, at, stop - 1):
        return np.int64(-1), written
    return stop, written


@compiled
def walk(body: Any, at: Any, end: Any, text: Any, out: Any, fields: Any, parents: Any) -> Any:
    """(status, next free place in `text`, how many fields) of the object `body[at:end]`.

    `fields` int64[n, FIELD_SLOTS] are filled in their order; `parents` int64[DEPTH_MAX, 2] is scratch.
    """
    count = depth = np.int64(0)
    at = sign(body, at, end, 0x7B)
    if at < 0:
        return ODD, out, count
    may_end = True
    while True:
        if at >= end:
            return ODD, out, count
        if not (may_end and byte_at(body, at) == 0x7D):
            if byte_at(body, at) != 0x22 or count >= len(fields):
                return ODD, out, count
            prefix = parents[depth, 1] - parents[depth, 0] if depth > 0 else 0
            if len(text) - out < end - at + prefix + 16:
                return MORE_TEXT, out, count
            first = out
            if depth > 0:
                for position in range(parents[depth, 0], parents[depth, 1]):
                    text[_U(out)] = byte_at(text, position)
                    out += 1
                text[_U(out)] = 0x2E
                out += 1
            at, out = _text(body, at + 1, end, text, out)
            if at < 0 or not _ascii(text, first, out):
                return ODD, out, count
            at = sign(body, at, end, 0x3A)
            if at < 0 or at >= end:
                return ODD, out, count
            name_end = out
            hashed = np.int64(_name_hash(text, first, name_end))
            for other in range(count):
                # Of doubled names the last value counts, at the place of the first.
                if fields[other, HASH] == hashed:
                    return ODD, out, count
            fields[count, HASH] = hashed
            byte = byte_at(body, at)
            start = at
            if byte == 0x7B:
                depth += 1
                if depth >= DEPTH_MAX:
                    return ODD, out, count
                parents[depth, 0] = first
                parents[depth, 1] = out
                fields[count, KIND] = OBJECT
                count += 1
                at = space(body, at + 1, end)
                may_end = True
                continue
            if byte == 0x22:
                kind = np.int64(STRING)
                at, out = _text(body, at + 1, end, text, out)
                if at < 0:
                    return ODD, out, count
            else:
                if byte == 0x5B:
                    kind = np.int64(OTHER)
                    at = _simple_list(body, at, end)
                elif byte == 0x2D or (byte >= 0x30 and byte <= 0x39):
                    kind, at = _number(body, at, end)
                else:
                    kind, at = _literal(body, at, end)
                if at < 0 or kind < 0:
                    return ODD, out, count
                for position in range(start, at):
                    text[_U(out)] = byte_at(body, position)
                    out += 1
            fields[count, NAME] = first
            fields[count, NAME + 1] = fields[count, VALUE] = name_end
            fields[count, VALUE + 1] = out
            fields[count, KIND] = kind
            count += 1
        may_end = False
        while True:
            at = space(body, at, end)
            if at >= end:
                return ODD, out, count
            byte = byte_at(body, at)
            at = space(body, at + 1, end)
            if byte == 0x2C:
                break
            if byte != 0x7D:
                return ODD, out, count
            if depth == 0:
                return OK if at == end else ODD, out, count
            depth -= 1
