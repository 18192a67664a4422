"""What a line says where its letters are escaped: `\\uacb0\\uc81c` is 결제, and a search for 결제 must find it.

Python's `json.dumps` escapes everything beyond ASCII, and what wraps such a line in JSON once more (Docker's json-file)
doubles the backslashes; so any run of backslashes before `uXXXX` is one escape. Pairs of surrogates become their
letter. Escapes that hold the line together stay as they are: controls, quote and backslash; a lone surrogate, too.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hannun.model.log import TextColumn
from hannun.process.logs.compiled import HIGHS, ONES, byte_at, compiled, hex_value, word

_SLASHES = ONES * np.uint64(0x5C)


def said(lines: TextColumn) -> TextColumn | None:
    """Each line with its escapes written out, "" where it has none; None when no line has any."""
    escaped = np.zeros(len(lines), dtype=np.bool_)
    room = int(_find(lines.data, lines.offsets, escaped))
    if not room:
        return None
    data = np.empty(room, dtype=np.uint8)
    offsets = np.zeros(len(lines) + 1, dtype=np.int64)
    used = int(_write(lines.data, lines.offsets, escaped, data, offsets))
    return TextColumn(data[:used].copy() if used < room // 2 else data[:used], offsets)


@compiled
def _letter(data: Any, at: Any, end: Any) -> Any:
    """(code point, position behind) of the escape whose backslashes begin at `at`; (-1, behind the backslashes)."""
    while at < end and byte_at(data, at) == 0x5C:
        at += 1
    first = _unit(data, at, end)
    if first < 0x20 or first == 0x22 or first == 0x5C or (first >= 0xDC00 and first < 0xE000):
        return np.int64(-1), at
    if first < 0xD800 or first >= 0xE000:
        # C1 controls would be invisible in what is shown; they are nothing that anybody searches for.
        return (np.int64(-1), at) if first >= 0x7F and first < 0xA0 else (first, at + 5)
    low_at = at + 5
    while low_at < end and byte_at(data, low_at) == 0x5C:
        low_at += 1
    second = _unit(data, low_at, end)
    if low_at == at + 5 or second < 0xDC00 or second >= 0xE000:
        return np.int64(-1), at
    return 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00), low_at + 5


@compiled
def _unit(data: Any, at: Any, end: Any) -> Any:
    """The UTF-16 unit of `uXXXX` at `at`, or -1."""
    if end - at < 5 or byte_at(data, at) != 0x75:
        return np.int64(-1)
    unit = np.int64(0)
    for position in range(at + 1, at + 5):
        digit = hex_value(byte_at(data, position))
        if digit < 0:
            return np.int64(-1)
        unit = 16 * unit + digit
    return unit


@compiled
def _find(data: Any, offsets: Any, escaped: Any) -> Any:
    """Mark the lines that have an escape; the bytes of those lines."""
    total = np.int64(0)
    for index in range(len(offsets) - 1):
        at = offsets[index]
        end = offsets[index + 1]
        while at < end:
            while end - at >= 8:
                slashes = word(data, at) ^ _SLASHES
                if (slashes - ONES) & ~slashes & HIGHS:
                    break
                at += 8
            if byte_at(data, at) != 0x5C:
                at += 1
                continue
            code, at = _letter(data, at, end)
            if code >= 0:
                escaped[index] = True
                total += end - offsets[index]
                break
    return total


@compiled
def _write(data: Any, offsets: Any, escaped: Any, out: Any, out_offsets: Any) -> Any:
    used = np.int64(0)
    for index in range(len(offsets) - 1):
        if escaped[index]:
            at = offsets[index]
            end = offsets[index + 1]
            while at < end:
                if byte_at(data, at) != 0x5C:
                    out[used] = byte_at(data, at)
                    used += 1
                    at += 1
                    continue
                code, behind = _letter(data, at, end)
                if code < 0:
                    while at < behind:
                        out[used] = byte_at(data, at)
                        used += 1
                        at += 1
                    continue
                at = behind
                # At least six bytes went in, at most four come out: `out` has room for the line as it was.
                if code < 0x80:
                    out[used] = code
                    used += 1
                elif code < 0x800:
                    out[used] = 0xC0 | code >> 6
                    out[used + 1] = 0x80 | code & 0x3F
                    used += 2
                elif code < 0x10000:
                    out[used] = 0xE0 | code >> 12
                    out[used + 1] = 0x80 | code >> 6 & 0x3F
                    out[used + 2] = 0x80 | code & 0x3F
                    used += 3
                else:
                    out[used] = 0xF0 | code >> 18
                    out[used + 1] = 0x80 | code >> 12 & 0x3F
                    out[used + 2] = 0x80 | code >> 6 & 0x3F
                    out[used + 3] = 0x80 | code & 0x3F
                    used += 4
        out_offsets[index + 1] = used
    return used
