"""The promise of the one place: no method, path or header reaches a handler whose access the caller lacks."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse

from hannun.model.access import Access
from hannun.model.account import TokenRole
from hannun.model.errors import DiskFull, Overloaded, QueryTimeout, TooLarge, WireError
from hannun.model.http import Endpoint
from hannun.model.text import Text
from hannun.web.dispatch import Dispatch
from hannun.web.routing import Routes
from hannun.web.site import Site

Build = Any
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get"]


class Reached:
    """Which handlers ran, by access."""

    def __init__(self) -> None:
        self.accesses: list[Access] = []

    def endpoints(self) -> list[Endpoint]:
        return [
            Endpoint(method, path.replace("ACCESS", access.value), self._handler(access), access, "/product")
            for access in Access
            for method in ("GET", "POST", "DELETE")
            for path in (
                "/ACCESS",
                "/ACCESS/{id}",
                "/ACCESS/{id:int}/deep",
                "/ACCESS/all/{rest:path}",
                "/ACCESS/slash/",
            )
        ]

    def _handler(self, access: Access) -> Any:
        async def handler(_: Request) -> Response:
            self.accesses.append(access)
            return Response("reached")

        return handler


SEGMENTS = st.sampled_from(
    ["", ".", "..", "%2e%2e", "%2F", "%2f..", "%5c", ";", "?", "#", "product", "watch", "all", "slash", "deep", "7"]
    + [access.value for access in Access]
    + [access.value.upper() for access in Access]
    + [f"{access.value}%00" for access in Access]
    + [f"%{ord(access.value[0]):02x}{access.value[1:]}" for access in Access]
)
TARGETS = st.lists(SEGMENTS, max_size=7).map(lambda parts: "/" + "/".join(parts)) | st.text(max_size=30).map(
    lambda text: "/" + text
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    method=st.sampled_from(METHODS),
    target=TARGETS,
    override=st.sampled_from(METHODS),
    shown=st.sampled_from(["nothing", "push", "viewer"]),
)
async def test_no_path_reaches_a_handler_past_its_check(
    shared_house: Any, method: str, target: str, override: str, shown: str
) -> None:
    house, reached, tokens = shared_house
    reached.accesses.clear()
    headers = [
        (b"host", b"localhost"),
        (b"x-http-method-override", override.encode()),
        (b"x-original-url", b"/public"),
        (b"x-rewrite-url", b"/public"),
        (b"x-forwarded-prefix", b"/public"),
        *((name.encode(), value.encode()) for name, value in tokens[shown].items()),
    ]
    await ask(house.app, method, target, headers)
    allowed = {
        "nothing": {Access.PUBLIC, Access.DSN},
        "push": {Access.PUBLIC, Access.DSN, Access.PUSH},
        "viewer": {Access.PUBLIC, Access.DSN, Access.VIEW},
    }
    assert set(reached.accesses) <= allowed[shown]


@pytest.fixture
def shared_house(build: Build) -> Any:
    reached = Reached()
    house = build(Site(external_url="http://localhost/watch"), reached.endpoints())
    house.user()
    tokens = {
        "nothing": {},
        "push": house.token(TokenRole.PUSH, "p"),
        "viewer": house.token(TokenRole.VIEWER, "v"),
    }
    return house, reached, tokens


async def ask(app: Any, method: str, target: str, headers: list[tuple[bytes, bytes]]) -> list[dict[str, Any]]:
    """One request as it would come from the wire, with nothing normalised on the way."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    path, _, query = target.partition("?")
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode("utf-8", "surrogatepass"),
        "query_string": query.encode("utf-8", "surrogatepass"),
        "headers": headers,
        "scheme": "http",
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8800),
        "root_path": "",
        "http_version": "1.1",
    }
    await app(scope, receive, send)
    return sent


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    method=st.sampled_from(METHODS) | st.text(max_size=8),
    target=TARGETS,
    headers=st.lists(
        st.tuples(
            st.sampled_from(
                b"host cookie authorization origin x-forwarded-for x-forwarded-host accept accept-language "
                b"accept-encoding if-none-match x-hannun-csrf sec-fetch-site".split()
            ),
            st.binary(max_size=60) | st.sampled_from([b"hannun_session=x", b"Basic Og==", b"Bearer \xff", b"gzip;q=x"]),
        ),
        max_size=6,
    ),
)
async def test_no_request_makes_an_internal_error(
    shared_house: Any, method: str, target: str, headers: list[tuple[bytes, bytes]]
) -> None:
    sent = await ask(shared_house[0].app, method, target, headers)
    assert sent[0]["type"] == "http.response.start"
    assert sent[0]["status"] < 500


async def raising(error: BaseException) -> Any:
    async def handler(_: Request) -> Response:
        raise error

    return Endpoint("GET", "/fails", handler, Access.PUBLIC)


@pytest.mark.parametrize(
    ("error", "status", "body"),
    [
        (WireError("no JSON", "send JSON"), 400, {"error": "no JSON", "hint": "send JSON"}),
        (TooLarge(Text(en="too large", ko="너무 큽니다")), 413, {"error": "너무 큽니다"}),
        (QueryTimeout("query timed out"), 503, {"error": "query timed out"}),
        (DiskFull("full"), 507, {"error": "full"}),
        (HTTPException(418, "teapot", headers={"x-tea": "1"}), 418, {"error": "teapot"}),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
async def test_errors_that_a_handler_lets_through(build: Build, error: Exception, status: int, body: Any) -> None:
    async with build(endpoints=[await raising(error)]).client() as client:
        answer = await client.get("/fails", headers={"accept-language": "ko"})
    assert (answer.status_code, answer.json()) == (status, body)


async def test_an_overload_says_when_to_come_back(build: Build) -> None:
    async with build(endpoints=[await raising(Overloaded("full", retry_after_s=7))]).client() as client:
        answer = await client.get("/fails")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")


async def test_a_bug_is_a_number_to_the_caller_and_a_trace_in_the_log(
    build: Build, caplog: pytest.LogCaptureFixture
) -> None:
    async with build(endpoints=[await raising(RuntimeError("secret detail"))]).client() as client:
        answer = await client.get("/fails")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    number = answer.json()["error"].split()[-1].rstrip(")")
    assert number in caplog.text
    assert "secret detail" in caplog.text


async def test_a_bug_in_the_middle_of_an_answer_cuts_it_off(build: Build) -> None:
    async def half(_: Request) -> Response:
        async def pieces() -> Any:
            yield b"half"
            raise RuntimeError("in the middle")

        return StreamingResponse(pieces())

    async with build(endpoints=[Endpoint("GET", "/half", half, Access.PUBLIC)]).client() as client:
        with pytest.raises(RuntimeError, match="in the middle"):
            await client.get("/half")


async def test_a_caller_who_left_is_no_error(build: Build, caplog: pytest.LogCaptureFixture) -> None:
    house = build(endpoints=[await raising(ClientDisconnect())])
    assert await ask(house.app, "GET", "/fails", [(b"host", b"localhost")]) == []
    assert "failed" not in caplog.text


async def test_unknown_paths_are_real_404s_in_json(build: Build) -> None:
    async with build().client() as client:
        for path in ("/nope", "/hosts2", "/api", "/index.html", "/static/index.html", "/assets", "/wp-login.php"):
            answer = await client.get(path, headers={"accept": "text/html", "accept-language": "ko"})
            assert answer.status_code == 404
            assert answer.json() == {"error": "이 경로에는 아무것도 없습니다"}


async def test_wrong_methods_name_the_right_ones(build: Build) -> None:
    async with build().client() as client:
        answer = await client.delete("/api/hannun/v1/session")
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, PATCH")
        options = await client.options("/api/hannun/v1/session", headers={"origin": "https://attacker.example"})
    assert (options.status_code, options.headers["allow"]) == (204, "GET, HEAD, PATCH")
    assert not any(name.startswith("access-control") for name in options.headers)


async def test_head_is_get_without_its_body(build: Build) -> None:
    async with build().client() as client:
        got, head = await client.get("/login"), await client.head("/login")
    assert head.status_code == 200
    assert head.content == b""
    assert head.headers["content-length"] == got.headers["content-length"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/watch/api/hannun/v1/session", 200),
        ("/api/hannun/v1/session", 200),
        ("/watch/", 200),
        ("/watch/hosts", 200),
        ("/watchx/hosts", 404),
        ("/watch/watch/hosts", 404),
        ("/watch//hosts", 404),
        ("/watch/nope", 404),
    ],
)
async def test_everything_also_answers_below_the_sub_path(build: Build, path: str, status: int) -> None:
    async with build(Site(external_url="http://localhost:8800/watch")).client() as client:
        assert (await client.get(path)).status_code == status


async def test_the_sub_path_itself_leads_into_it_and_nowhere_else(build: Build) -> None:
    async with build(Site(external_url="http://localhost:8800/watch")).client() as client:
        answer = await client.get("/watch?next=//attacker.example")
    assert (answer.status_code, answer.headers["location"]) == (302, "/watch/?next=//attacker.example")


async def test_a_sub_path_named_like_a_route_hides_nothing(build: Build) -> None:
    async with build(Site(external_url="http://localhost:8800/api")).client() as client:
        assert (await client.get("/api/hannun/v1/session")).status_code == 200
        assert (await client.get("/api/api/hannun/v1/session")).status_code == 200


async def test_too_many_at_once_are_told_to_wait_but_health_answers(build: Build) -> None:
    release = asyncio.Event()

    async def slow(_: Request) -> Response:
        await release.wait()
        return Response("done")

    async def healthy(_: Request) -> Response:
        return Response("well")

    gate = build().gate
    routes = Routes(
        [Endpoint("GET", "/slow", slow, Access.VIEW), Endpoint("GET", "/-/healthy", healthy, Access.PUBLIC)]
    )
    transport = httpx.ASGITransport(app=Dispatch(routes, gate, in_flight_max=2))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        waiting = [asyncio.create_task(client.get("/slow")) for _ in range(2)]
        await asyncio.sleep(0.01)
        refused = await client.get("/slow")
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        assert (await client.get("/-/healthy")).text == "well"
        release.set()
        assert [(await task).status_code for task in waiting] == [200, 200]
        assert (await client.get("/slow")).status_code == 200


async def test_websockets_have_no_endpoint(build: Build) -> None:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    await build().app({"type": "websocket", "path": "/", "scheme": "ws", "headers": []}, receive, send)
    assert [message["type"] for message in sent] == ["websocket.close"]


async def test_the_access_log_is_one_line_and_cannot_be_forged(build: Build, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "hannun.access")
    house = build()
    async with house.client() as client:
        await client.get("/api/hannun/v1/session?x=%0aforged")
    assert not [record for record in caplog.records if record.name == "hannun.access"], "off by default"
    logged = Dispatch(Routes([]), house.gate, access_log=True)
    await ask(logged, "GET", "/a\r\nforged 200", [])
    [line] = [record.getMessage() for record in caplog.records if record.name == "hannun.access"]
    assert "\n" not in line
