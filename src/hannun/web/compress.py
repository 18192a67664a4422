"""gzip for answers, when the caller asks for it and it pays.

Small answers, already packed ones and streams of events stay as they are. Level 1: on JSON it packs to within a few
per cent of level 6 at a third of the time. Big pieces are packed in a thread (zlib gives the lock back), so that a
100 MB answer does not hold up anybody else's.
"""

from __future__ import annotations

import asyncio
import zlib
from typing import TYPE_CHECKING

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hannun.web.static import accepts

if TYPE_CHECKING:
    from zlib import _Compress

BYTES_MIN = 1_024
PIECE_BYTES = 256 << 10
_TYPES = (b"application/json", b"text/", b"application/javascript", b"application/openmetrics-text", b"image/svg+xml")
_GZIP = 16 + zlib.MAX_WBITS


class Compress:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] == "HEAD" or not _asked(scope):
            await self._app(scope, receive, send)
            return
        await self._app(scope, receive, _Packer(send))


class _Packer:
    """Holds the head back until the first piece of the body shows whether packing pays."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None
        self._packing: _Compress | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        if message["type"] != "http.response.body":
            await self._send(message)
            return
        body, more = message.get("body", b""), message.get("more_body", False)
        if self._start is not None:
            start, self._start = self._start, None
            if _packable(start) and (more or len(body) >= BYTES_MIN):
                self._packing = zlib.compressobj(1, zlib.DEFLATED, _GZIP)
                start = _packed_head(start)
            await self._send(start)
        if self._packing is None:
            await self._send(message)
            return
        await self._send_packed(self._packing, body, more)

    async def _send_packed(self, packing: _Compress, body: bytes, more: bool) -> None:
        if len(body) <= PIECE_BYTES:
            packed = packing.compress(body)
            # A streamed piece is flushed: whoever waits for a line of progress gets it now.
            packed += packing.flush(zlib.Z_SYNC_FLUSH) if more else packing.flush()
            await self._send({"type": "http.response.body", "body": packed, "more_body": more})
            return
        view = memoryview(body)
        for at in range(0, len(view), PIECE_BYTES):
            packed = await asyncio.to_thread(packing.compress, view[at : at + PIECE_BYTES])
            if packed:
                await self._send({"type": "http.response.body", "body": packed, "more_body": True})
        tail = packing.flush(zlib.Z_SYNC_FLUSH) if more else packing.flush()
        await self._send({"type": "http.response.body", "body": tail, "more_body": more})


def _asked(scope: Scope) -> bool:
    return any(
        name == b"accept-encoding" and accepts(value.decode("latin-1"), "gzip") for name, value in scope["headers"]
    )


def _packable(start: Message) -> bool:
    headers = {name.lower(): value for name, value in start.get("headers", ())}
    media_type = headers.get(b"content-type", b"").lower()
    return (
        start["status"] not in (204, 206, 304)
        and b"content-encoding" not in headers
        and media_type.startswith(_TYPES)
        and not media_type.startswith(b"text/event-stream")
    )


def _packed_head(start: Message) -> Message:
    kept = [
        (name, value) for name, value in start.get("headers", ()) if name.lower() not in (b"content-length", b"etag")
    ]
    return {**start, "headers": [*kept, (b"content-encoding", b"gzip"), (b"vary", b"accept-encoding")]}
