"""How the kernels of this room are compiled, and the few steps that all of them take over bytes.

Each position is compared with the end of its line before a byte is loaded. numba keeps a caller's machine code by the
date of the caller's own file: whoever changes a function here touches its callers.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hannun.model.compiled import byte_at, compiled, word

__all__ = [
    "HIGHS",
    "LOWER",
    "ONES",
    "byte_at",
    "compiled",
    "copy",
    "head",
    "hex_value",
    "is_digit",
    "is_word",
    "same_letters",
    "word",
]

_U = np.uint64
ONES = np.uint64(0x0101010101010101)
HIGHS = np.uint64(0x8080808080808080)
LOWER = np.uint64(0x2020202020202020)


@compiled
def copy(data: Any, at: Any, count: Any, out: Any, to: Any) -> None:
    """`count` bytes; LLVM makes it one move."""
    start = _U(at)
    target = _U(to)
    for position in range(_U(count)):
        out[target + position] = data[start + position]


@compiled
def head(data: Any, at: Any, end: Any) -> Any:
    """Up to eight bytes of `data[at:end]`, little-endian, zeros behind the end."""
    if end - at >= 8:
        return word(data, at)
    found = _U(0)
    for index in range(end - at):
        found |= _U(byte_at(data, at + index)) << _U(8 * index)
    return found


@compiled
def same_letters(data: Any, at: Any, end: Any, lowered: Any, start: Any, stop: Any) -> Any:
    """Whether `data[at:end]` is `lowered[start:stop]` but for the case of ASCII letters."""
    if end - at != stop - start:
        return False
    for index in range(end - at):
        byte = byte_at(data, at + index)
        if byte >= 0x41 and byte <= 0x5A:
            byte |= 0x20
        if byte != lowered[start + index]:
            return False
    return True


_WORD = np.array([byte == 0x5F or (byte < 0x80 and chr(byte).isalnum()) for byte in range(256)], dtype=np.bool_)


@compiled
def is_word(byte: Any) -> Any:
    """[A-Za-z0-9_], what a word boundary of RE2 goes by."""
    return _WORD[_U(byte)]


@compiled
def is_digit(byte: Any) -> Any:
    return byte >= 0x30 and byte <= 0x39


@compiled
def hex_value(byte: Any) -> Any:
    """0 to 15, or -1."""
    if byte >= 0x30 and byte <= 0x39:
        return np.int64(byte) - 0x30
    lowered = byte | 0x20
    if lowered >= 0x61 and lowered <= 0x66:
        return np.int64(lowered) - 0x57
    return np.int64(-1)
