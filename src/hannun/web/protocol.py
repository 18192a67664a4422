"""What one connection may cost, below the application: uvicorn's HTTP protocol with the bounds it lacks.

A head must arrive within HEAD_S and HEAD_BYTES_MAX however slowly it drips, a client that stops reading is cut off
after STALLED_S, and connections beyond the bound get a 503 and are closed at once instead of waiting in memory.
"""

from __future__ import annotations

import asyncio
from asyncio import TimerHandle
from typing import Any, ClassVar

from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from hannun.observe.metrics import counter

HEAD_S = 10.0
STALLED_S = 60.0
HEAD_BYTES_MAX = 64 << 10
TARGET_BYTES_MAX = 48 << 10
HEADERS_MAX = 128
CONNECTIONS_MAX = 4_096
_REFUSED = counter("hannun_http_connections_refused_total", "Connections cut off by a bound.", ("reason",))
_FULL = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class BoundedProtocol(HttpToolsProtocol):
    """Class attributes are the bounds, so that a test can lower them in a subclass."""

    head_s: ClassVar[float] = HEAD_S
    stalled_s: ClassVar[float] = STALLED_S
    connections_max: ClassVar[int] = CONNECTIONS_MAX  # less where the machine allows fewer open files

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head_timer: TimerHandle | None = None
        self._stalled_timer: TimerHandle | None = None
        self._head_bytes = 0
        self._in_head = True

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self.connections_max:
            self.connections.discard(self)
            self._refuse("too many connections", _FULL)
            return
        self._arm()

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        if self._stalled_timer is not None:
            self._stalled_timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self.transport.is_closing() or self.transport.get_protocol() is not self:
            return  # Closed, or it became a WebSocket, which has bounds of its own.
        if self._in_head and self._head_bytes > HEAD_BYTES_MAX:
            self._refuse("head too large", _too_large(431))
        elif self._idle():
            # Nothing of ours is running, so what drips in is a head, or the rest of a body that nobody reads.
            self._arm()

    def on_message_begin(self) -> None:
        self._in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._disarm()
        self._in_head, self._head_bytes = False, 0
        size = sum(len(name) + len(value) for name, value in self.headers)
        app = self.app
        if len(self.url) > TARGET_BYTES_MAX:
            self.app = _answer(414, b"the request target is too long")
        elif size > HEAD_BYTES_MAX or len(self.headers) > HEADERS_MAX:
            self.app = _answer(431, b"the request head is too large")
        try:
            super().on_headers_complete()
        finally:
            self.app = app

    def on_message_complete(self) -> None:
        self._in_head, self._head_bytes = True, 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self._in_head and not self.transport.is_closing():
            # Answered before the body was read (401, 413): the rest of it has this long to arrive.
            self._arm()

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._stalled_timer is None:
            self._stalled_timer = self.loop.call_later(self.stalled_s, self._abort, "client stopped reading")

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._stalled_timer is not None:
            self._stalled_timer.cancel()
            self._stalled_timer = None

    def _idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _arm(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(self.head_s, self._late)

    def _disarm(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _late(self) -> None:
        self._head_timer = None
        if self._idle():
            self._refuse("head too slow", _too_large(408))

    def _refuse(self, reason: str, answer: bytes) -> None:
        _REFUSED.labels(reason).inc()
        if not self.transport.is_closing():
            self.transport.write(answer)
            self.transport.close()

    def _abort(self, reason: str) -> None:
        _REFUSED.labels(reason).inc()
        self.transport.abort()


def _too_large(status: int) -> bytes:
    phrase = {408: "Request Timeout", 431: "Request Header Fields Too Large"}[status]
    return f"HTTP/1.1 {status} {phrase}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode()


def _answer(status: int, words: bytes) -> Any:
    body = b'{"error": "' + words + b'"}'
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app
