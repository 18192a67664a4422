"""A body that is too long, too slow, lying or one too many costs itself and nobody else."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.requests import ClientDisconnect, Request

from hannun.model.errors import Overloaded, TooLarge, WireError
from hannun.receive.body import InFlight, SlowBody, read_body
from hannun.receive.limits import ReceiveLimits

LIMITS = ReceiveLimits(body_bytes_max=100, body_timeout_s=0.2, body_pause_s=0.05)


def request(*parts: bytes | float, ends: bool = True, length: str | None = None) -> Request:
    """A request whose body arrives as `parts`; a number is a pause in seconds. Without `ends` the client leaves."""
    left = list(parts)

    async def receive() -> dict[str, Any]:
        while left and isinstance(left[0], float):
            await asyncio.sleep(left.pop(0))  # type: ignore[arg-type]
        if not left:
            return {"type": "http.request", "body": b""} if ends else {"type": "http.disconnect"}
        return {"type": "http.request", "body": left.pop(0), "more_body": bool(left) or not ends}

    headers = [] if length is None else [(b"content-length", length.encode())]
    return Request({"type": "http", "method": "POST", "headers": headers}, receive)


async def read(of: Request, limits: ReceiveLimits = LIMITS, room: InFlight | None = None) -> bytes:
    with (room or InFlight(10_000)).hold() as held:
        return await read_body(of, limits, held)


async def test_parts_are_joined() -> None:
    assert await read(request(b"ab", b"", b"c", length="3")) == b"abc"


async def test_an_announced_length_over_the_limit_is_refused_before_a_byte_is_read() -> None:
    with pytest.raises(TooLarge, match=r"101 bytes is announced; at most 100 .*receive\.body_bytes_max"):
        await read(request(60.0, b"x", length="101"))


async def test_a_chunked_body_stops_at_the_limit() -> None:
    with pytest.raises(TooLarge, match="at most 100"):
        await read(request(*[b"x" * 30] * 1000))


@pytest.mark.parametrize(
    "length", ["-1", "1e3", "٣", "", "9" * 30], ids=["negative", "float", "digit", "empty", "huge"]
)
async def test_a_length_that_is_no_number_is_refused(length: str) -> None:
    with pytest.raises(WireError, match="not a number"):
        await read(request(b"x", length=length))


async def test_a_length_that_lies_is_refused() -> None:
    with pytest.raises(WireError, match="announces 5 bytes and 3 came"):
        await read(request(b"abc", length="5"))


async def test_a_pause_ends_the_request() -> None:
    with pytest.raises(SlowBody, match="1 bytes"):
        await read(request(b"x", 5.0, b"y"))


async def test_a_drip_that_never_pauses_ends_too() -> None:
    with pytest.raises(SlowBody):
        await read(request(*[part for _ in range(90) for part in (b"x", 0.02)]))


async def test_a_client_that_leaves_is_no_error_of_ours() -> None:
    with pytest.raises(ClientDisconnect):
        await read(request(b"x", ends=False))


async def test_all_requests_together_hold_a_bounded_number_of_bytes() -> None:
    room = InFlight(150)
    with room.hold() as one:
        one.take(90)
        with pytest.raises(Overloaded, match="already hold 90 bytes; at most 150"):
            await read(request(b"x" * 80), room=room)
        assert room.held_bytes == 90
        assert await read(request(b"x" * 60), room=room) == b"x" * 60
    assert room.held_bytes == 0
    # A body larger than the bound is still served alone.
    assert len(await read(request(b"x" * 90), room=InFlight(50))) == 90
