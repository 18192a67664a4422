"""Compiled scan of a WriteRequest: samples out, labels hashed where they lie. No Python object per point.

Compiled code that reads bytes a stranger sent can read out of bounds, so one rule holds everywhere below: a position is
compared with the end of its message before a byte is loaded, a length is compared with what is left before it is added,
and a varint has at most 10 bytes. `plain.py` is the meaning; a fuzz test holds both together.

Labels are hashed as raw bytes in two 64-bit lanes (xxHash64's round with two sets of odd factors, the lanes mixed,
and a random seed per process): equal bytes are equal labels, and 128 bits leave no room for two label sets to meet by
chance.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hannun.wire.compiled import byte_at, compiled
from hannun.wire.compiled import word as eight

OK, TRUNCATED, LONG_NUMBER, BAD_FIELD, BAD_WIRE, WRONG_WIRE = 0, 1, 2, 3, 4, 5
MORE_SERIES, MORE_SAMPLES, MORE_METADATA, MORE_EXEMPLARS, MORE_HISTOGRAMS = 6, 7, 8, 9, 10
WORDS = {
    TRUNCATED: "truncated",
    LONG_NUMBER: "number longer than 64 bits",
    BAD_FIELD: "field number that is not allowed",
    BAD_WIRE: "unknown wire type",
    WRONG_WIRE: "field with the wrong wire type",
}
# Slots of the tally that `scan` fills.
SERIES, SAMPLES, METADATA, EXEMPLARS, HISTOGRAMS, AT = 0, 1, 2, 3, 4, 5
TALLY_SLOTS = 6


_A1, _A2 = np.uint64(0x9E3779B185EBCA87), np.uint64(0xC2B2AE3D27D4EB4F)
_B1, _B2 = np.uint64(0x165667B19E3779F9), np.uint64(0xD6E8FEB86659FD93)
_U = np.uint64

Keys = NDArray[np.uint64]


@compiled
def _varint(body: Any, at: Any, end: Any) -> Any:
    """(status, value, position behind). `at` may equal `end`: then it is truncated."""
    if at < end:
        first = byte_at(body, at)
        if first < 0x80:
            return OK, _U(first), at + 1
    value = _U(0)
    shift = _U(0)
    for index in range(10):
        if at >= end:
            return TRUNCATED, _U(0), at
        byte = _U(byte_at(body, at))
        at += 1
        if index == 9 and byte > _U(1):
            return LONG_NUMBER, _U(0), at
        value |= (byte & _U(0x7F)) << shift
        if byte < _U(0x80):
            return OK, value, at
        shift += _U(7)
    return LONG_NUMBER, _U(0), at


@compiled
def _tag(body: Any, at: Any, end: Any) -> Any:
    """(status, field number, wire type, payload start, payload end, varint value).

    The payload of a varint is empty; of all others it is proved to lie within `end`.
    """
    if at < end and byte_at(body, at) < 0x80:
        tag = _U(byte_at(body, at))
        at += 1
    else:
        status, tag, at = _varint(body, at, end)
        if status != OK:
            return status, 0, 0, at, at, _U(0)
    number = tag >> _U(3)
    wire = tag & _U(7)
    if number == _U(0) or number >= _U(1 << 29):
        return BAD_FIELD, 0, 0, at, at, _U(0)
    if wire == _U(2):
        status, length, at = _varint(body, at, end)
        if status != OK:
            return status, 0, 0, at, at, _U(0)
        if length > _U(end - at):
            return TRUNCATED, 0, 0, at, at, _U(0)
        return OK, np.int64(number), 2, at, at + np.int64(length), length
    if wire == _U(0):
        status, value, at = _varint(body, at, end)
        return status, np.int64(number), 0, at, at, value
    if wire == _U(1) or wire == _U(5):
        width = 8 if wire == _U(1) else 4
        if end - at < width:
            return TRUNCATED, 0, 0, at, at, _U(0)
        return OK, np.int64(number), np.int64(wire), at, at + width, _U(0)
    return BAD_WIRE, 0, 0, at, at, _U(0)


@compiled
def _hash(body: Any, start: Any, end: Any, a: Any, b: Any, seed: Any) -> Any:
    """The two lanes after `body[start:end]`. The length is mixed in, so that zero bytes at the end count.

    A step takes sixteen bytes, half of them into each lane, and then mixes the lanes: for given bytes it is a
    permutation of all 128 bits. The factors are secret, because a step takes in as much as it holds: with known ones a
    sender could choose the bytes of one step to undo the difference that those of the step before made.
    """
    take_a, turn_a = seed | _U(1), (seed << _U(47) | seed >> _U(17)) ^ _A1 | _U(1)
    take_b, turn_b = (seed << _U(29) | seed >> _U(35)) ^ _B1 | _U(1), (seed << _U(11) | seed >> _U(53)) ^ _B2 | _U(1)
    at = start
    while end - at >= 16:
        a += eight(body, at) * take_a
        b += eight(body, at + 8) * take_b
        a = (a << _U(31) | a >> _U(33)) * turn_a
        b = (b << _U(29) | b >> _U(35)) * turn_b
        a += b
        b += a << _U(23) | a >> _U(41)
        at += 16
    low = _U(0)
    if end - at >= 8:
        low = eight(body, at)
        at += 8
    high = _U(0)
    shift = _U(0)
    while at < end:
        high |= _U(byte_at(body, at)) << shift
        shift += _U(8)
        at += 1
    a += low * take_a
    b += high * take_b
    a = (a << _U(31) | a >> _U(33)) * turn_a
    b = (b << _U(29) | b >> _U(35)) * turn_b
    a += b
    b += a << _U(23) | a >> _U(41)
    # After the step, where no choice of bytes can cancel it.
    length = _U(end - start) * _B2
    return a ^ length, b + length


@compiled
def _finish(lane: Any) -> Any:
    lane ^= lane >> _U(33)
    lane *= _A2
    lane ^= lane >> _U(29)
    lane *= _B1
    return lane ^ lane >> _U(32)


@compiled
def _sample(body: Any, at: Any, end: Any) -> Any:
    """(status, position, timestamp in ms as unsigned, value bits) of one Sample message."""
    bits = _U(0)
    ts = _U(0)
    # The quick road: value, then timestamp, and nothing else, as every real sender writes it.
    if end - at > 10 and byte_at(body, at) == 0x09 and byte_at(body, at + 9) == 0x10:
        status, ts, stop = _varint(body, at + 10, end)
        if status == OK and stop == end:
            return OK, stop, ts, eight(body, at + 1)
        ts = _U(0)
    while at < end:
        status, number, wire, start, stop, value = _tag(body, at, end)
        if status != OK:
            return status, start, ts, bits
        if number == 1:
            if wire != 1:
                return WRONG_WIRE, start, ts, bits
            bits = eight(body, start)
        elif number == 2:
            if wire != 0:
                return WRONG_WIRE, start, ts, bits
            ts = value
        at = stop
    return OK, at, ts, bits


@compiled
def scan(
    body: Any,
    seed: Any,
    keys: Any,
    counts: Any,
    spans: Any,
    ts_ms: Any,
    bits: Any,
    metadata: Any,
    told: Any,
    shapes: Any,
    tally: Any,
) -> Any:
    """Fill the arrays from `body` (uint8); returns OK, MORE_… (call again with a longer array) or a fault.

    `keys` uint64[s, 2] label hashes, `counts` int64[s] samples per series, `spans` int64[s, 2] the bytes of each
    TimeSeries up to its last label, `metadata` int64[m, 2] the bytes of each metadata message, `ts_ms` int64[n],
    `bits` uint64[n], `told` int64[e, 3] the series and the bytes of each exemplar, `shapes` int64[h, 3] those of each
    native histogram, `tally` int64[TALLY_SLOTS]: how much of each was filled, and the byte of a fault. Arrays bound
    what is written; nothing is written beyond them.
    """
    total = len(body)
    series = samples = described = exemplars = histograms = 0
    at = 0
    status = OK
    while at < total:
        status, number, wire, start, stop, _value = _tag(body, at, total)
        tally[AT] = at
        if status != OK:
            return status
        at = stop
        if number == 3:
            if wire != 2:
                return WRONG_WIRE
            if described >= len(metadata):
                return MORE_METADATA
            metadata[described, 0] = start
            metadata[described, 1] = stop
            described += 1
            continue
        if number != 1:
            continue
        if wire != 2:
            return WRONG_WIRE
        if series >= len(keys):
            return MORE_SERIES
        a = seed
        b = ~seed
        held = 0
        # Label fields follow each other: they are hashed as one run, and a run ends where another field begins.
        run_start = run_end = start
        pos = start
        while pos < stop:
            # The quick road: a label or a sample shorter than 128 bytes, which is nearly all of them.
            if (
                stop - pos >= 2
                and (byte_at(body, pos) == 0x0A or byte_at(body, pos) == 0x12)
                and byte_at(body, pos + 1) < 0x80
            ):
                number = np.int64(byte_at(body, pos) >> 3)
                wire = 2
                inner_start = pos + 2
                inner_stop = inner_start + np.int64(byte_at(body, pos + 1))
                if inner_stop > stop:
                    tally[AT] = pos
                    return TRUNCATED
            else:
                status, number, wire, inner_start, inner_stop, _value = _tag(body, pos, stop)
                if status != OK:
                    tally[AT] = pos
                    return status
            if number >= 1 and number <= 4 and wire != 2:
                tally[AT] = pos
                return WRONG_WIRE
            if number == 1:
                if pos != run_end:
                    if run_end > run_start:
                        a, b = _hash(body, run_start, run_end, a, b, seed)
                    run_start = pos
                run_end = inner_stop
            elif number == 2:
                if samples >= len(ts_ms):
                    return MORE_SAMPLES
                status, where, ts, value_bits = _sample(body, inner_start, inner_stop)
                if status != OK:
                    tally[AT] = where
                    return status
                ts_ms[samples] = np.int64(ts)
                bits[samples] = value_bits
                samples += 1
                held += 1
            elif number == 3:
                if exemplars >= len(told):
                    return MORE_EXEMPLARS
                told[exemplars, 0] = series
                told[exemplars, 1] = inner_start
                told[exemplars, 2] = inner_stop
                exemplars += 1
            elif number == 4:
                if histograms >= len(shapes):
                    return MORE_HISTOGRAMS
                shapes[histograms, 0] = series
                shapes[histograms, 1] = inner_start
                shapes[histograms, 2] = inner_stop
                histograms += 1
            pos = inner_stop
        if run_end > run_start:
            a, b = _hash(body, run_start, run_end, a, b, seed)
        keys[series, 0] = _finish(a)
        keys[series, 1] = _finish(b)
        counts[series] = held
        spans[series, 0] = start
        spans[series, 1] = run_end
        series += 1
    tally[SERIES] = series
    tally[SAMPLES] = samples
    tally[METADATA] = described
    tally[EXEMPLARS] = exemplars
    tally[HISTOGRAMS] = histograms
    return OK


@compiled
def find(keys: Any, slots: Any, slot_ids: Any, slot_states: Any, ids: Any, states: Any, missing: Any) -> Any:
    """Look every key up in an open-addressing table of 2^k slots; returns how many are missing.

    `states` uint8[s]: 0 missing, else what the table holds; `missing` int64[s] the indexes of those not found.
    """
    mask = _U(len(slots) - 1)
    lost = 0
    for index in range(len(keys)):
        a = keys[index, 0]
        b = keys[index, 1]
        slot = a & mask
        states[index] = 0
        # The table is never full (its owner keeps half of it free), so the walk meets an empty slot.
        while slot_states[slot] != 0:
            if slots[slot, 0] == a and slots[slot, 1] == b:
                ids[index] = slot_ids[slot]
                states[index] = slot_states[slot]
                break
            slot = slot + _U(1) & mask
        if states[index] == 0:
            missing[lost] = index
            lost += 1
    return lost


@compiled
def put(keys: Any, ids: Any, states: Any, slots: Any, slot_ids: Any, slot_states: Any) -> Any:
    """Write entries into the table; returns how many of them were new. The owner has made sure that they fit."""
    mask = _U(len(slots) - 1)
    added = 0
    for index in range(len(keys)):
        if states[index] == 0:
            continue
        a = keys[index, 0]
        b = keys[index, 1]
        slot = a & mask
        while slot_states[slot] != 0 and not (slots[slot, 0] == a and slots[slot, 1] == b):
            slot = slot + _U(1) & mask
        if slot_states[slot] == 0:
            added += 1
        slots[slot, 0] = a
        slots[slot, 1] = b
        slot_ids[slot] = ids[index]
        slot_states[slot] = states[index]
    return added
