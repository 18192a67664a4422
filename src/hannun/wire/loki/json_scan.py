"""Compiled scan of a JSON push in its usual form; lines are unescaped into one buffer, labels hashed where they lie.

It takes strict JSON with the keys that senders write, each once, in any order. Whatever else comes is UNUSUAL and goes
to the plain decoder, which knows all forms and the words of every error: so the quick road need not know any.
As in every compiled scan, a position is compared with the end before a byte is loaded.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hannun.wire.compiled import compiled
from hannun.wire.loki.scan import LINES, MORE_LINES, MORE_PAIRS, MORE_STREAMS, PAIRS, STREAMS
from hannun.wire.remote_write.scan import OK as OK
from hannun.wire.remote_write.scan import _finish, _hash

UNUSUAL = 40
PAIRS_COMPARED = 64
"""Metadata pairs of one line; of more, doubled keys would have to be looked for in a smarter way."""
_U = np.uint64
_ONES, _HIGHS = np.uint64(0x0101010101010101), np.uint64(0x8080808080808080)
_QUOTES, _SLASHES = _ONES * np.uint64(0x22), _ONES * np.uint64(0x5C)
_SPACES = _ONES * np.uint64(0x20)
_BAD = -1
_NS_MAX = np.uint64((1 << 63) - 1)
_WAITING, _SEEN_LABELS, _SEEN_VALUES = 0, 1, 2
_STREAMS = np.frombuffer(b'"streams"', dtype=np.uint8)
_STREAM = np.frombuffer(b'"stream"', dtype=np.uint8)
_VALUES = np.frombuffer(b'"values"', dtype=np.uint8)


@compiled
def _byte(body: Any, at: Any) -> Any:
    return body[_U(at)]


@compiled
def _eight(body: Any, at: Any) -> Any:
    """Eight bytes, little-endian. Unsigned positions let LLVM make it one load: nothing counts from the end."""
    first = _U(at)
    return (
        _U(body[first])
        | _U(body[first + _U(1)]) << _U(8)
        | _U(body[first + _U(2)]) << _U(16)
        | _U(body[first + _U(3)]) << _U(24)
        | _U(body[first + _U(4)]) << _U(32)
        | _U(body[first + _U(5)]) << _U(40)
        | _U(body[first + _U(6)]) << _U(48)
        | _U(body[first + _U(7)]) << _U(56)
    )


@compiled
def _put(text: Any, at: Any, word: Any) -> None:
    first = _U(at)
    for index in range(8):
        text[first + _U(index)] = np.uint8(word >> _U(8 * index) & _U(0xFF))


@compiled
def _space(body: Any, at: Any, end: Any) -> Any:
    while at < end:
        byte = _byte(body, at)
        if byte != 0x20 and byte != 0x0A and byte != 0x0D and byte != 0x09:
            break
        at += 1
    return at


@compiled
def _sign(body: Any, at: Any, end: Any, sign: Any) -> Any:
    """The position behind `sign`, with space around it; _BAD when something else stands there."""
    at = _space(body, at, end)
    if at >= end or _byte(body, at) != sign:
        return np.int64(_BAD)
    return _space(body, at + 1, end)


@compiled
def _starts(body: Any, at: Any, end: Any, wanted: Any) -> Any:
    if end - at < len(wanted):
        return False
    for index in range(len(wanted)):  # noqa: SIM110 - the compiler knows no generators
        if _byte(body, at + index) != wanted[index]:
            return False
    return True


@compiled
def _hex_4(body: Any, at: Any, end: Any) -> Any:
    if end - at < 4:
        return np.int64(_BAD)
    unit = np.int64(0)
    for position in range(at, at + 4):
        byte = _byte(body, position)
        digit = np.int64(byte) - 0x30 if byte <= 0x39 else np.int64(byte | 0x20) - 0x57
        if byte < 0x30 or digit < 0 or digit > 15 or (byte > 0x39 and digit < 10):
            return np.int64(_BAD)
        unit = 16 * unit + digit
    return unit


@compiled
def _string(body: Any, at: Any, end: Any, text: Any, out: Any) -> Any:
    """(position behind the closing quote or _BAD, end of what was written) of the string whose inside begins at `at`.

    `text` is as long as the body, and no escape is shorter than what it stands for: there is room, also for the eight
    bytes that are written at once, because the closing quote and seven more were read before.
    """
    while at < end:
        while end - at >= 8:
            eight = _eight(body, at)
            quotes = eight ^ _QUOTES
            slashes = eight ^ _SLASHES
            found = (quotes - _ONES) & ~quotes | (slashes - _ONES) & ~slashes | (eight - _SPACES) & ~eight
            if found & _HIGHS:
                break
            _put(text, out, eight)
            at += 8
            out += 8
        byte = _byte(body, at)
        if byte == 0x22:
            return at + 1, out
        if byte < 0x20:
            break
        at += 1
        if byte != 0x5C:
            text[_U(out)] = byte
            out += 1
            continue
        if at >= end:
            break
        byte = _byte(body, at)
        at += 1
        if byte == 0x22 or byte == 0x5C or byte == 0x2F:
            text[_U(out)] = byte
            out += 1
        elif byte == 0x6E:
            text[_U(out)] = 0x0A
            out += 1
        elif byte == 0x74:
            text[_U(out)] = 0x09
            out += 1
        elif byte == 0x72:
            text[_U(out)] = 0x0D
            out += 1
        elif byte == 0x62:
            text[_U(out)] = 0x08
            out += 1
        elif byte == 0x66:
            text[_U(out)] = 0x0C
            out += 1
        elif byte == 0x75:
            code = _hex_4(body, at, end)
            if code < 0:
                break
            at += 4
            if code >= 0xD800 and code < 0xE000:
                low = np.int64(_BAD)
                if code < 0xDC00 and end - at >= 6 and _byte(body, at) == 0x5C and _byte(body, at + 1) == 0x75:
                    low = _hex_4(body, at + 2, end)
                if low >= 0xDC00 and low < 0xE000:
                    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)
                    at += 6
                else:
                    code = np.int64(0xFFFD)
            out = _letter(text, out, code)
        else:
            break
    return np.int64(_BAD), out


@compiled
def _letter(text: Any, out: Any, code: Any) -> Any:
    if code < 0x80:
        text[_U(out)] = code
        return out + 1
    if code < 0x800:
        text[_U(out)] = 0xC0 | code >> 6
        text[_U(out + 1)] = 0x80 | code & 0x3F
        return out + 2
    if code < 0x10000:
        text[_U(out)] = 0xE0 | code >> 12
        text[_U(out + 1)] = 0x80 | code >> 6 & 0x3F
        text[_U(out + 2)] = 0x80 | code & 0x3F
        return out + 3
    text[_U(out)] = 0xF0 | code >> 18
    text[_U(out + 1)] = 0x80 | code >> 12 & 0x3F
    text[_U(out + 2)] = 0x80 | code >> 6 & 0x3F
    text[_U(out + 3)] = 0x80 | code & 0x3F
    return out + 4


@compiled
def _time(body: Any, at: Any, end: Any) -> Any:
    """(position behind the closing quote or _BAD, nanoseconds) of a string of at most 19 digits."""
    if at >= end or _byte(body, at) != 0x22:
        return np.int64(_BAD), np.int64(0)
    at += 1
    negative = at < end and _byte(body, at) == 0x2D
    if negative:
        at += 1
    first = at
    value = _U(0)
    while at < end and at - first <= 19 and _byte(body, at) >= 0x30 and _byte(body, at) <= 0x39:
        value = value * _U(10) + _U(_byte(body, at) - 0x30)
        at += 1
    if at == first or at - first > 19 or at >= end or _byte(body, at) != 0x22:
        return np.int64(_BAD), np.int64(0)
    if value > _NS_MAX:
        return at + 1, -np.int64(_NS_MAX) - 1 if negative else np.int64(_NS_MAX)
    return at + 1, -np.int64(value) if negative else np.int64(value)


@compiled
def _flat_object(body: Any, at: Any, end: Any, text: Any, out: Any) -> Any:
    """The position behind an object of strings, or _BAD. What is written at `out` is waste."""
    at = _sign(body, at, end, 0x7B)
    if at < 0:
        return np.int64(_BAD)
    if at < end and _byte(body, at) == 0x7D:
        return at + 1
    while True:
        for _ in range(2):
            if at >= end or _byte(body, at) != 0x22:
                return np.int64(_BAD)
            at, _out = _string(body, at + 1, end, text, out)
            if at < 0:
                return np.int64(_BAD)
            if _ == 0:
                at = _sign(body, at, end, 0x3A)
                if at < 0:
                    return np.int64(_BAD)
        at = _space(body, at, end)
        if at < end and _byte(body, at) == 0x7D:
            return at + 1
        at = _sign(body, at, end, 0x2C)
        if at < 0:
            return np.int64(_BAD)


@compiled
def _same(text: Any, pairs: Any, one: Any, other: Any) -> Any:
    length = pairs[one, 1] - pairs[one, 0]
    if length != pairs[other, 1] - pairs[other, 0]:
        return False
    for index in range(length):  # noqa: SIM110
        if _byte(text, pairs[one, 0] + index) != _byte(text, pairs[other, 0] + index):
            return False
    return True


@compiled
def _metadata(body: Any, at: Any, end: Any, text: Any, out: Any, pairs: Any, told: Any) -> Any:
    """(status, position behind the object, end of what was written, pairs so far)."""
    first = told
    at = _sign(body, at, end, 0x7B)
    if at < 0:
        return UNUSUAL, at, out, told
    if at < end and _byte(body, at) == 0x7D:
        return OK, at + 1, out, told
    while True:
        if told >= len(pairs):
            return MORE_PAIRS, at, out, told
        if told - first >= PAIRS_COMPARED:
            return UNUSUAL, at, out, told
        for side in range(2):
            if at >= end or _byte(body, at) != 0x22:
                return UNUSUAL, at, out, told
            pairs[told, 2 * side] = out
            at, out = _string(body, at + 1, end, text, out)
            if at < 0:
                return UNUSUAL, at, out, told
            pairs[told, 2 * side + 1] = out
            if side == 0:
                at = _sign(body, at, end, 0x3A)
                if at < 0:
                    return UNUSUAL, at, out, told
        for other in range(first, told):
            if _same(text, pairs, other, told):
                return UNUSUAL, at, out, told
        told += 1
        at = _space(body, at, end)
        if at < end and _byte(body, at) == 0x7D:
            return OK, at + 1, out, told
        at = _sign(body, at, end, 0x2C)
        if at < 0:
            return UNUSUAL, at, out, told


@compiled
def scan(
    body: Any,
    seed: Any,
    text: Any,
    keys: Any,
    labels: Any,
    counts: Any,
    ts_ns: Any,
    lines: Any,
    pairs: Any,
    pair_ends: Any,
    tally: Any,
) -> Any:
    """Fill the arrays from `body` (uint8); returns OK, UNUSUAL or MORE_… (call again with a longer array).

    `text` uint8[len(body) + 8] takes lines and metadata; `labels` int64[s, 2] are spans of `body` that are objects of
    strings. All others are as in `scan.scan`.
    """
    end = np.int64(len(body))
    streams = held = told = np.int64(0)
    out = np.int64(0)
    at = _sign(body, np.int64(0), end, 0x7B)
    if at < 0 or not _starts(body, at, end, _STREAMS):
        return UNUSUAL
    at = _sign(body, at + len(_STREAMS), end, 0x3A)
    if at >= 0:
        at = _sign(body, at, end, 0x5B)
    if at < 0:
        return UNUSUAL
    more = at >= end or _byte(body, at) != 0x5D
    while more:
        if streams >= len(counts):
            return MORE_STREAMS
        at = _sign(body, at, end, 0x7B)
        if at < 0:
            return UNUSUAL
        first = held
        seen = 0
        while True:
            if seen & _SEEN_LABELS == 0 and _starts(body, at, end, _STREAM):
                seen |= _SEEN_LABELS
                at = _sign(body, at + len(_STREAM), end, 0x3A)
                if at < 0:
                    return UNUSUAL
                labels[streams, 0] = at
                at = _flat_object(body, at, end, text, out)
                if at < 0:
                    return UNUSUAL
                labels[streams, 1] = at
            elif seen & _SEEN_VALUES == 0 and _starts(body, at, end, _VALUES):
                seen |= _SEEN_VALUES
                at = _sign(body, at + len(_VALUES), end, 0x3A)
                if at >= 0:
                    at = _sign(body, at, end, 0x5B)
                if at < 0:
                    return UNUSUAL
                inside = at >= end or _byte(body, at) != 0x5D
                while inside:
                    if held >= len(ts_ns):
                        return MORE_LINES
                    at = _sign(body, at, end, 0x5B)
                    if at < 0:
                        return UNUSUAL
                    at, when = _time(body, at, end)
                    if at >= 0:
                        at = _sign(body, at, end, 0x2C)
                    if at < 0 or at >= end or _byte(body, at) != 0x22:
                        return UNUSUAL
                    lines[held, 0] = out
                    at, out = _string(body, at + 1, end, text, out)
                    if at < 0:
                        return UNUSUAL
                    lines[held, 1] = out
                    at = _space(body, at, end)
                    if at < end and _byte(body, at) == 0x2C:
                        status, at, out, told = _metadata(body, at + 1, end, text, out, pairs, told)
                        if status != OK:
                            return status
                    at = _sign(body, at, end, 0x5D)
                    if at < 0:
                        return UNUSUAL
                    ts_ns[held] = when
                    pair_ends[held] = told
                    held += 1
                    inside = at < end and _byte(body, at) == 0x2C
                    if inside:
                        at = _space(body, at + 1, end)
                at = _sign(body, at, end, 0x5D)
                if at < 0:
                    return UNUSUAL
            else:
                return UNUSUAL
            at = _space(body, at, end)
            if at >= end or _byte(body, at) != 0x2C:
                break
            at = _space(body, at + 1, end)
        at = _sign(body, at, end, 0x7D)
        if at < 0 or seen & _SEEN_LABELS == 0:
            return UNUSUAL
        a, b = _hash(body, labels[streams, 0], labels[streams, 1], seed, ~seed)
        keys[streams, 0] = _finish(a)
        keys[streams, 1] = _finish(b)
        counts[streams] = held - first
        streams += 1
        more = at < end and _byte(body, at) == 0x2C
        if more:
            at = _space(body, at + 1, end)
    at = _sign(body, at, end, 0x5D)
    if at >= 0:
        at = _sign(body, at, end, 0x7D)
    if at != end:
        return UNUSUAL
    tally[STREAMS] = streams
    tally[LINES] = held
    tally[PAIRS] = told
    return OK
