"""Compiled scan of a JSON push in its usual form; lines are unescaped into one buffer, labels hashed where they lie.

It takes strict JSON with the keys that senders write, each once, in any order. Whatever else comes is UNUSUAL and goes
to the plain decoder, which knows all forms and the words of every error: so the quick road need not know any.
As in every compiled scan, a position is compared with the end before a byte is loaded.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hannun.wire.compiled import byte_at, compiled
from hannun.wire.loki.json_text import BAD, sign, space, starts, string
from hannun.wire.loki.scan import LINES, MORE_LINES, MORE_PAIRS, MORE_STREAMS, PAIRS, STREAMS
from hannun.wire.remote_write.scan import OK as OK
from hannun.wire.remote_write.scan import _finish, _hash

UNUSUAL = 40
PAIRS_COMPARED = 64
"""Metadata pairs of one line; of more, doubled keys would have to be looked for in a smarter way."""
_U = np.uint64
_NS_MAX = np.uint64((1 << 63) - 1)
_WAITING, _SEEN_LABELS, _SEEN_VALUES = 0, 1, 2
_STREAMS = np.frombuffer(b'"streams"', dtype=np.uint8)
_STREAM = np.frombuffer(b'"stream"', dtype=np.uint8)
_VALUES = np.frombuffer(b'"values"', dtype=np.uint8)


@compiled
def _time(body: Any, at: Any, end: Any) -> Any:
    """(position behind the closing quote or BAD, nanoseconds) of a string of at most 19 digits."""
    if at >= end or byte_at(body, at) != 0x22:
        return np.int64(BAD), np.int64(0)
    at += 1
    negative = at < end and byte_at(body, at) == 0x2D
    if negative:
        at += 1
    first = at
    value = _U(0)
    while at < end and at - first <= 19 and byte_at(body, at) >= 0x30 and byte_at(body, at) <= 0x39:
        value = value * _U(10) + _U(byte_at(body, at) - 0x30)
        at += 1
    if at == first or at - first > 19 or at >= end or byte_at(body, at) != 0x22:
        return np.int64(BAD), np.int64(0)
    if value > _NS_MAX:
        return at + 1, -np.int64(_NS_MAX) - 1 if negative else np.int64(_NS_MAX)
    return at + 1, -np.int64(value) if negative else np.int64(value)


@compiled
def _flat_object(body: Any, at: Any, end: Any, text: Any, out: Any) -> Any:
    """The position behind an object of strings, or BAD. What is written at `out` is waste."""
    at = sign(body, at, end, 0x7B)
    if at < 0:
        return np.int64(BAD)
    if at < end and byte_at(body, at) == 0x7D:
        return at + 1
    while True:
        for side in range(2):
            if at >= end or byte_at(body, at) != 0x22:
                return np.int64(BAD)
            at, _out = string(body, at + 1, end, text, out)
            if at < 0:
                return np.int64(BAD)
            if side == 0:
                at = sign(body, at, end, 0x3A)
                if at < 0:
                    return np.int64(BAD)
        at = space(body, at, end)
        if at < end and byte_at(body, at) == 0x7D:
            return at + 1
        at = sign(body, at, end, 0x2C)
        if at < 0:
            return np.int64(BAD)


@compiled
def _same(text: Any, pairs: Any, one: Any, other: Any) -> Any:
    length = pairs[one, 1] - pairs[one, 0]
    if length != pairs[other, 1] - pairs[other, 0]:
        return False
    for index in range(length):
        if byte_at(text, pairs[one, 0] + index) != byte_at(text, pairs[other, 0] + index):
            return False
    return True


@compiled
def _metadata(body: Any, at: Any, end: Any, text: Any, out: Any, pairs: Any, told: Any) -> Any:
    """(status, position behind the object, end of what was written, pairs so far)."""
    first = told
    at = sign(body, at, end, 0x7B)
    if at < 0:
        return UNUSUAL, at, out, told
    if at < end and byte_at(body, at) == 0x7D:
        return OK, at + 1, out, told
    while True:
        if told >= len(pairs):
            return MORE_PAIRS, at, out, told
        if told - first >= PAIRS_COMPARED:
            return UNUSUAL, at, out, told
        for side in range(2):
            if at >= end or byte_at(body, at) != 0x22:
                return UNUSUAL, at, out, told
            pairs[told, 2 * side] = out
            at, out = string(body, at + 1, end, text, out)
            if at < 0:
                return UNUSUAL, at, out, told
            pairs[told, 2 * side + 1] = out
            if side == 0:
                at = sign(body, at, end, 0x3A)
                if at < 0:
                    return UNUSUAL, at, out, told
        for other in range(first, told):
            if _same(text, pairs, other, told):
                return UNUSUAL, at, out, told
        told += 1
        at = space(body, at, end)
        if at < end and byte_at(body, at) == 0x7D:
            return OK, at + 1, out, told
        at = sign(body, at, end, 0x2C)
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
    at = sign(body, np.int64(0), end, 0x7B)
    if at < 0 or not starts(body, at, end, _STREAMS):
        return UNUSUAL
    at = sign(body, at + len(_STREAMS), end, 0x3A)
    if at >= 0:
        at = sign(body, at, end, 0x5B)
    if at < 0:
        return UNUSUAL
    more = at >= end or byte_at(body, at) != 0x5D
    while more:
        if streams >= len(counts):
            return MORE_STREAMS
        at = sign(body, at, end, 0x7B)
        if at < 0:
            return UNUSUAL
        first = held
        seen = 0
        while True:
            if seen & _SEEN_LABELS == 0 and starts(body, at, end, _STREAM):
                seen |= _SEEN_LABELS
                at = sign(body, at + len(_STREAM), end, 0x3A)
                if at < 0:
                    return UNUSUAL
                labels[streams, 0] = at
                at = _flat_object(body, at, end, text, out)
                if at < 0:
                    return UNUSUAL
                labels[streams, 1] = at
            elif seen & _SEEN_VALUES == 0 and starts(body, at, end, _VALUES):
                seen |= _SEEN_VALUES
                at = sign(body, at + len(_VALUES), end, 0x3A)
                if at >= 0:
                    at = sign(body, at, end, 0x5B)
                if at < 0:
                    return UNUSUAL
                inside = at >= end or byte_at(body, at) != 0x5D
                while inside:
                    if held >= len(ts_ns):
                        return MORE_LINES
                    at = sign(body, at, end, 0x5B)
                    if at < 0:
                        return UNUSUAL
                    at, when = _time(body, at, end)
                    if at >= 0:
                        at = sign(body, at, end, 0x2C)
                    if at < 0 or at >= end or byte_at(body, at) != 0x22:
                        return UNUSUAL
                    lines[held, 0] = out
                    at, out = string(body, at + 1, end, text, out)
                    if at < 0:
                        return UNUSUAL
                    lines[held, 1] = out
                    at = space(body, at, end)
                    if at < end and byte_at(body, at) == 0x2C:
                        status, at, out, told = _metadata(body, at + 1, end, text, out, pairs, told)
                        if status != OK:
                            return status
                    at = sign(body, at, end, 0x5D)
                    if at < 0:
                        return UNUSUAL
                    ts_ns[held] = when
                    pair_ends[held] = told
                    held += 1
                    inside = at < end and byte_at(body, at) == 0x2C
                    if inside:
                        at = space(body, at + 1, end)
                at = sign(body, at, end, 0x5D)
                if at < 0:
                    return UNUSUAL
            else:
                return UNUSUAL
            at = space(body, at, end)
            if at >= end or byte_at(body, at) != 0x2C:
                break
            at = space(body, at + 1, end)
        at = sign(body, at, end, 0x7D)
        if at < 0 or seen & _SEEN_LABELS == 0:
            return UNUSUAL
        a, b = _hash(body, labels[streams, 0], labels[streams, 1], seed, ~seed, seed)
        keys[streams, 0] = _finish(a)
        keys[streams, 1] = _finish(b)
        counts[streams] = held - first
        streams += 1
        more = at < end and byte_at(body, at) == 0x2C
        if more:
            at = space(body, at + 1, end)
    at = sign(body, at, end, 0x5D)
    if at >= 0:
        at = sign(body, at, end, 0x7D)
    if at != end:
        return UNUSUAL
    tally[STREAMS] = streams
    tally[LINES] = held
    tally[PAIRS] = told
    return OK
