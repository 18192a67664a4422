"""Compiled scan of a protobuf push: times and the spans of lines out, labels hashed where they lie.

The rule of every compiled scan holds: a position is compared with the end of its message before a byte is loaded, and
a length with what is left before it is added. `plain.py` is the meaning; a fuzz test holds both together.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hannun.wire.compiled import compiled
from hannun.wire.remote_write.scan import OK as OK
from hannun.wire.remote_write.scan import WORDS, WRONG_WIRE, _finish, _hash, _tag

MORE_STREAMS, MORE_LINES, MORE_PAIRS, BAD_TIME = 30, 31, 32, 33
FAULTS = {**WORDS, BAD_TIME: "timestamp that is no time"}
# Slots of the tally that `scan` fills.
STREAMS, LINES, PAIRS, AT = 0, 1, 2, 3
TALLY_SLOTS = 4

SECONDS_FIRST, SECONDS_LAST = -62_135_596_800, 253_402_300_799  # the years 1 to 9999, protobuf's own bounds
_NS_SECONDS = 9_223_372_036
_NS_MAX = (1 << 63) - 1


@compiled
def _time(body: Any, at: Any, end: Any) -> Any:
    """(status, position, nanoseconds since 1970, kept at the ends of int64) of a Timestamp message."""
    seconds = np.int64(0)
    nanos = np.int64(0)
    while at < end:
        status, number, wire, start, stop, value = _tag(body, at, end)
        if status != OK:
            return status, start, np.int64(0)
        if number == 1:
            if wire != 0:
                return WRONG_WIRE, at, np.int64(0)
            seconds = np.int64(value)
        elif number == 2:
            if wire != 0:
                return WRONG_WIRE, at, np.int64(0)
            nanos = np.int64(value)
        at = stop
    if seconds < SECONDS_FIRST or seconds > SECONDS_LAST or nanos < 0 or nanos >= 1_000_000_000:
        return BAD_TIME, end, np.int64(0)
    if seconds >= _NS_SECONDS:
        return OK, end, np.int64(_NS_MAX)
    if seconds < -_NS_SECONDS:
        return OK, end, np.int64(-_NS_MAX - 1)
    return OK, end, seconds * np.int64(1_000_000_000) + nanos


@compiled
def scan(
    body: Any,
    seed: Any,
    keys: Any,
    labels: Any,
    counts: Any,
    ts_ns: Any,
    lines: Any,
    pairs: Any,
    pair_ends: Any,
    tally: Any,
) -> Any:
    """Fill the arrays from `body` (uint8); returns OK, MORE_… (call again with a longer array) or a fault.

    `keys` uint64[s, 2] hashes of label texts, `labels` int64[s, 2] their spans, `counts` int64[s]; `ts_ns` int64[n],
    `lines` int64[n, 2], `pairs` int64[p, 4], `pair_ends` int64[n]; `tally` int64[TALLY_SLOTS]: how much of each was
    filled, and the byte of a fault. Nothing is written beyond the arrays.
    """
    total = len(body)
    streams = held = told = 0
    at = 0
    while at < total:
        tally[AT] = at
        status, number, wire, start, stop, _value = _tag(body, at, total)
        if status != OK:
            return status
        at = stop
        if number != 1:
            continue
        if wire != 2:
            return WRONG_WIRE
        if streams >= len(counts):
            return MORE_STREAMS
        first = held
        label_start = label_end = start
        pos = start
        while pos < stop:
            tally[AT] = pos
            status, number, wire, inner_start, inner_stop, _value = _tag(body, pos, stop)
            if status != OK:
                return status
            pos = inner_stop
            if number == 1:
                if wire != 2:
                    return WRONG_WIRE
                label_start = inner_start
                label_end = inner_stop
            elif number == 2:
                if wire != 2:
                    return WRONG_WIRE
                if held >= len(ts_ns):
                    return MORE_LINES
                when = np.int64(0)
                line_start = line_end = inner_start
                where = inner_start
                while where < inner_stop:
                    tally[AT] = where
                    status, number, wire, leaf_start, leaf_stop, _value = _tag(body, where, inner_stop)
                    if status != OK:
                        return status
                    if number >= 1 and number <= 4 and wire != 2:
                        return WRONG_WIRE
                    where = leaf_stop
                    if number == 2:
                        line_start = leaf_start
                        line_end = leaf_stop
                    elif number == 1:
                        status, fault_at, when = _time(body, leaf_start, leaf_stop)
                        if status != OK:
                            tally[AT] = fault_at
                            return status
                    elif number == 3:
                        if told >= len(pairs):
                            return MORE_PAIRS
                        pairs[told, 0] = pairs[told, 1] = pairs[told, 2] = pairs[told, 3] = leaf_start
                        inside = leaf_start
                        while inside < leaf_stop:
                            tally[AT] = inside
                            status, number, wire, a, b, _value = _tag(body, inside, leaf_stop)
                            if status != OK:
                                return status
                            if number == 1 or number == 2:
                                if wire != 2:
                                    return WRONG_WIRE
                                pairs[told, 2 * number - 2] = a
                                pairs[told, 2 * number - 1] = b
                            inside = b
                        told += 1
                ts_ns[held] = when
                lines[held, 0] = line_start
                lines[held, 1] = line_end
                pair_ends[held] = told
                held += 1
        a, b = _hash(body, label_start, label_end, seed, ~seed, seed)
        keys[streams, 0] = _finish(a)
        keys[streams, 1] = _finish(b)
        labels[streams, 0] = label_start
        labels[streams, 1] = label_end
        counts[streams] = held - first
        streams += 1
    tally[STREAMS] = streams
    tally[LINES] = held
    tally[PAIRS] = told
    return OK
