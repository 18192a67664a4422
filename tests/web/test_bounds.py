from __future__ import annotations

import asyncio
import resource
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response

from hannun.model.access import Access
from hannun.model.errors import TooLarge, WireError
from hannun.model.http import Endpoint
from hannun.web import bounds
from hannun.web.bounds import FILES_KEPT, BoundedBody, connections_bound

Build = Any


async def careless(request: Request) -> Response:
    return Response(str(len(await request.body())))


@pytest.mark.parametrize(
    ("access", "size", "status"),
    [
        (Access.VIEW, 1000, 200),
        (Access.VIEW, 1001, 413),
        (Access.PUBLIC, 1001, 413),
        (Access.PUSH, 1001, 200),
    ],
    ids=["fits", "too large", "too large for strangers too", "receivers have their own bounds"],
)
async def test_a_careless_handler_is_bounded(
    build: Build, monkeypatch: pytest.MonkeyPatch, access: Access, size: int, status: int
) -> None:
    monkeypatch.setattr(BoundedBody.__init__, "__kwdefaults__", {"bytes_max": 1000, "within_s": 60.0})
    async with build(endpoints=[Endpoint("POST", "/careless", careless, access)]).client() as client:
        assert (await client.post("/careless", content=b"x" * size)).status_code == status


def pieces(*bodies: bytes, every_s: float = 0.0) -> Any:
    left = list(bodies)

    async def receive() -> Any:
        await asyncio.sleep(every_s)
        body = left.pop(0) if left else b""
        return {"type": "http.request", "body": body, "more_body": bool(left)}

    return receive


async def test_a_body_in_pieces_is_counted_as_a_whole() -> None:
    receive = BoundedBody(pieces(b"x" * 600, b"x" * 600), bytes_max=1000)
    await receive()
    with pytest.raises(TooLarge):
        await receive()


async def test_a_body_that_drips_ends_at_its_deadline() -> None:
    receive = BoundedBody(pieces(*[b"x"] * 100, every_s=0.02), within_s=0.1)

    async def all_of_it() -> None:
        while (await receive()).get("more_body"):
            pass

    with pytest.raises(WireError, match="did not arrive"):
        await all_of_it()


async def test_waiting_for_the_caller_to_leave_has_no_deadline() -> None:
    receive = BoundedBody(pieces(b"x", every_s=0.05), within_s=0.06)
    assert (await receive())["more_body"] is False
    for _ in range(3):
        await receive()


@pytest.mark.parametrize(
    ("limits", "wanted", "bound"),
    [
        pytest.param((1024, 1 << 20), 4096, 4096, id="the usual soft limit is raised"),
        pytest.param((1024, 1024), 4096, 1024 - FILES_KEPT, id="a hard limit is kept to"),
        pytest.param((64, 64), 4096, 16, id="a tiny limit still serves"),
        pytest.param((resource.RLIM_INFINITY, resource.RLIM_INFINITY), 4096, 4096, id="no limit"),
        pytest.param((1024, resource.RLIM_INFINITY), 100, 100, id="no hard limit"),
        pytest.param((1024, 1024), 8, 8, id="never more than wanted"),
    ],
)
def test_connections_leave_open_files_for_the_engine(
    monkeypatch: pytest.MonkeyPatch, limits: tuple[int, int], wanted: int, bound: int
) -> None:
    monkeypatch.setattr(bounds.resource, "getrlimit", lambda _: limits)
    monkeypatch.setattr(bounds.resource, "setrlimit", lambda _, new: None)
    assert connections_bound(wanted) == bound


def test_a_limit_that_cannot_be_raised_is_kept_to(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise ValueError("not allowed")

    monkeypatch.setattr(bounds.resource, "getrlimit", lambda _: (1024, 4096))
    monkeypatch.setattr(bounds.resource, "setrlimit", refuse)
    assert connections_bound(4096) == 1024 - FILES_KEPT
