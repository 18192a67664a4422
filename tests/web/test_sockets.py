"""WebSockets pass the same gate as requests do, on a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.websockets import WebSocket

from hannun.model.access import Access, Role
from hannun.model.account import TokenRole
from hannun.model.errors import BadQuery
from hannun.model.http import Endpoint, SocketEndpoint, principal_of
from hannun.web.protocol import BoundedProtocol
from hannun.web.server import WebServer
from hannun.web.site import Site

websockets = pytest.importorskip("websockets")
Build = Any


async def echo(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text(f"hello {principal_of(socket).how}")  # type: ignore[arg-type]
    async for text in socket.iter_text():
        await socket.send_text(text)


async def refuses(_: WebSocket) -> None:
    raise BadQuery("that is no question")


async def fails_late(socket: WebSocket) -> None:
    await socket.accept()
    raise BadQuery("the store went away")


async def breaks(socket: WebSocket) -> None:
    await socket.accept()
    raise ZeroDivisionError


async def plain(_: Request) -> Response:
    return PlainTextResponse("use a WebSocket", 400)


ENDPOINTS = [
    SocketEndpoint("/live", echo, Access.VIEW, prefix="/loki"),
    Endpoint("GET", "/live", plain, Access.VIEW, prefix="/loki"),
    SocketEndpoint("/refuses", refuses, Access.VIEW),
    SocketEndpoint("/late", fails_late, Access.VIEW),
    SocketEndpoint("/breaks", breaks, Access.VIEW),
]


class Hasty(BoundedProtocol):
    head_s = 0.2


@asynccontextmanager
async def serving(house: Any, **more: Any) -> AsyncIterator[str]:
    server = WebServer(house.app, host="127.0.0.1", port=0, **more)
    await server.start()
    try:
        yield f"ws://127.0.0.1:{server.port}"
    finally:
        await server.stop()


def connect(url: str, **more: Any) -> Any:
    from websockets.asyncio.client import connect

    return connect(url, **more)


async def refusal_of(url: str, **more: Any) -> Any:
    from websockets.exceptions import InvalidStatus

    with pytest.raises(InvalidStatus) as refused:
        async with connect(url, **more):
            pass
    return refused.value.response


@pytest.mark.parametrize("path", ["/live", "/loki/live"])
async def test_it_speaks_at_the_root_and_under_the_prefix(build: Build, path: str) -> None:
    async with serving(build(endpoints=ENDPOINTS)) as url, connect(url + path) as socket:
        assert await socket.recv() == "hello open"
        await socket.send("한눈")
        assert await socket.recv() == "한눈"


async def test_a_quiet_one_outlives_the_time_that_a_head_may_take(build: Build) -> None:
    async with serving(build(endpoints=ENDPOINTS), protocol=Hasty) as url, connect(url + "/live") as socket:
        await socket.recv()
        await asyncio.sleep(0.5)
        await socket.send("still here")
        assert await socket.recv() == "still here"


async def test_a_plain_request_is_another_endpoint(build: Build) -> None:
    async with (
        serving(build(endpoints=ENDPOINTS)) as url,
        httpx.AsyncClient(base_url=url.replace("ws", "http")) as http,
    ):
        assert (await http.get("/live")).text == "use a WebSocket"
        assert (await http.get("/late")).status_code == 404
        assert (await http.request("WEBSOCKET", "/live")).status_code in (400, 405)


async def test_a_path_that_is_not_there_is_an_http_answer(build: Build) -> None:
    async with serving(build(endpoints=ENDPOINTS)) as url:
        assert (await refusal_of(url + "/nothing")).status_code == 404


async def test_a_foreign_page_may_not_open_one(build: Build) -> None:
    async with serving(build(endpoints=ENDPOINTS)) as url:
        assert (await refusal_of(url + "/live", origin="https://evil.example")).status_code == 403
        async with connect(url + "/live", origin=url.replace("ws", "http")) as socket:
            assert await socket.recv() == "hello open"


async def test_a_foreign_name_is_not_answered(build: Build) -> None:
    async with serving(build(endpoints=ENDPOINTS)) as url:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        writer.write(
            b"GET /live HTTP/1.1\r\nHost: rebound.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        assert b" 403 " in await reader.readline()
        writer.close()


async def test_who_is_unknown_must_show_a_token(build: Build) -> None:
    house = build(Site(listen_host="127.0.0.1"), ENDPOINTS)
    house.user("ann", Role.ADMIN)
    async with serving(house) as url:
        answer = await refusal_of(url + "/live")
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer realm="hannun"')
        async with connect(url + "/live", additional_headers=house.token(TokenRole.VIEWER)) as socket:
            assert await socket.recv() == "hello token"
        assert (await refusal_of(url + "/live", additional_headers=house.token(TokenRole.PUSH, "p"))).status_code in (
            401,
            403,
        )


async def test_a_session_of_our_own_page_needs_no_header(build: Build) -> None:
    house = build(Site(listen_host="127.0.0.1"), ENDPOINTS)
    house.user("ann", Role.ADMIN)
    async with serving(house) as url:
        async with await house.logged_in("ann") as client:
            cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
        page = url.replace("ws", "http")
        async with connect(url + "/live", origin=page, additional_headers={"cookie": cookie}) as socket:
            assert await socket.recv() == "hello session"
        foreign = {"origin": "https://evil.example", "additional_headers": {"cookie": cookie}}
        assert (await refusal_of(url + "/live", **foreign)).status_code == 403


async def test_an_error_before_the_handshake_is_an_http_answer(build: Build, caplog: pytest.LogCaptureFixture) -> None:
    async with serving(build(endpoints=ENDPOINTS)) as url:
        answer = await refusal_of(url + "/refuses")
        assert answer.status_code == 400
        assert "that is no question" in answer.body.decode()
    assert not caplog.records, "strangers cannot fill the log"


@pytest.mark.parametrize(("path", "reason"), [("/late", "the store went away"), ("/breaks", "internal error")])
async def test_an_error_after_it_closes_with_1011(build: Build, path: str, reason: str) -> None:
    from websockets.exceptions import ConnectionClosedError

    async with serving(build(endpoints=ENDPOINTS)) as url, connect(url + path) as socket:
        with pytest.raises(ConnectionClosedError) as closed:
            await socket.recv()
        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1011, reason)


async def test_a_message_that_is_too_long_ends_it(build: Build) -> None:
    from websockets.exceptions import ConnectionClosed

    async with serving(build(endpoints=ENDPOINTS)) as url, connect(url + "/live") as socket:
        await socket.recv()
        await socket.send("x" * 100_000)
        with pytest.raises(ConnectionClosed):
            await socket.recv()


async def test_a_server_that_stops_closes_what_is_open(build: Build) -> None:
    from websockets.exceptions import ConnectionClosed

    async with serving(build(endpoints=ENDPOINTS)) as url:
        socket = await connect(url + "/live")
        await socket.recv()
    with pytest.raises(ConnectionClosed):
        await socket.recv()
