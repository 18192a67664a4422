"""Compiled scan of a page of known lines: compare the series text, read the number, go on. No Python object per line.

Compiled code that reads bytes a stranger sent can read out of bounds, so one rule holds everywhere below: a position is
compared with the end of the page before a byte is loaded. `lines.py` is the meaning. This scan only goes past a line
when that reader once read the same series text in the same dialect and all the rest of the line is of the plainest
kind; it hands back every other line. A fuzz test holds both together.

Texts lie behind each other in `arena`; an entry is its text's start, length, hash and kind. Tables are looked up by
hash and then compared byte by byte, so a collision costs time and is never a mistake.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hannun.wire.compiled import compiled
from hannun.wire.compiled import word as eight
from hannun.wire.exposition_text.number import read_number

# Why the scan stopped.
DONE, ASK, MORE_LINES, MORE_MARKS = 0, 1, 2, 3
# Slots of the cursor: where it is, what it has filled, which line of the last page to expect, the mode.
AT, ROW, LINE, MARK, EXPECT, MODE = 0, 1, 2, 3, 4, 5
CURSOR_SLOTS = 6
# Slots of the tally that `enter` keeps: entries ever used, entries free again, bytes of the arena in use.
USED, FREED, BYTES = 0, 1, 2
TALLY_SLOTS = 3

# Kinds of entries: a series by dialect and mode (which label is a bound there), a comment by dialect and the mode
# that it begins; KEEPS where it begins none.
DIALECT, COMMENT, KEEPS, FREE = 4, 16, 3, 255

_U = np.uint64
_A, _B = np.uint64(0x9E3779B185EBCA87), np.uint64(0xC2B2AE3D27D4EB4F)
_NEWLINE, _TAB, _SPACE, _QUOTE, _HASH, _BACKSLASH = 0x0A, 0x09, 0x20, 0x22, 0x23, 0x5C
_OPEN, _CLOSE, _UNDERSCORE, _COLON, _NINE, _ZERO = 0x7B, 0x7D, 0x5F, 0x3A, 0x39, 0x30
_TIMESTAMP_DIGITS_MAX = 18
_MS_BOUND = 9.2e18


@compiled
def _equal(body: Any, at: Any, arena: Any, start: Any, length: Any) -> Any:
    """The caller has checked that `length` bytes are there in both."""
    done = 0
    while length - done >= 8:
        if eight(body, at + done) != eight(arena, start + done):
            return False
        done += 8
    while done < length:
        if body[at + done] != arena[start + done]:
            return False
        done += 1
    return True


@compiled
def _hash(body: Any, at: Any, stop: Any, seed: Any) -> Any:
    lane = seed ^ _U(stop - at) * _A
    while stop - at >= 8:
        lane += eight(body, at) * _B
        lane = (lane << _U(31) | lane >> _U(33)) * _A
        at += 8
    word = _U(0)
    shift = _U(0)
    while at < stop:
        word |= _U(body[at]) << shift
        shift += _U(8)
        at += 1
    lane += word * _B
    lane = (lane << _U(31) | lane >> _U(33)) * _A
    lane ^= lane >> _U(29)
    lane *= _B
    return lane ^ lane >> _U(32)


@compiled
def _extent(body: Any, at: Any, total: Any) -> Any:
    """The position behind the series text or the comment at `at`, -1 where it is not clear at once."""
    if body[at] == _HASH:
        while at < total and body[at] != _NEWLINE:
            at += 1
        return at
    while at < total:
        byte = body[at]
        letter = byte | 0x20
        named = letter >= 0x61 and letter <= 0x7A  # a to z
        if not (named or (byte >= _ZERO and byte <= _COLON) or byte == _UNDERSCORE):
            break
        at += 1
    if at >= total or body[at] != _OPEN:
        return at
    quoted = False
    while at < total:
        byte = body[at]
        if quoted and byte == _BACKSLASH:
            at += 1
        elif byte == _QUOTE:
            quoted = not quoted
        elif byte == _CLOSE and not quoted:
            return at + 1
        at += 1
    return -1


@compiled
def _find(
    body: Any,
    at: Any,
    stop: Any,
    code: Any,
    kind: Any,
    arena: Any,
    start: Any,
    length: Any,
    kinds: Any,
    hashes: Any,
    slots: Any,
) -> Any:
    """The entry with this text and kind, or -1. Of a comment only the dialect is asked for: its text says the rest."""
    mask = _U(len(slots) - 1)
    slot = code & mask
    # The table is never full (its owner keeps half of it free), so the walk meets an empty slot.
    while slots[slot] != 0:
        entry = slots[slot] - 1
        own = kinds[entry]
        if own >= COMMENT:
            own = own & 0xFC
        same = hashes[entry] == code and length[entry] == stop - at and own == kind
        if same and _equal(body, at, arena, start[entry], length[entry]):
            return entry
        slot = slot + _U(1) & mask
    return -1


@compiled
def _blanks(body: Any, at: Any, total: Any) -> Any:
    while at < total and (body[at] == _SPACE or body[at] == _TAB):
        at += 1
    return at


@compiled
def _text_tail(body: Any, at: Any, total: Any) -> Any:
    """(position behind the line or -1, own time or 0, whether there is one) from behind the value."""
    at = _blanks(body, at, total)
    ms = np.int64(0)
    first = at
    while at < total and body[at] >= _ZERO and body[at] <= _NINE:
        if at - first >= _TIMESTAMP_DIGITS_MAX:
            return -1, ms, False
        ms = ms * 10 + (np.int64(body[at]) - _ZERO)
        at += 1
    has = at > first
    if has:
        at = _blanks(body, at, total)
    if at == total:
        return at, ms, has
    return (at + 1 if body[at] == _NEWLINE else -1), ms, has


@compiled
def _is_exemplar(body: Any, at: Any, total: Any) -> Any:
    return (
        at + 4 <= total
        and body[at] == _SPACE
        and body[at + 1] == _HASH
        and body[at + 2] == _SPACE
        and body[at + 3] == _OPEN
    )


@compiled
def _openmetrics_tail(body: Any, at: Any, total: Any) -> Any:
    """(position behind the line or -1, own time or 0, whether there is one, position of an exemplar or -1)."""
    ms = np.int64(0)
    has = False
    if at < total and body[at] == _SPACE and not _is_exemplar(body, at, total):
        decided, bits, at = read_number(body, at + 1, total)
        if not decided:
            return -1, ms, False, -1
        scaled = np.uint64(bits).view(np.float64) * 1000.0
        if not (scaled > -_MS_BOUND and scaled < _MS_BOUND):
            return -1, ms, False, -1
        ms = np.int64(scaled)
        has = True
    mark = -1
    if _is_exemplar(body, at, total):
        mark = at
        # An exemplar holds no newline, not even in its labels: the plain reader refuses one that does.
        while at < total and body[at] != _NEWLINE:
            at += 1
    if at >= total or body[at] != _NEWLINE:
        return -1, ms, has, mark
    return at + 1, ms, has, mark


@compiled
def scan(
    body: Any,
    openmetrics: Any,
    seed: Any,
    cursor: Any,
    order: Any,
    arena: Any,
    start: Any,
    length: Any,
    kinds: Any,
    hashes: Any,
    place: Any,
    slots: Any,
    sequence: Any,
    index: Any,
    bits: Any,
    ts_ms: Any,
    has_ts: Any,
    marks: Any,
) -> Any:
    """Go on from `cursor` over all lines that are known; returns why it stopped, with the cursor at that line.

    `order` int64[l] entries of the last page line by line, `place` int64[e] where each stands in it or -1. Filled:
    `sequence` int64[l] the entry of each line, and per sample `index` int64[n] its entry, `bits` uint64[n] the value,
    `ts_ms` int64[n], `has_ts` bool[n]; `marks` int64[m, 2] row and position of each exemplar.
    """
    total = len(body)
    at, row, line, mark = cursor[AT], cursor[ROW], cursor[LINE], cursor[MARK]
    expect, mode = cursor[EXPECT], cursor[MODE]
    dialect = DIALECT if openmetrics else 0
    stopped = ASK
    while True:
        if at >= total:
            stopped = ASK if openmetrics else DONE
            break
        if body[at] == _NEWLINE and not openmetrics:
            at += 1
            continue
        if line >= len(sequence):
            stopped = MORE_LINES
            break
        if mark >= len(marks):
            stopped = MORE_MARKS
            break
        wanted = dialect + COMMENT if body[at] == _HASH else dialect + mode
        entry = np.int64(-1)
        if expect < len(order):
            guess = order[expect]
            own = kinds[guess]
            if own >= COMMENT:
                own = own & 0xFC
            stop = at + length[guess]
            same = own == wanted and stop <= total and _equal(body, at, arena, start[guess], length[guess])
            # `up` must not be taken for the beginning of `up_total`.
            if same and (stop == total or body[stop] == _NEWLINE or body[stop] == _SPACE or body[stop] == _TAB):
                entry = np.int64(guess)
        if entry < 0:
            stop = _extent(body, at, total)
            if stop < 0:
                break
            code = _hash(body, at, stop, seed)
            entry = np.int64(_find(body, at, stop, code, wanted, arena, start, length, kinds, hashes, slots))
            if entry < 0:
                break
            if place[entry] >= 0:
                expect = place[entry]
        stop = at + length[entry]
        if wanted >= COMMENT:
            if stop < total:
                if body[stop] != _NEWLINE:
                    break
                stop += 1
            elif openmetrics:
                break
            begins = np.int64(kinds[entry]) & 3
            if begins != KEEPS:
                mode = begins
        else:
            if stop >= total or not (body[stop] == _SPACE or (body[stop] == _TAB and not openmetrics)):
                break
            stop = stop + 1 if openmetrics else _blanks(body, stop, total)
            decided, value, stop = read_number(body, stop, total)
            if not decided:
                break
            exemplar = -1
            if openmetrics:
                stop, ms, has, exemplar = _openmetrics_tail(body, stop, total)
            else:
                # What follows a number of the text format at once belongs to it: `1{`, `1x`.
                if stop < total and body[stop] != _NEWLINE and body[stop] != _SPACE and body[stop] != _TAB:
                    break
                stop, ms, has = _text_tail(body, stop, total)
            if stop < 0:
                break
            index[row] = entry
            bits[row] = value
            ts_ms[row] = ms
            has_ts[row] = has
            if exemplar >= 0:
                marks[mark, 0] = row
                marks[mark, 1] = exemplar
                mark += 1
            row += 1
        sequence[line] = entry
        line += 1
        expect += 1
        at = stop
    cursor[AT], cursor[ROW], cursor[LINE], cursor[MARK] = at, row, line, mark
    cursor[EXPECT], cursor[MODE] = expect, mode
    return stopped


@compiled
def enter(
    texts: Any,
    stops: Any,
    kind: Any,
    seed: Any,
    tally: Any,
    free: Any,
    arena: Any,
    start: Any,
    length: Any,
    kinds: Any,
    hashes: Any,
    place: Any,
    slots: Any,
    entries: Any,
    fresh: Any,
) -> None:
    """Find or make the entry of each text. The owner has made room for all of them in every array.

    `texts` uint8, the texts behind each other; `stops` int64[t] their ends; `kind` uint8[t]. Filled: `entries`
    int64[t] and `fresh` bool[t], true where the entry is new.
    """
    mask = _U(len(slots) - 1)
    at = np.int64(0)
    for row in range(len(stops)):
        stop = stops[row]
        code = _hash(texts, at, stop, seed)
        wanted = kind[row] & 0xFC if kind[row] >= COMMENT else kind[row]
        entry = np.int64(_find(texts, at, stop, code, wanted, arena, start, length, kinds, hashes, slots))
        fresh[row] = entry < 0
        if entry < 0:
            if tally[FREED] > 0:
                tally[FREED] -= 1
                entry = free[tally[FREED]]
            else:
                entry = tally[USED]
                tally[USED] += 1
            start[entry] = tally[BYTES]
            length[entry] = stop - at
            kinds[entry] = kind[row]
            hashes[entry] = code
            place[entry] = -1
            for offset in range(stop - at):
                arena[tally[BYTES] + offset] = texts[at + offset]
            tally[BYTES] += stop - at
            slot = code & mask
            while slots[slot] != 0:
                slot = slot + _U(1) & mask
            slots[slot] = entry + 1
        entries[row] = entry
        at = stop


@compiled
def pack(used: Any, kinds: Any, hashes: Any, start: Any, length: Any, arena: Any, packed: Any, slots: Any) -> Any:
    """Copy the texts of all entries in use into `packed` and enter them into the empty `slots`; returns the bytes."""
    mask = _U(len(slots) - 1)
    filled = np.int64(0)
    for entry in range(used):
        if kinds[entry] == FREE:
            continue
        first = start[entry]
        for offset in range(length[entry]):
            packed[filled + offset] = arena[first + offset]
        start[entry] = filled
        filled += length[entry]
        slot = hashes[entry] & mask
        while slots[slot] != 0:
            slot = slot + _U(1) & mask
        slots[slot] = entry + 1
    return filled
