"""A SOCKS5 proxy between us and a target: names travel to it, credentials too, and its refusals are said."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from hannun.collect.http_client import make_client
from hannun.collect.http_client.answer import FetchError
from hannun.config.http_client import HttpClientConfig, ProxyConfig

PAGE = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"


@dataclass
class Proxy:
    """Answers as it is told and plays the target itself."""

    reply: bytes = b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"
    method: int = 0
    accepts: bytes = b"\x01\x00"
    asked: list[bytes] = field(default_factory=list)
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            _, count = await reader.readexactly(2)
            self.asked.append(await reader.readexactly(count))
            writer.write(bytes((5, self.method)))
            if self.method == 2:
                _, length = await reader.readexactly(2)
                name = await reader.readexactly(length)
                self.asked.append(name + b":" + await reader.readexactly((await reader.readexactly(1))[0]))
                writer.write(self.accepts)
            _, _, _, kind = await reader.readexactly(4)
            length = {1: 4, 4: 16}.get(kind) or (await reader.readexactly(1))[0]
            self.asked.append(await reader.readexactly(length + 2))
            writer.write(self.reply)
            if self.reply[1:2] == b"\x00":
                self.asked.append(await reader.readuntil(b"\r\n\r\n"))
                writer.write(PAGE)
            await writer.drain()
        writer.close()


@pytest.fixture
async def proxy() -> AsyncIterator[Proxy]:
    made = Proxy()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    yield made
    server.close()


async def get(proxy_url: str, url: str = "http://only.the.proxy.knows:8080/metrics") -> bytes:
    client = make_client(HttpClientConfig(proxy=ProxyConfig(proxy_url=proxy_url)), timeout_s=3)
    try:
        return (await client.get(url)).body
    finally:
        await client.close()


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
async def test_the_proxy_is_asked_for_the_name(proxy: Proxy, scheme: str) -> None:
    assert await get(f"{scheme}://127.0.0.1:{proxy.port}") == b"hello"
    methods, target, head = proxy.asked
    assert methods == b"\x00"
    assert target == b"only.the.proxy.knows" + (8080).to_bytes(2, "big")
    assert b"host: only.the.proxy.knows:8080" in head.lower()


async def test_credentials_are_shown_when_they_are_wanted(proxy: Proxy) -> None:
    proxy.method = 2
    assert await get(f"socks5://ann:p%40ss@127.0.0.1:{proxy.port}", "http://127.0.0.9:1/") == b"hello"
    assert proxy.asked[:3] == [b"\x00\x02", b"ann:p@ss", b"\x7f\x00\x00\x09\x00\x01"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        pytest.param({"reply": b"\x05\x05\x00\x01"}, "connection refused", id="nothing listens there"),
        pytest.param({"reply": b"\x05\x02\x00\x01"}, "connection not allowed by ruleset", id="a rule"),
        pytest.param({"reply": b"\x05\x63\x00\x01"}, "unknown code: 99", id="an unknown reply"),
        pytest.param({"reply": b"\x04\x00\x00\x01"}, "unexpected protocol version", id="another protocol"),
        pytest.param({"reply": b"\x05\x00\x00\x07"}, "unknown address type", id="an unknown address"),
        pytest.param({"reply": b"\x05\x05"}, "unexpected EOF", id="an answer cut short"),
        pytest.param({"method": 255}, "no acceptable authentication methods", id="it wants to know who"),
        pytest.param({"method": 2, "accepts": b"\x01\x01"}, "authentication failed", id="a wrong password"),
    ],
)
async def test_refusals_are_said(proxy: Proxy, more: dict[str, object], words: str) -> None:
    for name, value in more.items():
        setattr(proxy, name, value)
    user = "ann:x@" if proxy.method == 2 else ""
    with pytest.raises(FetchError, match=words) as failed:
        await get(f"socks5://{user}127.0.0.1:{proxy.port}")
    assert f"socks connect tcp 127.0.0.1:{proxy.port}->only.the.proxy.knows:8080" in str(failed.value)
    assert "ann" not in str(failed.value)


@pytest.mark.parametrize("url", ["socks5://", "socks5://127.0.0.1:99999", "socks5://127.0.0.1:1"])
async def test_a_proxy_that_cannot_be_reached_is_an_error_like_any_other(url: str) -> None:
    with pytest.raises(FetchError):
        await get(url)
