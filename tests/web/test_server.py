"""The server on a real socket: start, stop, taken ports."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response

from hannun.model.access import Access
from hannun.model.errors import ConfigError
from hannun.model.http import Endpoint
from hannun.web.server import WebServer, bind

Build = Any


@asynccontextmanager
async def serving(app: Any, **more: Any) -> AsyncIterator[WebServer]:
    server = WebServer(app, host="127.0.0.1", port=0, **more)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


async def test_it_serves_and_stops(build: Build) -> None:
    async with serving(build().app) as server:
        assert server.url == f"http://127.0.0.1:{server.port}"
        async with httpx.AsyncClient(base_url=server.url) as client:
            answer = await client.get("/api/hannun/v1/session")
            assert answer.json()["open"] is True
            assert "server" not in answer.headers
            assert "date" in answer.headers
            assert (await client.head("/login")).status_code == 200
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", server.port)


async def test_a_running_request_ends_before_the_server_does(build: Build) -> None:
    began = asyncio.Event()

    async def slow(_: Request) -> Response:
        began.set()
        await asyncio.sleep(0.3)
        return Response("whole")

    house = build(endpoints=[Endpoint("GET", "/slow", slow, Access.VIEW)])
    async with serving(house.app) as server, httpx.AsyncClient(base_url=server.url) as client:
        waiting = asyncio.create_task(client.get("/slow"))
        await began.wait()
        await server.stop()
        assert (await waiting).text == "whole"


async def test_a_request_that_does_not_end_is_cut_off(build: Build) -> None:
    began = asyncio.Event()

    async def endless(_: Request) -> Response:
        began.set()
        await asyncio.sleep(3600)
        return Response("never")

    house = build(endpoints=[Endpoint("GET", "/endless", endless, Access.VIEW)])
    server = WebServer(house.app, host="127.0.0.1", port=0, grace_s=1)
    await server.start()
    async with httpx.AsyncClient(base_url=server.url) as client:
        waiting = asyncio.create_task(client.get("/endless"))
        await began.wait()
        loop = asyncio.get_running_loop()
        before_s = loop.time()
        await server.stop()
        assert loop.time() - before_s < 3
        with pytest.raises(httpx.HTTPError):
            (await waiting).raise_for_status()


async def test_idle_connections_do_not_hold_up_the_stop(build: Build) -> None:
    async with serving(build().app) as server:
        for _ in range(5):
            await asyncio.open_connection("127.0.0.1", server.port)
        async with httpx.AsyncClient(base_url=server.url) as client:
            await client.get("/login")
            loop = asyncio.get_running_loop()
            before_s = loop.time()
            await server.stop()
            assert loop.time() - before_s < 2


def test_a_taken_port_is_one_line_that_names_port_and_flag() -> None:
    with bind("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError) as raised:
            bind("127.0.0.1", port)
    for lang in ("en", "ko"):
        words = raised.value.say(lang)
        assert str(port) in words
        assert "--listen" in words
        assert "\n" not in words


@pytest.mark.parametrize(
    ("host", "port", "words"),
    [
        pytest.param("no-such-host.invalid", 0, "is no address of this machine", id="unknown name"),
        pytest.param("203.0.113.1", 0, "is no address of this machine", id="somebody else's address"),
        pytest.param("x" * 300, 0, "is no address of this machine", id="no name at all"),
        pytest.param(
            "127.0.0.1",
            80,
            "needs root",
            id="a port of root's",
            marks=pytest.mark.skipif(os.geteuid() == 0, reason="root may take it"),
        ),
    ],
)
def test_addresses_that_cannot_be_listened_on(host: str, port: int, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        bind(host, port)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "[::1]"])
def test_addresses_that_can(host: str) -> None:
    try:
        with bind(host, 0) as listener:
            assert listener.getsockname()[1] > 0
    except ConfigError:
        assert ":" in host
        assert not _has_ipv6()


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


async def test_many_requests_on_one_connection(build: Build) -> None:
    async with serving(build().app) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        for _ in range(3):
            writer.write(b"GET /nope HTTP/1.1\r\nHost: localhost\r\n\r\n" * 5)
            for _ in range(5):
                head = await reader.readuntil(b"\r\n\r\n")
                assert head.startswith(b"HTTP/1.1 404")
                length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
                await reader.readexactly(int(length.split(b":")[1]))
        writer.close()


async def test_tls_and_a_new_certificate_without_a_restart(build: Build, make_pair: Any) -> None:
    files = make_pair("first.example")
    async with serving(build().app, tls_files=files) as server:
        assert server.url.startswith("https://")
        assert await seen_name(server.port) == "first.example"
        make_pair("second.example")
        assert await seen_name(server.port) == "first.example"
        server.reload_tls()
        assert await seen_name(server.port) == "second.example"
        files.key.write_text("rubbish")
        with pytest.raises(ConfigError, match="--tls-key"):
            server.reload_tls()
        assert await seen_name(server.port) == "second.example"


async def test_a_handshake_that_does_not_come_holds_nobody_up(build: Build, make_pair: Any) -> None:
    async with serving(build().app, tls_files=make_pair("a.example")) as server:
        await asyncio.open_connection("127.0.0.1", server.port)
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert await seen_name(server.port) == "a.example"
        writer.close()


async def seen_name(port: int) -> str:
    """The common name of the certificate that a new connection is shown, after a whole request over it."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    writer.write(b"GET /api/hannun/v1/session HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.1 200")
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    shown = x509.load_der_x509_certificate(writer.get_extra_info("ssl_object").getpeercert(binary_form=True))
    writer.close()
    return str(shown.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)
