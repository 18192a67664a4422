"""Answers of any size: compressed where the question ran, sent in pieces, never built on the event loop."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

PIECE_BYTES = 256 * 1024
GZIP_BYTES_MIN = 2 * 1024
_GZIP = 31  # zlib's window bits for a gzip frame


@dataclass(frozen=True, slots=True)
class Body:
    """Bytes ready to be sent; `encoding` is "gzip" or ""."""

    data: bytes
    encoding: str = ""


def accepts_gzip(request: Request) -> bool:
    """Whether the client asked for gzip (RFC 9110 §12.5.3, `q=0` is a refusal)."""
    for part in request.headers.get("accept-encoding", "").lower().split(","):
        coding, _, weight = part.strip().partition(";")
        if coding.strip() in ("gzip", "*"):
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def pack(data: bytes, *, gzip: bool) -> Body:
    """Compress when that is wanted and worth it. Call it in the thread of the question: 1 MB takes about 5 ms."""
    if not gzip or len(data) < GZIP_BYTES_MIN:
        return Body(data)
    packer = zlib.compressobj(1, zlib.DEFLATED, _GZIP)
    view = memoryview(data)
    parts = [packer.compress(view[at : at + PIECE_BYTES]) for at in range(0, len(view), PIECE_BYTES)]
    return Body(b"".join([*parts, packer.flush()]), "gzip")


def respond(
    body: Body, status: int = 200, headers: Mapping[str, str] | None = None, media_type: str = "application/json"
) -> Response:
    """A response of known length; a large one goes out in pieces, so that it never fills a socket's buffer at once."""
    sent = {"vary": "Accept-Encoding", **(headers or {})}
    if body.encoding:
        sent["content-encoding"] = body.encoding
    if len(body.data) <= PIECE_BYTES:
        return Response(body.data, status, sent, media_type)
    sent["content-length"] = str(len(body.data))
    return StreamingResponse(_pieces(body.data), status, sent, media_type)


async def _pieces(data: bytes) -> AsyncIterator[bytes]:
    view = memoryview(data)
    for at in range(0, len(view), PIECE_BYTES):
        yield bytes(view[at : at + PIECE_BYTES])
