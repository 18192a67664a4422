"""Lines as they were sent -> a column of valid UTF-8 with a bound on each line.

Bytes that are no UTF-8 become U+FFFD, one for each maximal broken sequence, exactly as Python's and browsers' decoders
do it. A line beyond its bound keeps its beginning and says how long it was: whoever reads it sees that it was cut.
`plain.tidy` is the meaning.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hannun.model.log import TextColumn
from hannun.process.logs.compiled import HIGHS, byte_at, compiled, copy, word

LINE_BYTES_MAX = 256 << 10
"""Loki's `max_line_size`; beyond it Loki throws the line away, we keep so much of it."""
REMARK = (" … [cut: the line had ", " bytes]")
_BEFORE = np.frombuffer(REMARK[0].encode(), dtype=np.uint8)
_BEHIND = np.frombuffer(REMARK[1].encode(), dtype=np.uint8)
NO_LIMIT = 1 << 62
_FINE, _BROKEN = 0, 1


@dataclass(frozen=True, slots=True, eq=False)
class Tidied:
    """`cut` and `mended`: how many lines were shortened, and how many were no UTF-8."""

    column: TextColumn
    cut: int = 0
    mended: int = 0


def tidy(text: NDArray[np.uint8], spans: NDArray[np.int64], bytes_max: int = LINE_BYTES_MAX) -> Tidied:
    """The lines `text[start:end]` of `spans` int64[n, 2] as a column; their own bytes where nothing changes."""
    offsets = np.zeros(len(spans) + 1, dtype=np.int64)
    flags = np.zeros(len(spans), dtype=np.uint8)
    ends = np.empty(len(spans), dtype=np.int64)
    cut, mended, joined = _measure(text, spans, bytes_max, ends, flags, offsets[1:])
    # Bytes that may not be written have another type for compiled code: nobody behind here is compiled for it.
    if joined and not cut and not mended and text.flags.writeable:
        first = int(spans[0, 0]) if len(spans) else 0
        return Tidied(TextColumn(text[first : first + int(offsets[-1])], offsets))
    data = np.empty(int(offsets[-1]), dtype=np.uint8)
    _gather(text, spans, ends, flags, offsets, data)
    return Tidied(TextColumn(data, offsets), int(cut), int(mended))


@compiled
def sequence(text: Any, at: Any, end: Any) -> Any:
    """The width of the valid sequence at `at`, or minus the width of the broken one."""
    lead = byte_at(text, at)
    if lead < 0x80:
        return 1
    if lead < 0xC2 or lead > 0xF4:
        return -1
    needed = 1 if lead < 0xE0 else 2 if lead < 0xF0 else 3
    low = 0xA0 if lead == 0xE0 else 0x90 if lead == 0xF0 else 0x80
    high = 0x9F if lead == 0xED else 0x8F if lead == 0xF4 else 0xBF
    for index in range(1, needed + 1):
        if at + index >= end or byte_at(text, at + index) < low or byte_at(text, at + index) > high:
            return -index
        low = 0x80
        high = 0xBF
    return needed + 1


@compiled
def _broken(text: Any, at: Any, end: Any) -> Any:
    """How many bytes longer the mended text is than its own; -1: nothing is broken."""
    more = np.int64(0)
    any_broken = False
    while at < end:
        if end - at >= 8 and word(text, at) & HIGHS == 0:
            at += 8
            continue
        width = sequence(text, at, end)
        if width < 0:
            any_broken = True
            more += 3 + width
            width = -width
        at += width
    return more if any_broken else np.int64(-1 << 62)


@compiled
def _digits(number: Any) -> Any:
    count = 1
    while number >= 10:
        number //= 10
        count += 1
    return count


@compiled
def _measure(text: Any, spans: Any, bytes_max: Any, ends: Any, flags: Any, totals: Any) -> Any:
    """Fill where each line ends, whether it is broken, and the running total; (cut, mended, lines lie in one run)."""
    total = np.int64(0)
    cut = mended = 0
    joined = True
    for index in range(len(spans)):
        start = spans[index, 0]
        end = spans[index, 1]
        if index and start != spans[index - 1, 1]:
            joined = False
        if end - start > bytes_max:
            cut += 1
            total += len(_BEFORE) + _digits(end - start) + len(_BEHIND)
            end = start + bytes_max
            # Not in the middle of a character: at most three bytes of it can lie before the end.
            for _ in range(3):
                if end > start and byte_at(text, end) & 0xC0 == 0x80:
                    end -= 1
        more = _broken(text, start, end)
        if more != -1 << 62:
            flags[index] = _BROKEN
            mended += 1
            total += more
        ends[index] = end
        total += end - start
        totals[index] = total
    return cut, mended, joined


@compiled
def _gather(text: Any, spans: Any, ends: Any, flags: Any, offsets: Any, data: Any) -> None:
    for index in range(len(spans)):
        out = offsets[index]
        at = spans[index, 0]
        end = ends[index]
        if flags[index] == _FINE:
            copy(text, at, end - at, data, out)
            out += end - at
        else:
            while at < end:
                width = sequence(text, at, end)
                if width > 0:
                    copy(text, at, width, data, out)
                    out += width
                    at += width
                else:
                    data[out] = 0xEF
                    data[out + 1] = 0xBF
                    data[out + 2] = 0xBD
                    out += 3
                    at -= width
        if end != spans[index, 1]:
            copy(_BEFORE, 0, len(_BEFORE), data, out)
            out += len(_BEFORE)
            number = spans[index, 1] - spans[index, 0]
            count = _digits(number)
            for position in range(count):
                data[out + count - 1 - position] = 0x30 + number % 10
                number //= 10
            out += count
            copy(_BEHIND, 0, len(_BEHIND), data, out)
