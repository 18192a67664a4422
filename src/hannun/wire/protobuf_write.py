"""Writes protobuf's wire format: the other half of `protobuf`, for the messages that we send ourselves."""

from __future__ import annotations

import struct
from collections.abc import Iterable


def text(number: int, words: str) -> bytes:
    """A string field; nothing for an empty string, as proto3 writes it."""
    return nested(number, words.encode("utf-8")) if words else b""


def nested(number: int, payload: bytes) -> bytes:
    """A length-delimited field."""
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def whole(number: int, value: int) -> bytes:
    """A varint field; a negative int64 as ten bytes. Nothing for 0, as proto3 writes it."""
    return varint(number << 3) + varint(value % (1 << 64)) if value else b""


def double(number: int, value: float) -> bytes:
    """A fixed64 field of a float, 0 too."""
    return varint(number << 3 | 1) + struct.pack("<d", value)


def packed_zigzag(number: int, values: Iterable[int]) -> bytes:
    """A repeated sint field; nothing for none."""
    payload = b"".join(varint(zigzag(value)) for value in values)
    return nested(number, payload) if payload else b""


def packed_doubles(number: int, values: Iterable[float]) -> bytes:
    """Nothing for none."""
    payload = b"".join(struct.pack("<d", value) for value in values)
    return nested(number, payload) if payload else b""


def zigzag(value: int) -> int:
    """A signed number as sint32 and sint64 carry it."""
    return value << 1 if value >= 0 else (-value << 1) - 1


def varint(value: int) -> bytes:
    """Unsigned; a signed 64-bit number is handed in modulo 2**64."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
