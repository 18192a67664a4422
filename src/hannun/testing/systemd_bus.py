"""A D-Bus with a systemd on it, as much as a collector asks for: authentication, Hello, ListUnits, properties."""

from __future__ import annotations

import socket
import struct
import threading
from pathlib import Path
from types import TracebackType

UNITS = (
    ("nginx.service", "loaded", "active"),
    ("backup.service", "loaded", "failed"),
    ("gone.service", "not-found", "inactive"),
    ("docker.socket", "loaded", "active"),
    ("logrotate.timer", "loaded", "active"),
    ("home.mount", "loaded", "active"),
    ("multi-user.target", "loaded", "active"),
)
TEXTS = {"SystemState": "degraded", "Version": "252.22-1~deb12u1", "Type": "notify", "Result": "success"}
NUMBERS = {
    "NAccepted": ("u", 7),
    "NConnections": ("u", 2),
    "NRefused": ("u", 1),
    "LastTriggerUSec": ("t", 1_795_000_000_000_000),
}


def string(text: str) -> bytes:
    raw = text.encode()
    return struct.pack("<I", len(raw)) + raw + b"\0"


def pad(data: bytes, size: int) -> bytes:
    return data + b"\0" * (-len(data) % size)


def message(kind: int, reply_to: int, signature: str, body: bytes, error: str = "") -> bytes:
    fields = b"\x05\x01u\0" + struct.pack("<I", reply_to)
    if error:
        fields = pad(fields, 8) + b"\x04\x01s\0" + string(error)
    if signature:
        fields = pad(fields, 8) + b"\x08\x01g\0" + bytes([len(signature)]) + signature.encode() + b"\0"
    head = struct.pack("<cBBBIII", b"l", kind, 1, 1, len(body), 1, len(fields))
    return head + pad(fields, 8) + body


def variant(kind: str, value: str | int) -> bytes:
    head = b"\x01" + kind.encode() + b"\0"
    if isinstance(value, str):
        return pad(head, 4) + string(value)
    return pad(head, 4) + struct.pack("<I", value) if kind == "u" else pad(head, 8) + struct.pack("<Q", value)


def units() -> bytes:
    rows = b""
    for name, load, active in UNITS:
        rows = pad(rows, 8)
        for text in (name, f"What {name} is", load, active, "sub", "", f"/unit/{name.replace('.', '_')}"):
            rows = pad(rows, 4) + string(text)
        rows = pad(rows, 4) + struct.pack("<I", 0) + string("")
        rows = pad(rows, 4) + string("/")
    # The rows begin at a multiple of 8: four bytes of length, four of padding.
    return struct.pack("<II", len(rows), 0) + rows


def answer(call: bytes) -> bytes:
    """The reply to one call; what it asks is told by the names that stand in it."""
    serial = struct.unpack_from("<I", call, 8)[0]
    if b"\0Hello\0" in call:
        return message(2, serial, "s", string(":1.7"))
    if b"\0ListUnits" in call:
        return message(2, serial, "a(ssssssouso)", units())
    for name, text in TEXTS.items():
        if f"{name}\0".encode() in call:
            return message(2, serial, "v", variant("s", text))
    for name, (kind, number) in NUMBERS.items():
        if f"{name}\0".encode() in call:
            return message(2, serial, "v", variant(kind, number))
    return message(3, serial, "s", string("no"), "org.freedesktop.DBus.Error.UnknownMethod")


class FakeBus:
    """Listens at `path` until the block ends. `deaf`: takes connections and never answers."""

    def __init__(self, path: Path, *, deaf: bool = False) -> None:
        self._deaf = deaf
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(path))
        self._listener.listen(8)
        self._open: list[socket.socket] = []

    def __enter__(self) -> FakeBus:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for connection in (self._listener, *self._open):
            connection.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            if not self._deaf:
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            stream = connection.makefile("rwb")
            while (line := stream.readline()) and not line.startswith(b"BEGIN"):
                words = line.lstrip(b"\0")
                if words.startswith(b"AUTH EXTERNAL"):
                    stream.write(b"OK 1234deadbeef\r\n")
                elif words.startswith(b"AUTH"):
                    stream.write(b"REJECTED EXTERNAL\r\n")
                else:
                    stream.write(b"ERROR\r\n")
                stream.flush()
            while len(head := stream.read(16)) == 16:
                body, _, fields = struct.unpack_from("<III", head, 4)
                call = head + stream.read(fields + (-fields % 8) + body)
                if b"\0ListUnits" in call:
                    # A signal between the replies must not disturb.
                    stream.write(message(4, 0, "s", string("NameAcquired")))
                stream.write(answer(call))
                stream.flush()
        except (OSError, ValueError):
            return
