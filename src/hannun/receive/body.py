"""Reads a request's body under three bounds: its size, its pace, and what all requests together hold in memory."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.requests import ClientDisconnect, Request

from hannun.model.errors import HannunError, Overloaded, TooLarge, WireError
from hannun.receive.limits import BODY_SETTING, ReceiveLimits


class SlowBody(HannunError):
    """The body did not arrive in time (408)."""


class InFlight:
    """How many bytes of bodies are held at once, over all receivers. Lives on the event loop, so it needs no lock."""

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self.held_bytes = 0

    @contextmanager
    def hold(self) -> Iterator[Held]:
        """Everything taken inside is given back at the end."""
        held = Held(self)
        try:
            yield held
        finally:
            self.held_bytes -= held.taken_bytes

    def take(self, count: int) -> None:
        # One request is always served: a bound smaller than a single body would stop everybody for ever.
        if self.held_bytes and self.held_bytes + count > self._bytes_max:
            raise Overloaded(f"requests in flight already hold {self.held_bytes} bytes; at most {self._bytes_max}")
        self.held_bytes += count


class Held:
    """The share of one request."""

    def __init__(self, of: InFlight) -> None:
        self._of = of
        self.taken_bytes = 0

    def take(self, count: int) -> None:
        """Raises Overloaded when all requests together would hold too much."""
        self._of.take(count)
        self.taken_bytes += count


async def read_body(request: Request, limits: ReceiveLimits, held: Held) -> bytes:
    """The whole body. Raises TooLarge (413), SlowBody (503), Overloaded (429/503), WireError, ClientDisconnect.

    A `Content-Length` beyond the limit is refused before a byte is read; one that lies is an error of the sender.
    """
    declared = _declared_length(request)
    if declared is not None and declared > limits.body_bytes_max:
        raise _too_large(f"a body of {declared} bytes is announced", limits)
    deadline_s = time.monotonic() + limits.body_timeout_s
    chunks: list[bytes] = []
    size = 0
    while True:
        pause_s = min(limits.body_pause_s, deadline_s - time.monotonic())
        try:
            async with asyncio.timeout(max(pause_s, 0.001)):
                message = await request.receive()
        except TimeoutError as err:
            raise SlowBody(
                f"the body did not arrive in time: {size} bytes after {limits.body_timeout_s:g} s or a pause of "
                f"{limits.body_pause_s:g} s"
            ) from err
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size > limits.body_bytes_max:
            raise _too_large("the body", limits)
        if chunk:
            held.take(len(chunk))
            chunks.append(chunk)
        if not message.get("more_body", False):
            break
    if declared is not None and declared != size:
        raise WireError(f"Content-Length announces {declared} bytes and {size} came")
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _declared_length(request: Request) -> int | None:
    header = request.headers.get("content-length")
    if header is None:
        return None
    if not (header.isascii() and header.isdecimal()) or len(header) > 18:
        raise WireError(f'Content-Length "{header[:40]}" is not a number')
    return int(header)


def _too_large(what: str, limits: ReceiveLimits) -> TooLarge:
    return TooLarge(
        f"{what}; at most {limits.body_bytes_max} bytes are taken", f"send smaller requests or raise {BODY_SETTING}"
    )
