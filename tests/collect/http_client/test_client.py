"""The client against real sockets: credentials, redirects, bounds, and the words for each way to fail."""

from __future__ import annotations

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hannun.collect.http_client import BodyRoom, Failure, FetchError, make_client
from hannun.collect.http_client.dial import Resolver
from hannun.collect.http_client.proxy import proxy_for
from hannun.collect.http_client.url import Url
from hannun.config.http_client import (
    Authorization,
    BasicAuth,
    HeaderValues,
    HttpClientConfig,
    OAuth2,
    ProxyConfig,
    Secret,
    TlsConfig,
)
from hannun.testing.clock import FakeClock

PLAIN = HttpClientConfig()
Reply = Callable[["Asked"], bytes | Awaitable[bytes]]


@dataclass(frozen=True)
class Asked:
    line: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Peer:
    """A server that says what it is told to say, byte by byte, and remembers what it was asked."""

    port: int = 0
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def answer(body: bytes = b"", status: str = "200 OK", **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@asynccontextmanager
async def peer(reply: Reply, *, keep: bool = True) -> AsyncIterator[Peer]:
    told = Peer()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        told.connections += 1
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                line, *rest = head.strip().split("\r\n")
                headers = {name.lower(): value.strip() for name, _, value in (row.partition(":") for row in rest)}
                asked = Asked(line, headers, await reader.readexactly(int(headers.get("content-length", 0))))
                told.asked.append(asked)
                said = reply(asked)
                writer.write(said if isinstance(said, bytes) else await said)
                await writer.drain()
                if not keep:
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    told.port = server.sockets[0].getsockname()[1]
    try:
        yield told
    finally:
        server.close()


@asynccontextmanager
async def asking(config: HttpClientConfig = PLAIN, **more: object) -> AsyncIterator[object]:
    client = make_client(config, **{"timeout_s": 5.0, "env": {}, **more})  # type: ignore[arg-type]
    try:
        yield client
    finally:
        await client.close()


async def test_a_body_comes_decompressed_over_one_kept_connection() -> None:
    page = b"up 1\n" * 1000
    async with peer(lambda _: answer(gzip.compress(page), Content_Encoding="gzip")) as server, asking() as client:
        for _ in range(3):
            got = await client.get(f"{server.url}/metrics?module=http")
            assert (got.status, got.body, got.header("content-encoding")) == (200, page, "gzip")
    assert server.connections == 1
    assert server.asked[0].line == "GET /metrics?module=http HTTP/1.1"
    assert server.asked[0].headers["user-agent"].startswith("Hannun/")


async def test_a_kept_connection_that_the_server_closed_is_replaced() -> None:
    async with peer(lambda _: answer(b"x"), keep=False) as server, asking() as client:
        for _ in range(3):
            assert (await client.get(server.url)).body == b"x"
    assert server.connections >= 3


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        pytest.param(
            HttpClientConfig(basic_auth=BasicAuth("mina", password=Secret("한글:pw"))),
            "Basic bWluYTrtlZzquIA6cHc=",
            id="basic, any characters",
        ),
        pytest.param(
            HttpClientConfig(authorization=Authorization(credentials=Secret("abc"))), "Bearer abc", id="bearer"
        ),
        pytest.param(
            HttpClientConfig(authorization=Authorization("Token", Secret("abc"))), "Token abc", id="another type"
        ),
    ],
)
async def test_credentials_are_shown(config: HttpClientConfig, expected: str) -> None:
    async with peer(lambda _: answer()) as server, asking(config) as client:
        await client.get(server.url)
    assert server.asked[0].headers["authorization"] == expected


async def test_a_secret_file_is_read_at_each_use(tmp_path: Path) -> None:
    file = tmp_path / "token"
    config = HttpClientConfig(authorization=Authorization(credentials=Secret(file=file)))
    async with peer(lambda _: answer()) as server, asking(config) as client:
        for word in ("first\n", " second "):
            file.write_text(word)
            await client.get(server.url)
        file.unlink()
        with pytest.raises(FetchError, match=r"unable to read secret file .*token") as caught:
            await client.get(server.url)
    assert [one.headers["authorization"] for one in server.asked] == ["Bearer first", "Bearer second"]
    assert caught.value.failure is Failure.SECRET


async def test_http_headers_come_from_values_secrets_and_files(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("filed\n")
    config = HttpClientConfig(http_headers={"X-Key": HeaderValues(("plain",), files=(tmp_path / "key",))})
    seen: list[str] = []
    async with peer(lambda asked: answer()) as server, asking(config) as client:
        await client.get(server.url)
        seen = [server.asked[0].headers["x-key"]]
    assert seen == ["filed"]


async def test_a_secret_with_a_line_break_is_told_without_its_words(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("hush\nX-Evil: 1")
    config = HttpClientConfig(authorization=Authorization(credentials=Secret(file=tmp_path / "token")))
    async with peer(lambda _: answer()) as server, asking(config) as client:
        with pytest.raises(FetchError, match="header Authorization has a line break") as caught:
            await client.get(server.url)
    assert "hush" not in str(caught.value)
    assert server.asked == []


async def test_credentials_do_not_follow_a_redirect_to_another_host() -> None:
    config = HttpClientConfig(
        basic_auth=BasicAuth("a", password=Secret("b")), http_headers={"X-Key": HeaderValues(("secret",))}
    )
    there = ""

    def reply(asked: Asked) -> bytes:
        return answer(status="307 Temporary Redirect", Location=there)

    async with (
        peer(lambda _: answer(b"there")) as other,
        peer(reply) as server,
        asking(config) as client,
    ):
        there = f"{other.url}/x"
        got = await client.get(server.url)
    assert got.body == b"there"
    assert got.url == f"{other.url}/x"
    assert "authorization" in server.asked[0].headers
    assert not {"authorization", "x-key"} & set(other.asked[0].headers)


async def test_a_relative_redirect_keeps_credentials_and_the_method() -> None:
    def reply(asked: Asked) -> bytes:
        if asked.line.startswith("GET /metrics "):
            return answer(status="307 Temporary Redirect", Location="/metrics/")
        return answer(b"up 1\n")

    config = HttpClientConfig(basic_auth=BasicAuth("a", password=Secret("b")))
    async with peer(reply) as server, asking(config) as client:
        assert (await client.get(f"{server.url}/metrics")).body == b"up 1\n"
    assert all("authorization" in one.headers for one in server.asked)


async def test_a_redirect_loop_ends() -> None:
    async with peer(lambda _: answer(status="307 Temporary Redirect", Location="/")) as server, asking() as client:
        with pytest.raises(FetchError, match="stopped after 10 redirects") as caught:
            await client.get(server.url)
    assert caught.value.failure is Failure.REDIRECT
    assert len(server.asked) == 11


@pytest.mark.parametrize("location", ["file:///etc/passwd", "gopher://x/", "http://", "http://[::1", "//\x00"])
async def test_a_redirect_that_leads_nowhere_is_told(location: str) -> None:
    said = answer(status="302 Found", Location=location)
    async with peer(lambda _: said) as server, asking() as client:
        with pytest.raises(FetchError) as caught:
            await client.get(server.url)
    assert caught.value.failure in (Failure.REDIRECT, Failure.BROKEN)


async def test_redirects_can_be_left_to_the_caller() -> None:
    config = HttpClientConfig(follow_redirects=False)
    async with (
        peer(lambda _: answer(status="307 Temporary Redirect", Location="/x")) as server,
        asking(config) as client,
    ):
        assert (await client.get(server.url)).status == 307


def test_credentials_are_trusted_to_the_same_server_only() -> None:
    start = Url.parse("http://app/metrics")
    assert start.trusts(Url.parse("https://app/metrics"))
    for other in ("http://app:8080/", "http://evil/", "http://app.evil/"):
        assert not start.trusts(Url.parse(other))
    assert not Url.parse("https://app/").trusts(Url.parse("http://app/"))


# --- bounds ---------------------------------------------------------------------------------------------------------


async def slow(asked: Asked) -> bytes:
    await asyncio.sleep(30)
    return b""


@pytest.mark.parametrize(
    ("reply", "failure"),
    [
        pytest.param(lambda _: answer(b"x" * 200_000), Failure.TOO_LARGE, id="long body"),
        pytest.param(
            lambda _: answer(gzip.compress(b"0" * 50_000_000), Content_Encoding="gzip"),
            Failure.TOO_LARGE,
            id="gzip bomb",
        ),
        pytest.param(lambda _: answer(b"junk", Content_Encoding="gzip"), Failure.BROKEN, id="no gzip at all"),
        pytest.param(lambda _: answer(b"junk", Content_Encoding="rot13"), Failure.BROKEN, id="unknown encoding"),
        pytest.param(
            lambda _: answer(b"junk", Content_Encoding="gzip, gzip, gzip"), Failure.BROKEN, id="stacked encodings"
        ),
        pytest.param(slow, Failure.TIMEOUT, id="no answer"),
        pytest.param(lambda _: b"SSH-2.0-OpenSSH_9.2\r\n\r\n", Failure.BROKEN, id="another protocol"),
        pytest.param(lambda _: b"HTTP/1.1 200 OK\r\nX: " + b"y" * 300_000, Failure.BROKEN, id="endless head"),
        pytest.param(
            lambda _: b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nshort", Failure.TIMEOUT, id="length that lies"
        ),
        pytest.param(
            lambda _: b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
            Failure.BROKEN,
            id="two lengths",
        ),
    ],
)
async def test_a_lying_server_costs_its_limit_and_no_more(reply: Reply, failure: Failure) -> None:
    async with peer(reply) as server, asking() as client:
        with pytest.raises(FetchError) as caught:
            await client.get(server.url, body_bytes_max=100_000, timeout_s=0.5)
    assert caught.value.failure is failure, caught.value


async def test_an_endless_slow_body_ends_with_the_deadline() -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        try:
            while True:
                writer.write(b"1\r\nx\r\n")
                await writer.drain()
                await asyncio.sleep(0.02)
        except ConnectionError:
            writer.close()

    server = await asyncio.start_server(drip, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with asking() as client:
        with pytest.raises(FetchError, match="context deadline exceeded") as caught:
            await client.get(f"http://127.0.0.1:{port}/", timeout_s=0.3)
    server.close()
    assert caught.value.failure is Failure.TIMEOUT


async def test_what_inflates_past_the_inline_bound_still_comes_whole() -> None:
    page = b"a" * 3_000_000
    async with peer(lambda _: answer(gzip.compress(page), Content_Encoding="gzip")) as server, asking() as client:
        assert (await client.get(server.url)).body == page


async def test_large_bodies_leave_room_for_small_ones() -> None:
    room = BodyRoom(bytes_max=16 << 20)
    with room.lease() as large, room.lease() as small:
        for _ in range(12):
            large.take(1 << 20)
        with pytest.raises(FetchError) as caught:
            large.take(1 << 20)
        assert caught.value.failure is Failure.BUSY
        small.take(3 << 20)
    assert room.used == 0


# --- nobody there ---------------------------------------------------------------------------------------------------


async def test_a_refused_connection_is_told_apart(free_port: int) -> None:
    async with asking() as client:
        with pytest.raises(FetchError, match=f"dial tcp 127.0.0.1:{free_port}: connect: connection refused") as caught:
            await client.get(f"http://127.0.0.1:{free_port}/metrics")
    assert caught.value.failure is Failure.REFUSED


async def test_a_name_that_does_not_resolve_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*_: object, **__: object) -> object:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    async with asking() as client:
        with pytest.raises(FetchError, match="dial tcp: lookup node-exporter: no such host") as caught:
            await client.get("http://node-exporter:9100/metrics")
    assert caught.value.failure is Failure.UNRESOLVED


async def test_slow_names_do_not_hold_up_quick_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    release = asyncio.Event()
    loop = asyncio.get_running_loop()

    def look_up(host: str, *_: object, **__: object) -> list[tuple[object, ...]]:
        if host.startswith("dead"):
            asyncio.run_coroutine_threadsafe(release.wait(), loop).result(20)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.1", 0))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    resolver = Resolver()
    resolver._slow.update(f"dead{number}" for number in range(50))
    dead = [asyncio.ensure_future(resolver.addresses(f"dead{number}")) for number in range(50)]
    await asyncio.sleep(0.05)
    assert await asyncio.wait_for(resolver.addresses("living"), 2) == ("10.0.0.1",)
    release.set()
    await asyncio.gather(*dead)


@pytest.mark.parametrize("url", ["ftp://x/", "http:///x", "http://a b/", "http://x:99999/", "x"])
async def test_a_url_that_cannot_be_asked_is_refused(url: str) -> None:
    async with asking() as client:
        with pytest.raises(FetchError) as caught:
            await client.get(url)
    assert caught.value.failure is Failure.URL


# --- OAuth 2 --------------------------------------------------------------------------------------------------------


def token_server(asked: Asked) -> bytes:
    if "authorization" in asked.headers:
        return answer(b'{"error":"invalid_client"}', "401 Unauthorized")
    return answer(b'{"access_token":"t0k","token_type":"bearer","expires_in":60}', Content_Type="application/json")


async def test_an_oauth2_token_is_fetched_once_and_renewed_before_it_ends() -> None:
    clock = FakeClock()
    async with peer(token_server) as issuer, peer(lambda _: answer()) as server:
        config = HttpClientConfig(
            oauth2=OAuth2("me", Secret("pw"), f"{issuer.url}/token", scopes=("a", "b"), endpoint_params={"x": "y"})
        )
        async with asking(config, clock=clock) as client:
            for wait_s in (0, 40, 20):
                clock.advance(wait_s)
                await client.get(server.url)
    assert [one.headers["authorization"] for one in server.asked] == ["Bearer t0k"] * 3
    # The first way was refused, the second worked and is kept for the renewal.
    assert ["authorization" in one.headers for one in issuer.asked] == [True, False, False]
    assert b"scope=a+b" in issuer.asked[1].body
    assert b"client_secret=pw" in issuer.asked[1].body


async def test_a_refused_token_is_told() -> None:
    async with peer(lambda _: answer(status="403 Forbidden")) as issuer:
        config = HttpClientConfig(oauth2=OAuth2("me", Secret("pw"), issuer.url))
        async with asking(config) as client:
            with pytest.raises(FetchError, match="oauth2: cannot fetch token: 403 Forbidden") as caught:
                await client.get("http://127.0.0.1:1/")
    assert caught.value.failure is Failure.TOKEN


# --- proxies --------------------------------------------------------------------------------------------------------


async def test_a_proxy_is_asked_for_the_whole_url() -> None:
    async with peer(lambda _: answer(b"by proxy")) as proxy:
        config = HttpClientConfig(proxy=ProxyConfig(proxy_url=f"http://u:p@127.0.0.1:{proxy.port}"))
        async with asking(config) as client:
            assert (await client.get("http://target.example/metrics")).body == b"by proxy"
    assert proxy.asked[0].line == "GET http://target.example/metrics HTTP/1.1"
    assert proxy.asked[0].headers["proxy-authorization"] == "Basic dTpw"


@pytest.mark.parametrize(
    ("no_proxy", "host", "direct"),
    [
        pytest.param("*", "any", True, id="star"),
        pytest.param("example.com", "a.example.com", True, id="name holds what lies below"),
        pytest.param(".example.com", "example.com", False, id="dot: only below"),
        pytest.param("example.com:81", "example.com", False, id="another port"),
        pytest.param("10.0.0.0/8", "10.1.2.3", True, id="network"),
        pytest.param("10.0.0.0/8", "11.1.2.3", False, id="outside the network"),
        pytest.param("ample.com", "example.com", False, id="no half names"),
    ],
)
def test_no_proxy(no_proxy: str, host: str, direct: bool) -> None:
    config = ProxyConfig(proxy_url="http://p:1", no_proxy=no_proxy)
    assert (proxy_for(config, "http", host, 80, {}) == "") is direct


def test_the_environment_names_a_proxy_by_scheme() -> None:
    config = ProxyConfig(proxy_from_environment=True)
    env = {"HTTPS_PROXY": "proxy:3128", "no_proxy": "internal"}
    assert proxy_for(config, "https", "web", 443, env) == "http://proxy:3128"
    assert proxy_for(config, "http", "web", 80, env) == ""
    assert proxy_for(config, "https", "internal", 443, env) == ""
    assert proxy_for(config, "https", "localhost", 443, env) == ""


# --- TLS ------------------------------------------------------------------------------------------------------------


async def test_a_missing_ca_file_is_named(tmp_path: Path) -> None:
    config = HttpClientConfig(tls=TlsConfig(ca_file=tmp_path / "ca.pem"))
    async with asking(config) as client:
        with pytest.raises(FetchError, match=r"unable to use ca_file .*ca\.pem: No such file") as caught:
            await client.get("https://127.0.0.1:1/")
    assert caught.value.failure is Failure.TLS


@pytest.fixture
def free_port() -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        yield probe.getsockname()[1]
