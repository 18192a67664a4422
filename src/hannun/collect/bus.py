"""A connection to the system's D-Bus, for one question after the other. Blocking, with a time limit on all of it."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Sequence
from types import TracebackType

from hannun.model.errors import WireError
from hannun.wire.dbus import ERROR, HEAD_BYTES, RETURN, Call, Message, decode_message, encode_call, message_bytes

_AT_ONCE = 32
"""Calls under way: enough to hide the round trips, few enough that neither side's socket buffer fills up."""


class Bus:
    """`with Bus(path) as bus`. Raises OSError (refused, timed out) and WireError (the peer speaks something else)."""

    def __init__(self, path: str, timeout_s: float = 2.0) -> None:
        self._deadline_s = time.monotonic() + timeout_s
        self._serial = 0
        self._received = bytearray()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._wait()
            self._socket.connect(path)
            self._authenticate()
            hello = Call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "Hello")
            self.ask([hello])
        except BaseException:
            self._socket.close()
            raise

    def __enter__(self) -> Bus:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def ask(self, calls: Sequence[Call]) -> list[Message]:
        """The reply to each call, in their order; a call that failed has a reply with `error`."""
        replies: list[Message] = []
        for start in range(0, len(calls), _AT_ONCE):
            replies.extend(self._ask(calls[start : start + _AT_ONCE]))
        return replies

    def _ask(self, calls: Sequence[Call]) -> list[Message]:
        first = self._serial + 1
        self._serial += len(calls)
        self._wait()
        self._socket.sendall(b"".join(encode_call(call, first + number) for number, call in enumerate(calls)))
        replies: dict[int, Message] = {}
        while len(replies) < len(calls):
            message = self._read()
            if message.type in (RETURN, ERROR) and first <= message.reply_serial <= self._serial:
                replies[message.reply_serial] = message
        return [replies[first + number] for number in range(len(calls))]

    def _authenticate(self) -> None:
        uid = str(os.geteuid()).encode("ascii").hex()
        self._socket.sendall(f"\0AUTH EXTERNAL {uid}\r\n".encode("ascii"))
        while b"\r\n" not in self._received:
            if len(self._received) > 1024:
                raise WireError("D-Bus: no answer to the authentication")
            self._receive()
        answer, _, rest = bytes(self._received).partition(b"\r\n")
        if not answer.startswith(b"OK"):
            raise WireError(f"D-Bus: authentication was answered {answer[:80]!r}")
        self._received = bytearray(rest)
        self._socket.sendall(b"BEGIN\r\n")

    def _read(self) -> Message:
        while len(self._received) < HEAD_BYTES:
            self._receive()
        size = message_bytes(bytes(self._received[:HEAD_BYTES]))
        while len(self._received) < size:
            self._receive()
        message = decode_message(bytes(self._received[:size]))
        del self._received[:size]
        return message

    def _receive(self) -> None:
        self._wait()
        chunk = self._socket.recv(1 << 16)
        if not chunk:
            raise ConnectionError("D-Bus: the bus closed the connection")
        self._received += chunk

    def _wait(self) -> None:
        left_s = self._deadline_s - time.monotonic()
        if left_s <= 0:
            raise TimeoutError("D-Bus: no answer in time")
        self._socket.settimeout(left_s)
