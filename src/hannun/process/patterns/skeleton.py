"""A line without what changes from line to line, and a hash of that for every line of a batch.

A word with a digit in it is masked, together with the marks between two such words (`10.2.0.1:80` and
`2026-11-20T14:02:31Z` are one mask each); so is what can only be a part of an id, letters a to f behind a mask and a
hyphen (one of fifty UUIDs has such a group). Of a JSON line only its message is looked at, as Loki's patterns do. The
compiled pass and `mask` see the same words; equal masks have equal hashes.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hannun.process.logs.compiled import byte_at, compiled, head, word

MASK = "<_>"
LINE_BYTES_MAX = 3_000
"""Longer lines are cut here: what a line says stands at its beginning."""
JOINING = b".:,-/+"
"""Between two masked words these are part of the mask."""
MESSAGE_KEYS = (b'"message"', b'"msg"', b'"log"', b'"event"')

HEX_MIN = 4
"""Shorter words of the letters a to f are words."""
_WORDS = re.compile(rb"[0-9A-Za-z_\x80-\xff]+")
_DIGITS = re.compile(rb"[0-9]")
_HEX = re.compile(rb"-[a-fA-F]{%d,}" % HEX_MIN)
_WORD = np.zeros(256, dtype=np.bool_)
_DIGIT = np.zeros(256, dtype=np.bool_)
_JOINS = np.zeros(256, dtype=np.bool_)
_WORD[[*range(48, 58), *range(65, 91), *range(97, 123), 95, *range(128, 256)]] = True
_DIGIT[48:58] = True
_JOINS[list(JOINING)] = True
_KEYS = np.frombuffer(b"".join(MESSAGE_KEYS), dtype=np.uint8)
_KEY_AT = np.cumsum([0, *map(len, MESSAGE_KEYS)])
_U = np.uint64
_IS_WORD, _IS_DIGIT, _IS_JOIN, _NO_HEX = np.uint8(1), np.uint8(2), np.uint8(4), np.uint8(8)
_HEX_DIGIT = np.isin(np.arange(256), list(b"0123456789abcdefABCDEF"))
_CLASSES = _WORD * _IS_WORD + _DIGIT * _IS_DIGIT + _JOINS * _IS_JOIN + (_WORD & ~_HEX_DIGIT) * _NO_HEX
_SEED = np.uint64(0xCBF29CE484222325)
_PRIME = np.uint64(0x9E3779B185EBCA87)
_MASKED = np.uint64(0x165667B19E3779F9)


def hashes(data: NDArray[np.uint8], offsets: NDArray[np.int64]) -> NDArray[np.uint64]:
    """uint64[lines]: equal for lines whose masks are equal. `data` and `offsets` as in TextColumn."""
    out = np.empty(len(offsets) - 1, dtype=np.uint64)
    _hashes(data, offsets, _CLASSES, _KEYS, _KEY_AT, out)
    return out


def mask(line: bytes) -> str:
    """`GET /orders/17 200` -> `GET /orders/<_> <_>`."""
    start, end = _message(line)
    out: list[bytes] = []
    masked = False  # nothing but joining marks since the last mask
    held = last = start  # where the text behind the last mask, and behind the last word, begins
    for found in _WORDS.finditer(line, start, end):
        at, stop = found.span()
        masked = masked and not line[last:at].strip(JOINING)
        if _DIGITS.search(line, at, stop) or (masked and _HEX.fullmatch(line, at - 1, stop)):
            if not masked:
                out += (line[held:at], MASK.encode())
            masked = True
            held = stop
        else:
            masked = False
        last = stop
    out.append(line[held:end])
    return b"".join(out).decode("utf-8", "replace")


def warm() -> None:
    hashes(np.frombuffer(b"a1", dtype=np.uint8), np.array([0, 2], dtype=np.int64))


def _message(line: bytes) -> tuple[int, int]:
    """Where the words are: the message of a JSON line, else the whole line."""
    end = min(len(line), LINE_BYTES_MAX)
    if not line.startswith(b"{"):
        return 0, end
    for at in range(end):
        if line[at] != 34:
            continue
        for key in MESSAGE_KEYS:
            if line.startswith(key, at) and at + len(key) <= end:
                found = _value(line, at + len(key), end)
                if found is not None:
                    return found
    return 0, end


def _value(line: bytes, at: int, end: int) -> tuple[int, int] | None:
    """The text between the quotes after a colon; None where no string stands there."""
    while at < end and line[at] in b" :":
        at += 1
    if at >= end or line[at] != 34:
        return None
    start = at = at + 1
    while at < end and line[at] != 34:
        at += 2 if line[at] == 92 else 1
    return start, min(at, end)


@compiled
def _mixed(value: Any, data: Any, at: Any, end: Any) -> Any:
    """`value` with the text `data[at:end]` behind it."""
    value = (value ^ _U(end - at)) * _PRIME
    while end - at >= 8:
        value = (value ^ word(data, at)) * _PRIME
        value ^= value >> _U(32)
        at += 8
    if at < end:
        if at + 8 <= len(data):
            left = word(data, at) & (_U(1) << _U(8 * (end - at))) - _U(1)
        else:
            left = head(data, at, end)
        value = (value ^ left) * _PRIME
        value ^= value >> _U(32)
    return value


@compiled
def _hashes(data: Any, offsets: Any, classes: Any, keys: Any, key_at: Any, out: Any) -> None:
    for line in range(len(offsets) - 1):
        first = offsets[line]
        start, end = _span(data, first, min(offsets[line + 1], first + LINE_BYTES_MAX), keys, key_at)
        value = _SEED
        masked = False  # nothing but joining marks since the last mask
        held = start  # where the text behind the last mask begins
        at = start
        while at < end:
            seen = classes[byte_at(data, at)]
            if seen & _IS_WORD == 0:
                masked = masked and seen & _IS_JOIN != 0
                at += 1
                continue
            stop = at + 1
            while stop < end:
                kind = classes[byte_at(data, stop)]
                if kind & _IS_WORD == 0:
                    break
                seen |= kind
                stop += 1
            id_part = masked and stop - at >= HEX_MIN and seen & _NO_HEX == 0 and byte_at(data, at - 1) == 0x2D
            if seen & _IS_DIGIT != 0 or id_part:
                if not masked:
                    value = (_mixed(value, data, held, at) ^ _MASKED) * _PRIME
                masked = True
                held = stop
            else:
                masked = False
            at = stop
        out[line] = _mixed(value, data, held, end)


@compiled
def _span(data: Any, first: Any, end: Any, keys: Any, key_at: Any) -> Any:
    if end <= first or byte_at(data, first) != 123:
        return first, end
    for at in range(first, end - 1):
        if byte_at(data, at) != 34:
            continue
        # The first letter says whether it can be one of the few keys.
        letter = byte_at(data, at + 1)
        for key in range(len(key_at) - 1):
            size = key_at[key + 1] - key_at[key]
            if letter != keys[key_at[key] + 1] or at + size > end:
                continue
            same = True
            for place in range(2, size):
                if byte_at(data, at + place) != keys[key_at[key] + place]:
                    same = False
                    break
            if not same:
                continue
            to = at + size
            while to < end and (byte_at(data, to) == 32 or byte_at(data, to) == 58):
                to += 1
            if to >= end or byte_at(data, to) != 34:
                continue
            to += 1
            begin = to
            while to < end and byte_at(data, to) != 34:
                to += 2 if byte_at(data, to) == 92 else 1
            return begin, min(to, end)
    return first, end
