from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from starlette.responses import Response, StreamingResponse

from hannun.web.compress import BYTES_MIN, PIECE_BYTES, Compress

GZIP = {"accept-encoding": "gzip"}


async def answer_to(response: Response, method: str = "GET", **headers: str) -> tuple[httpx.Response, bytes]:
    """The answer and its raw body."""
    transport = httpx.ASGITransport(app=Compress(response))
    async with (
        httpx.AsyncClient(transport=transport, base_url="http://x", headers={"accept-encoding": ""}) as client,
        client.stream(method, "/", headers={name.replace("_", "-"): value for name, value in headers.items()}) as found,
    ):
        return found, b"".join([piece async for piece in found.aiter_raw()])


@pytest.mark.parametrize("size", [BYTES_MIN, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES + 7])
async def test_large_json_is_packed(size: int) -> None:
    body = (b'{"a": 1}' * (size // 8 + 1))[:size]
    answer, raw = await answer_to(Response(body, media_type="application/json", headers={"etag": '"x"'}), **GZIP_)
    assert gzip.decompress(raw) == body
    assert (answer.headers["content-encoding"], answer.headers["vary"]) == ("gzip", "accept-encoding")
    assert "content-length" not in answer.headers
    assert "etag" not in answer.headers
    assert len(raw) < size


GZIP_: dict[str, str] = {"accept_encoding": "gzip, deflate"}
BIG = b"x" * 10_000


@pytest.mark.parametrize(
    ("response", "headers"),
    [
        pytest.param(Response(BIG, media_type="application/json"), {}, id="nobody asked"),
        pytest.param(Response(BIG, media_type="application/json"), {"accept_encoding": "gzip;q=0"}, id="refused"),
        pytest.param(Response(b"small", media_type="application/json"), GZIP_, id="small"),
        pytest.param(Response(BIG, media_type="image/png"), GZIP_, id="packed by nature"),
        pytest.param(Response(BIG, media_type="text/event-stream"), GZIP_, id="events"),
        pytest.param(
            Response(BIG, media_type="text/plain", headers={"content-encoding": "br"}), GZIP_, id="packed already"
        ),
        pytest.param(Response(BIG), GZIP_, id="unknown type"),
    ],
)
async def test_what_stays_as_it_is(response: Response, headers: dict[str, str]) -> None:
    answer, raw = await answer_to(response, **headers)
    assert answer.headers.get("content-encoding") in (None, "br")
    assert raw in (BIG, b"small")


async def test_head_keeps_its_length() -> None:
    answer, _ = await answer_to(Response(BIG, media_type="text/plain"), "HEAD", **GZIP_)
    assert answer.headers["content-length"] == str(len(BIG))


async def test_an_empty_answer_is_left_alone() -> None:
    answer, raw = await answer_to(Response(status_code=204), **GZIP_)
    assert (answer.status_code, raw) == (204, b"")


async def test_each_piece_of_a_stream_arrives_when_it_is_sent() -> None:
    sent: list[Any] = []

    async def pieces() -> AsyncIterator[bytes]:
        yield b"first line\n"
        assert b"first line\n" in gunzip_so_far(sent), "the first line must not wait for the second"
        yield b"second line\n" + BIG
        yield b"y" * (2 * PIECE_BYTES)

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        import asyncio

        await asyncio.sleep(60)

    scope = {"type": "http", "method": "GET", "headers": [(b"accept-encoding", b"gzip")]}
    await Compress(StreamingResponse(pieces(), media_type="text/plain"))(scope, receive, send)
    assert gunzip_so_far(sent) == b"first line\nsecond line\n" + BIG + b"y" * (2 * PIECE_BYTES)
    assert [message["type"] for message in sent].count("http.response.start") == 1
    assert sent[-1].get("more_body") is False


def gunzip_so_far(sent: list[Any]) -> bytes:
    import zlib

    return zlib.decompressobj(31).decompress(b"".join(message.get("body", b"") for message in sent))
