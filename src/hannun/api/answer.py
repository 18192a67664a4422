"""Answers of any size: compressed where the question ran, sent in pieces, never joined into one.

Joining or copying a hundred megabytes holds the interpreter for as long as it takes, so an answer is a list of parts
from the renderer to the socket.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

PIECE_BYTES = 256 * 1024
GZIP_BYTES_MIN = 2 * 1024
_GZIP = 31  # zlib's window bits for a gzip frame


@dataclass(frozen=True, slots=True)
class Body:
    """Bytes ready to be sent, in order; `encoding` is "gzip" or ""."""

    parts: tuple[bytes, ...]
    encoding: str = ""

    @property
    def size(self) -> int:
        return sum(map(len, self.parts))


def accepts_gzip(request: Request) -> bool:
    """Whether the client asked for gzip (RFC 9110 §12.5.3, `q=0` is a refusal)."""
    for part in request.headers.get("accept-encoding", "").lower().split(","):
        coding, _, weight = part.strip().partition(";")
        if coding.strip() in ("gzip", "*"):
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def pack(parts: Iterable[bytes], *, gzip: bool) -> Body:
    """Compress when that is wanted and worth it. Call it in the thread of the question: 1 MB takes about 5 ms."""
    whole = tuple(parts)
    if not gzip or sum(map(len, whole)) < GZIP_BYTES_MIN:
        return Body(whole)
    packer = zlib.compressobj(1, zlib.DEFLATED, _GZIP)
    packed = [packer.compress(piece) for piece in _pieces(whole)]
    return Body((*(piece for piece in packed if piece), packer.flush()), "gzip")


def respond(
    body: Body, status: int = 200, headers: Mapping[str, str] | None = None, media_type: str = "application/json"
) -> Response:
    """A response of known length; a large one goes out in pieces, so that it never fills a socket's buffer at once."""
    sent = {"vary": "Accept-Encoding", **(headers or {})}
    if body.encoding:
        sent["content-encoding"] = body.encoding
    size = body.size
    if size <= PIECE_BYTES:
        return Response(b"".join(body.parts), status, sent, media_type)
    sent["content-length"] = str(size)
    return StreamingResponse(_sent(body.parts), status, sent, media_type)


async def _sent(parts: tuple[bytes, ...]) -> AsyncIterator[bytes]:
    for piece in _pieces(parts):
        yield piece


def _pieces(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of about PIECE_BYTES: small parts are put together, long ones are cut."""
    waiting: list[bytes] = []
    size = 0
    for part in parts:
        if size + len(part) > PIECE_BYTES and waiting:
            yield b"".join(waiting)
            waiting, size = [], 0
        if len(part) > PIECE_BYTES:
            view = memoryview(part)
            for at in range(0, len(view), PIECE_BYTES):
                yield bytes(view[at : at + PIECE_BYTES])
        else:
            waiting.append(part)
            size += len(part)
    if waiting:
        yield b"".join(waiting)
