"""What one connection may cost, tried on a real socket with bounds lowered to tenths of a second."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from random import Random
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response

from hannun.model.access import Access
from hannun.model.http import Endpoint
from hannun.web.protocol import HEAD_BYTES_MAX, HEADERS_MAX, TARGET_BYTES_MAX, BoundedProtocol
from hannun.web.server import WebServer

Build = Any


class Impatient(BoundedProtocol):
    head_s = 0.3
    stalled_s = 0.3


class Small(BoundedProtocol):
    connections_max = 8


async def echo(request: Request) -> Response:
    return Response(str(len(await request.body())))


async def unread(_: Request) -> Response:
    return Response("no thanks", 413)


async def flood(_: Request) -> Response:
    return Response(b"x" * (64 << 20))


ENDPOINTS = [
    Endpoint("GET", "/ok", echo, Access.PUBLIC),
    Endpoint("POST", "/echo", echo, Access.PUBLIC),
    Endpoint("POST", "/unread", unread, Access.PUBLIC),
    Endpoint("GET", "/flood", flood, Access.PUBLIC),
]
HEAD = b"GET /ok HTTP/1.1\r\nHost: localhost\r\n"


@pytest.fixture
async def port(build: Build) -> AsyncIterator[int]:
    async with serving(build, Impatient) as port:
        yield port


@asynccontextmanager
async def serving(build: Build, protocol: type[BoundedProtocol]) -> AsyncIterator[int]:
    server = WebServer(build(endpoints=ENDPOINTS).app, host="127.0.0.1", port=0, protocol=protocol, grace_s=1)
    await server.start()
    yield server.port
    await server.stop()


async def drip(port: int, start: bytes, piece: bytes) -> tuple[bytes, float]:
    """Send `start`, then `piece` again and again until the server closes: what it answered, after how many seconds."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    began_s = time.monotonic()
    writer.write(start)
    reading = asyncio.create_task(reader.read(-1))
    while time.monotonic() - began_s < 5 and not reading.done():
        if piece:
            writer.write(piece)
        await asyncio.sleep(0.05)
    seconds = time.monotonic() - began_s
    writer.close()
    try:
        return await reading, seconds
    except ConnectionError:
        return b"", seconds


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        pytest.param(b"", b"", id="says nothing"),
        pytest.param(b"GET /ok HT", b"", id="stops in the first line"),
        pytest.param(HEAD, b"X: 1\r\n", id="drips headers for ever"),
        pytest.param(b"", b"\r\n", id="sends empty lines for ever"),
    ],
)
async def test_a_slow_head_is_cut_off(port: int, start: bytes, piece: bytes) -> None:
    answer, seconds = await drip(port, start, piece)
    assert seconds < 4
    assert answer.startswith((b"HTTP/1.1 408", b"HTTP/1.1 400"))


async def test_a_slow_second_head_on_the_same_connection_is_cut_off(port: int) -> None:
    _, seconds = await drip(port, HEAD + b"\r\n" + HEAD, b"X: 1\r\n")
    assert seconds < 4


async def test_a_body_that_nobody_reads_does_not_hold_the_connection(port: int) -> None:
    start = b"POST /unread HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\n"
    _, seconds = await drip(port, start, b"x")
    assert seconds < 4


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        pytest.param(HEAD + b"X: " + b"x" * HEAD_BYTES_MAX + b"\r\n\r\n", 431, id="one header of 64 KiB"),
        pytest.param(HEAD + b"X: 1\r\n" * (HEADERS_MAX + 1) + b"\r\n", 431, id="too many headers"),
        pytest.param(HEAD + b"X: " + b"x" * (1 << 20), 431, id="a header that does not end"),
        pytest.param(b"GET /" + b"x" * (1 << 20), 431, id="a line that does not end"),
        pytest.param(
            b"GET /" + b"x" * TARGET_BYTES_MAX + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 414, id="a target of 48 KiB"
        ),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00", 400, id="TLS on a plain port"),
        pytest.param(
            b"GET /ok HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400, id="two lengths"
        ),
        pytest.param(
            b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400,
            id="length and chunked",
        ),
        pytest.param(b"GET /ok HTTP/1.1\r\nHost: a\r\nBad Header: 1\r\n\r\n", 400, id="a header name with a blank"),
        pytest.param(b"GET /ok HTTP/1.1\r\nHost: a\r\n folded: 1\r\n\r\n", 400, id="a folded header"),
        pytest.param(b"CONNECT localhost:22 HTTP/1.1\r\nHost: a\r\n\r\n", 400, id="CONNECT"),
        pytest.param(b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", 404, id="OPTIONS *"),
        pytest.param(b"GET http://attacker.example/ok HTTP/1.1\r\nHost: localhost\r\n\r\n", 200, id="absolute target"),
        pytest.param(b"GET /ok HTTP/1.0\r\n\r\n", 200, id="HTTP/1.0 without Host"),
        pytest.param(HEAD + b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n", 200, id="an upgrade that we do not know"),
    ],
)
async def test_odd_requests_get_an_answer_of_their_own(port: int, request_: bytes, status: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request_)
    async with asyncio.timeout(3):
        answer = await reader.read(64)
    writer.close()
    assert answer.split(b" ")[1] == str(status).encode()
    assert await alive(port)


async def test_a_client_that_does_not_read_is_cut_off(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
    writer.write(b"GET /flood HTTP/1.1\r\nHost: localhost\r\n\r\n")
    await asyncio.sleep(1.0)
    received = 0
    async with asyncio.timeout(3):
        with suppress(ConnectionError):
            while piece := await reader.read(1 << 20):
                received += len(piece)
    assert received < 64 << 20
    writer.close()


async def test_connections_beyond_the_bound_are_told_at_once(build: Build) -> None:
    async with serving(build, Small) as port:
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(Small.connections_max)]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        async with asyncio.timeout(5):
            assert (await reader.read()).startswith(b"HTTP/1.1 503")
        writer.close()
        for _, other in held:
            other.close()
        async with asyncio.timeout(5):
            while not await alive(port):
                await asyncio.sleep(0.05)


async def test_a_large_honest_body_goes_through(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3000000\r\n\r\n")
    for _ in range(30):
        writer.write(b"x" * 100_000)
        await asyncio.sleep(0.02)
    async with asyncio.timeout(3):
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200")
        assert await reader.readexactly(7) == b"3000000"
    writer.close()


async def test_an_idle_connection_may_be_used_again_later(port: int) -> None:
    """Prometheus and Grafana keep theirs; the bound on a head must not run while nothing was begun."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(2):
        writer.write(HEAD + b"\r\n")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        assert await reader.readexactly(1) == b"0"
        await asyncio.sleep(0.6)
    writer.close()


async def alive(port: int) -> bool:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(HEAD + b"Connection: close\r\n\r\n")
    async with asyncio.timeout(2):
        answer = await reader.read()
    writer.close()
    return answer.startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("seed", [*range(10), *(pytest.param(seed, marks=pytest.mark.long) for seed in range(10, 500))])
async def test_rubbish_harms_nobody_else(port: int, seed: int) -> None:
    """Requests with bytes changed, removed and repeated at random, each on a connection of its own."""
    random = Random(seed)
    for _ in range(20):
        request = bytearray(b"POST /echo?a=b HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello")
        for _ in range(random.randint(1, 6)):
            at = random.randrange(len(request))
            match random.randrange(3):
                case 0:
                    request[at] = random.randrange(256)
                case 1:
                    del request[at : at + random.randint(1, 5)]
                case 2:
                    request[at:at] = request[at : at + random.randint(1, 20)]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(bytes(request))
        writer.write_eof()
        with suppress(ConnectionError, TimeoutError):
            async with asyncio.timeout(2):
                answer = await reader.read(12)
                assert not answer.startswith(b"HTTP/1.1 5"), bytes(request)
        writer.close()
    assert await alive(port)


@pytest.mark.long
async def test_thousands_of_half_begun_requests_leave_room_for_an_honest_one(build: Build) -> None:
    """More than the bound of connections, all stuck in their head: soon after their time is up, health answers."""

    class Crowded(BoundedProtocol):
        head_s = 2.0
        connections_max = 300

    async with serving(build, Crowded) as port:
        crowd = [await asyncio.open_connection("127.0.0.1", port) for _ in range(400)]
        for _, writer in crowd:
            writer.write(HEAD)
        await asyncio.sleep(3.0)
        assert await alive(port)
        for _, writer in crowd:
            writer.close()
