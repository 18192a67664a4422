"""D-Bus messages: calls with string arguments out, replies in. Enough to ask systemd how its units are.

Follows the D-Bus specification 0.43, "Message Protocol" and "Marshaling": every value is aligned to its size counted
from the start of the message; little-endian out, both in. Signals and file descriptors are none of our business.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

from hannun.model.errors import TooLarge, WireError

HEAD_BYTES = 16
MESSAGE_BYTES_MAX = 16 << 20
_DEPTH_MAX = 32
_CALL, RETURN, ERROR, SIGNAL = 1, 2, 3, 4
_PATH, _INTERFACE, _MEMBER, _ERROR_NAME, _REPLY_SERIAL, _DESTINATION, _SENDER, _SIGNATURE = range(1, 9)
_NUMBERS = {"y": "B", "b": "I", "n": "h", "q": "H", "i": "i", "u": "I", "x": "q", "t": "Q", "d": "d", "h": "I"}
_ALIGNMENT = {"y": 1, "g": 1, "v": 1, "n": 2, "q": 2, "x": 8, "t": 8, "d": 8, "(": 8, "{": 8}


@dataclass(frozen=True, slots=True)
class Call:
    """A method call whose arguments are all strings."""

    destination: str
    path: str
    interface: str
    member: str
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Message:
    """`error` is the error's name in an error reply and empty otherwise. `values`: the decoded body."""

    type: int
    reply_serial: int
    error: str
    values: tuple[Any, ...]


def encode_call(call: Call, serial: int) -> bytes:
    """`serial` is not 0; the reply names it."""
    body = b""
    for argument in call.arguments:
        body += _pad(len(body), 4) + _string(argument)
    fields = b""
    named = [(_PATH, "o", call.path), (_INTERFACE, "s", call.interface), (_MEMBER, "s", call.member)]
    named.append((_DESTINATION, "s", call.destination))
    for code, kind, text in named:
        fields += _pad(len(fields), 8) + bytes([code]) + _signature(kind)
        fields += _pad(len(fields), 4) + _string(text)
    if call.arguments:
        fields += _pad(len(fields), 8) + bytes([_SIGNATURE]) + _signature("g") + _signature("s" * len(call.arguments))
    head = struct.pack("<cBBBIII", b"l", _CALL, 0, 1, len(body), serial, len(fields))
    return head + fields + _pad(len(fields), 8) + body


def message_bytes(head: bytes) -> int:
    """Length of the whole message that begins with these HEAD_BYTES. Raises WireError, and TooLarge over the bound."""
    order = _order(head)
    body, _, fields = struct.unpack_from(f"{order}III", head, 4)
    size = HEAD_BYTES + fields + (-fields % 8) + body
    if size > MESSAGE_BYTES_MAX:
        raise TooLarge(f"D-Bus message of {size} bytes; at most {MESSAGE_BYTES_MAX} are taken")
    return int(size)


def decode_message(data: bytes) -> Message:
    """One whole message. Raises WireError."""
    order = _order(data)
    fields_bytes = struct.unpack_from(f"{order}I", data, 12)[0]
    end = HEAD_BYTES + fields_bytes
    if end > len(data):
        raise WireError("D-Bus: header is longer than the message")
    reader = _Reader(data, order, HEAD_BYTES)
    reply_serial, error, signature = 0, "", ""
    while reader.at < end:
        reader.align(8)
        code, (_, value) = reader.one("y"), reader.variant(0)
        if code == _REPLY_SERIAL and isinstance(value, int):
            reply_serial = value
        elif code == _ERROR_NAME and isinstance(value, str):
            error = value
        elif code == _SIGNATURE and isinstance(value, str):
            signature = value
    reader.align(8)
    body = _Reader(data[reader.at :], order, 0)
    return Message(data[1], reply_serial, error, tuple(body.all(signature, 0)))


class _Reader:
    def __init__(self, data: bytes, order: str, at: int) -> None:
        self._data = data
        self._order = order
        self.at = at

    def align(self, size: int) -> None:
        self.at += -self.at % size

    def one(self, kind: str) -> Any:
        """A value of a basic type."""
        if kind in _NUMBERS:
            form = self._order + _NUMBERS[kind]
            size = struct.calcsize(form)
            self.align(size)
            (value,) = self._unpack(form, size)
            return bool(value) if kind == "b" else value
        if kind in "so":
            self.align(4)
            return self._text(self._unpack(f"{self._order}I", 4)[0])
        if kind == "g":
            return self._text(self._unpack("B", 1)[0])
        raise WireError(f"D-Bus: unknown type {kind!r}")

    def variant(self, depth: int) -> tuple[str, Any]:
        signature = self.one("g")
        values = self.all(signature, depth + 1)
        if len(values) != 1:
            raise WireError(f"D-Bus: a variant of signature {signature!r}")
        return signature, values[0]

    def all(self, signature: str, depth: int) -> list[Any]:
        """Values of every complete type of `signature`, one after the other."""
        if depth > _DEPTH_MAX:
            raise WireError(f"D-Bus: nested deeper than {_DEPTH_MAX}")
        values: list[Any] = []
        place = 0
        while place < len(signature):
            end = type_end(signature, place)
            values.append(self._value(signature[place:end], depth))
            place = end
        return values

    def _value(self, kind: str, depth: int) -> Any:
        if kind == "v":
            return self.variant(depth)[1]
        if kind[0] == "a":
            return self._array(kind[1:], depth)
        if kind[0] in "({":
            self.align(8)
            return tuple(self.all(kind[1:-1], depth + 1))
        return self.one(kind)

    def _array(self, kind: str, depth: int) -> list[Any]:
        size = self.one("u")
        self.align(_ALIGNMENT.get(kind[0], 4))
        end = self.at + size
        if end > len(self._data):
            raise WireError("D-Bus: an array is longer than the message")
        values: list[Any] = []
        while self.at < end:
            before = self.at
            values.append(self._value(kind, depth + 1))
            if self.at == before:  # Values of no length would never come to the end.
                raise WireError(f"D-Bus: an array of {kind!r}")
        return values

    def _text(self, size: int) -> str:
        raw = self._data[self.at : self.at + size]
        if len(raw) < size:
            raise WireError("D-Bus: a string is longer than the message")
        self.at += size + 1
        return raw.decode("utf-8", "replace")

    def _unpack(self, form: str, size: int) -> tuple[Any, ...]:
        if self.at + size > len(self._data):
            raise WireError("D-Bus: the message ends within a value")
        values = struct.unpack_from(form, self._data, self.at)
        self.at += size
        return values


def type_end(signature: str, place: int) -> int:
    """Where the complete type that begins at `place` ends. Raises WireError when it does not."""
    nested = 0
    while place < len(signature):
        sign = signature[place]
        place += 1
        if sign in "({":
            nested += 1
        elif sign in ")}":
            nested -= 1
        if sign == "a":
            continue
        if nested <= 0:
            if nested < 0 or (sign in ")}" and signature[place - 2] in "({"):
                break
            return place
    raise WireError(f"D-Bus: signature {signature!r} does not end")


def _order(data: bytes) -> str:
    if len(data) < HEAD_BYTES or data[:1] not in (b"l", b"B") or data[3] != 1:
        raise WireError("D-Bus: this is no message of protocol version 1")
    return "<" if data[:1] == b"l" else ">"


def _pad(length: int, size: int) -> bytes:
    return b"\0" * (-length % size)


def _string(text: str) -> bytes:
    raw = text.encode("utf-8", "replace")
    return struct.pack("<I", len(raw)) + raw + b"\0"


def _signature(text: str) -> bytes:
    return bytes([len(text)]) + text.encode("ascii") + b"\0"
