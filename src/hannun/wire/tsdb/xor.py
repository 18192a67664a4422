"""XOR chunks (Gorilla): delta-of-delta times and XORed values, a bit stream. Compiled, with a plain reference.

Compiled code reads bytes a stranger may have written: `_bits` compares its position with the end before every load.
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
from numba import njit

from hannun.model.errors import WireError
from hannun.model.metric import Floats, Ints
from hannun.wire.tsdb.numbers import Bytes

_compiled = njit(nogil=True, cache=True, error_model="numpy")
_U = np.uint64


def decode(data: Bytes) -> tuple[Ints, Floats]:
    """Times in ms and values of one chunk (without its encoding byte). Raises WireError."""
    raw = np.frombuffer(data, dtype=np.uint8)
    if len(raw) < 2:
        raise WireError("chunk: truncated")
    count = int(raw[0]) << 8 | int(raw[1])
    # Every sample but the first takes two bits at least, so a chunk cannot claim more than it has room for.
    if count > 4 * len(raw) + 1:
        raise WireError(f"chunk: {len(raw)} bytes cannot hold {count} samples")
    ts, bits = np.empty(count, np.int64), np.empty(count, np.uint64)
    if _decode(raw, count, ts, bits) < 0:
        raise WireError("chunk: truncated")
    return ts, bits.view(np.float64)


@_compiled
def _bits(raw: Any, at: Any, count: Any) -> Any:
    """(ok, value) of `count` bits (at most 64) from bit `at`."""
    if at + count > len(raw) * 8:
        return False, _U(0)
    value = _U(0)
    left = count
    while left > 0:
        byte = _U(raw[at >> 3])
        free = 8 - (at & 7)
        some = min(free, left)
        piece = (byte >> _U(free - some)) & ((_U(1) << _U(some)) - _U(1))
        value = value << _U(some) | piece
        at += some
        left -= some
    return True, value


@_compiled
def _uvarint(raw: Any, at: Any) -> Any:
    """(ok, value, position)."""
    value = _U(0)
    for index in range(10):
        ok, byte = _bits(raw, at, 8)
        if not ok:
            return False, value, at
        at += 8
        value |= (byte & _U(0x7F)) << _U(7 * index)
        if byte < _U(0x80):
            return True, value, at
    return False, value, at


@_compiled
def _decode(raw: Any, count: Any, ts: Any, bits: Any) -> Any:
    """Fill both columns; -1 where the bits end too early."""
    at = 16
    when = np.int64(0)
    delta = np.int64(0)
    value = _U(0)
    leading: Any = 0
    trailing: Any = 0
    width: Any = 0
    for index in range(count):
        if index == 0:
            ok, word, at = _uvarint(raw, at)
            if not ok:
                return -1
            half = np.int64(word >> _U(1))
            when = -half - 1 if word & _U(1) else half
            ok, value = _bits(raw, at, 64)
            if not ok:
                return -1
            at += 64
            ts[0] = when
            bits[0] = value
            continue
        if index == 1:
            ok, word, at = _uvarint(raw, at)
            if not ok:
                return -1
            delta = np.int64(word)
        else:
            prefix = 0
            while prefix < 4:
                ok, bit = _bits(raw, at, 1)
                if not ok:
                    return -1
                at += 1
                if bit == _U(0):
                    break
                prefix += 1
            size = 0
            if prefix == 1:
                size = 14
            elif prefix == 2:
                size = 17
            elif prefix == 3:
                size = 20
            elif prefix == 4:
                size = 64
            if size > 0:
                ok, word = _bits(raw, at, size)
                if not ok:
                    return -1
                at += size
                more = np.int64(word)
                if size < 64 and more > np.int64(1) << np.int64(size - 1):
                    more -= np.int64(1) << np.int64(size)
                delta += more
        when += delta
        ok, bit = _bits(raw, at, 1)
        if not ok:
            return -1
        at += 1
        if bit == _U(1):
            ok, bit = _bits(raw, at, 1)
            if not ok:
                return -1
            at += 1
            if bit == _U(1):
                ok, word = _bits(raw, at, 11)
                if not ok:
                    return -1
                at += 11
                leading = np.int64(word >> _U(6))
                width = np.int64(word & _U(63))
                if width == 0:
                    width = 64
                trailing = 64 - leading - width
                if trailing < 0:
                    return -1
            width = 64 - leading - trailing
            ok, word = _bits(raw, at, width)
            if not ok:
                return -1
            at += width
            value ^= word << _U(trailing)
        ts[index] = when
        bits[index] = value
    return count


def decode_plain(data: Bytes) -> tuple[list[int], list[float]]:
    """What `decode` means, bit by bit. Raises WireError."""
    stream = _Stream(bytes(data))
    ts: list[int] = []
    values: list[float] = []
    delta = when = bits = leading = trailing = 0
    for index in range(stream.take(16)):
        if index == 0:
            word = stream.uvarint()
            when = -(word >> 1) - 1 if word & 1 else word >> 1
            bits = stream.take(64)
        else:
            if index == 1:
                delta = stream.uvarint()
            else:
                prefix = 0
                while prefix < 4 and stream.take(1):
                    prefix += 1
                size = (0, 14, 17, 20, 64)[prefix]
                more = stream.take(size)
                delta += more - (1 << size) if more > (1 << size) // 2 and size else more
            delta = _signed(delta)
            when = _signed(when + delta)
            if stream.take(1):
                if stream.take(1):
                    leading, width = stream.take(5), stream.take(6) or 64
                    trailing = 64 - leading - width
                    if trailing < 0:
                        raise WireError("chunk: a value wider than 64 bits")
                bits ^= stream.take(64 - leading - trailing) << trailing
        ts.append(when)
        values.append(struct.unpack("<d", struct.pack("<Q", bits))[0])
    return ts, values


def _signed(value: int) -> int:
    value &= 0xFFFF_FFFF_FFFF_FFFF
    return value - (1 << 64) if value >> 63 else value


class _Stream:
    def __init__(self, data: bytes) -> None:
        self._number = int.from_bytes(data, "big")
        self._left = 8 * len(data)

    def take(self, count: int) -> int:
        if count > self._left:
            raise WireError("chunk: truncated")
        self._left -= count
        return self._number >> self._left & ((1 << count) - 1)

    def uvarint(self) -> int:
        value = 0
        for index in range(10):
            byte = self.take(8)
            value |= (byte & 0x7F) << (7 * index)
            if byte < 0x80:
                return value & 0xFFFF_FFFF_FFFF_FFFF
        raise WireError("chunk: number longer than 64 bits")
