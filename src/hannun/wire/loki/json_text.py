"""Compiled steps over JSON's signs and strings, for the scan of a push.

A position is compared with the end before a byte is loaded. What is no strict JSON is BAD, never an exception.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hannun.wire.compiled import byte_at, compiled, word

BAD = -1
_U = np.uint64
_ONES, _HIGHS = np.uint64(0x0101010101010101), np.uint64(0x8080808080808080)
_QUOTES, _SLASHES = _ONES * np.uint64(0x22), _ONES * np.uint64(0x5C)
_SPACES = _ONES * np.uint64(0x20)


@compiled
def _put(text: Any, at: Any, eight: Any) -> None:
    first = _U(at)
    for index in range(8):
        text[first + _U(index)] = np.uint8(eight >> _U(8 * index) & _U(0xFF))


@compiled
def space(body: Any, at: Any, end: Any) -> Any:
    while at < end:
        byte = byte_at(body, at)
        if byte != 0x20 and byte != 0x0A and byte != 0x0D and byte != 0x09:
            break
        at += 1
    return at


@compiled
def sign(body: Any, at: Any, end: Any, wanted: Any) -> Any:
    """The position behind the byte `wanted`, with space around it; BAD when something else stands there."""
    at = space(body, at, end)
    if at >= end or byte_at(body, at) != wanted:
        return np.int64(BAD)
    return space(body, at + 1, end)


@compiled
def starts(body: Any, at: Any, end: Any, wanted: Any) -> Any:
    if end - at < len(wanted):
        return False
    for index in range(len(wanted)):  # noqa: SIM110 - the compiler knows no generators
        if byte_at(body, at + index) != wanted[index]:
            return False
    return True


@compiled
def _hex_4(body: Any, at: Any, end: Any) -> Any:
    if end - at < 4:
        return np.int64(BAD)
    unit = np.int64(0)
    for position in range(at, at + 4):
        byte = byte_at(body, position)
        digit = np.int64(byte) - 0x30 if byte <= 0x39 else np.int64(byte | 0x20) - 0x57
        if byte < 0x30 or digit < 0 or digit > 15 or (byte > 0x39 and digit < 10):
            return np.int64(BAD)
        unit = 16 * unit + digit
    return unit


@compiled
def string(body: Any, at: Any, end: Any, text: Any, out: Any) -> Any:
    """(position behind the closing quote or BAD, end of what was written) of the string whose inside begins at `at`.

    `text` is as long as the body, and no escape is shorter than what it stands for: there is room, also for the eight
    bytes that are written at once, because the closing quote and seven more were read before.
    """
    while at < end:
        while end - at >= 8:
            eight = word(body, at)
            quotes = eight ^ _QUOTES
            slashes = eight ^ _SLASHES
            found = (quotes - _ONES) & ~quotes | (slashes - _ONES) & ~slashes | (eight - _SPACES) & ~eight
            found &= _HIGHS
            _put(text, out, eight)
            if found:
                # The lowest bit is that of the first byte that ends the run; those above it may be carried over.
                run = ((((found & ~found + _U(1)) - _U(1)) & _ONES) * _ONES >> _U(56)) - _U(1)
                at += np.int64(run)
                out += np.int64(run)
                break
            at += 8
            out += 8
        byte = byte_at(body, at)
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
        byte = byte_at(body, at)
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
                low = np.int64(BAD)
                if code < 0xDC00 and end - at >= 6 and byte_at(body, at) == 0x5C and byte_at(body, at + 1) == 0x75:
                    low = _hex_4(body, at + 2, end)
                if low >= 0xDC00 and low < 0xE000:
                    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)
                    at += 6
                else:
                    code = np.int64(0xFFFD)
            out = _letter(text, out, code)
        else:
            break
    return np.int64(BAD), out


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
