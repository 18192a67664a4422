"""A line without what changes from line to line, and a hash of that for every line of a batch.

A word with a digit in it is masked, together with the marks between two such words (`10.2.0.1:80` and
`2026-11-20T14:02:31Z` are one mask each). Of a JSON line only its message is looked at, as Loki's patterns do. The
compiled pass and `mask` see the same words; equal masks have equal hashes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

compiled = njit(nogil=True, cache=True, error_model="numpy")

MASK = "<_>"
LINE_BYTES_MAX = 3_000
"""Longer lines are cut here: what a line says stands at its beginning."""
JOINING = b".:,-/+"
"""Between two masked words these are part of the mask."""
MESSAGE_KEYS = (b'"message"', b'"msg"', b'"log"', b'"event"')

_WORD = np.zeros(256, dtype=np.bool_)
_DIGIT = np.zeros(256, dtype=np.bool_)
_JOINS = np.zeros(256, dtype=np.bool_)
_WORD[[*range(48, 58), *range(65, 91), *range(97, 123), 95, *range(128, 256)]] = True
_DIGIT[48:58] = True
_JOINS[list(JOINING)] = True
_KEYS = np.frombuffer(b"".join(MESSAGE_KEYS), dtype=np.uint8)
_KEY_AT = np.cumsum([0, *map(len, MESSAGE_KEYS)])
_SEED = np.uint64(0xCBF29CE484222325)
_PRIME = np.uint64(0x100000001B3)
_MASKED = np.uint64(0xFF)
"""No byte of UTF-8, so no text hashes like a mask."""


def hashes(data: NDArray[np.uint8], offsets: NDArray[np.int64]) -> NDArray[np.uint64]:
    """uint64[lines]: equal for lines whose masks are equal. `data` and `offsets` as in TextColumn."""
    out = np.empty(len(offsets) - 1, dtype=np.uint64)
    _hashes(data, offsets, _WORD, _DIGIT, _JOINS, _KEYS, _KEY_AT, out)
    return out


def mask(line: bytes) -> str:
    """`GET /orders/17 200` -> `GET /orders/<_> <_>`."""
    start, end = _message(line)
    out = bytearray()
    masked = False  # the last thing written is a mask, with nothing but `between` after it
    between = bytearray()
    at = start
    while at < end:
        stop = at
        if not _WORD[line[at]]:
            if masked and _JOINS[line[at]]:
                between.append(line[at])
            else:
                out += between
                between.clear()
                masked = False
                out.append(line[at])
            at += 1
            continue
        while stop < end and _WORD[line[stop]]:
            stop += 1
        word = line[at:stop]
        if any(_DIGIT[byte] for byte in word):
            if not masked:
                out += MASK.encode()
            between.clear()
            masked = True
        else:
            out += between
            between.clear()
            out += word
            masked = False
        at = stop
    out += between
    return out.decode("utf-8", "replace")


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
def _hashes(data: Any, offsets: Any, words: Any, digits: Any, joins: Any, keys: Any, key_at: Any, out: Any) -> None:
    for line in range(len(offsets) - 1):
        first = offsets[line]
        end = min(offsets[line + 1], first + 3_000)
        start, end = _span(data, first, end, keys, key_at)
        value = _SEED
        masked = False
        held = start  # where `between` begins
        at = start
        while at < end:
            byte = data[at]
            if not words[byte]:
                if not (masked and joins[byte]):
                    if masked:
                        for place in range(held, at):
                            value = (value ^ np.uint64(data[place])) * _PRIME
                    masked = False
                    value = (value ^ np.uint64(byte)) * _PRIME
                at += 1
                continue
            stop = at
            has_digit = False
            while stop < end and words[data[stop]]:
                has_digit = has_digit or digits[data[stop]]
                stop += 1
            if has_digit:
                if not masked:
                    value = (value ^ _MASKED) * _PRIME
                masked = True
                held = stop
            else:
                begin = held if masked else at
                for place in range(begin, stop):
                    value = (value ^ np.uint64(data[place])) * _PRIME
                masked = False
            at = stop
        if masked:
            for place in range(held, end):
                value = (value ^ np.uint64(data[place])) * _PRIME
        out[line] = value


@compiled
def _span(data: Any, first: Any, end: Any, keys: Any, key_at: Any) -> Any:
    if end <= first or data[first] != 123:
        return first, end
    for at in range(first, end):
        if data[at] != 34:
            continue
        for key in range(len(key_at) - 1):
            size = key_at[key + 1] - key_at[key]
            if at + size > end:
                continue
            same = True
            for place in range(size):
                if data[at + place] != keys[key_at[key] + place]:
                    same = False
                    break
            if not same:
                continue
            to = at + size
            while to < end and (data[to] == 32 or data[to] == 58):
                to += 1
            if to >= end or data[to] != 34:
                continue
            to += 1
            begin = to
            while to < end and data[to] != 34:
                to += 2 if data[to] == 92 else 1
            return begin, min(to, end)
    return first, end
