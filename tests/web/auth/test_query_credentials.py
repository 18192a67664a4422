"""InfluxDB 1.x's `?u=&p=`: read where an endpoint declares it, nowhere else, and never before a header."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response

from hannun.model.access import Access
from hannun.model.account import TokenRole
from hannun.model.http import Endpoint, principal_of
from hannun.web.answer import json_answer
from hannun.web.auth.credentials import Basic, Bearer, shown, with_query

PASSWORD = "correct horse battery"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param(b"u=ann&p=secret", Basic("ann", "secret"), id="a name and its password"),
        pytest.param(b"u=telegraf&p=hnt_abc&db=x", Bearer("hnt_abc"), id="a token as password"),
        pytest.param(b"p=hnt_abc", Bearer("hnt_abc"), id="a token without a name"),
        pytest.param(b"u=%EC%A7%80%EC%9D%80&p=%C3%A9%3A", Basic("지은", "é:"), id="signs of any kind"),
        pytest.param(b"u=ann", None, id="no password"),
        pytest.param(b"u=a:b&p=x", None, id="a colon, which Basic cannot carry"),
        pytest.param(b"db=x", None, id="neither"),
        pytest.param(b"p=\xff%ff", Basic("", "��"), id="bytes that are no text"),
        pytest.param(b"&".join(b"a=1" for _ in range(99)) + b"&p=x", None, id="too many fields"),
        pytest.param(b"p=" + b"x" * 5_000, None, id="too long"),
    ],
)
def test_what_a_query_shows(query: bytes, expected: object) -> None:
    assert shown(with_query([(b"host", b"h")], query)) == expected


def test_a_header_comes_first() -> None:
    headers = [(b"authorization", b"Bearer hnt_header")]
    assert with_query(headers, b"p=hnt_query") is headers


async def who(request: Request) -> Response:
    principal = principal_of(request)
    return json_answer({"token": principal.token_name, "how": principal.how})


WHO = [
    Endpoint("POST", "/v1", who, Access.PUSH, credentials_in_query=True),
    Endpoint("POST", "/other", who, Access.PUSH),
]


async def test_they_let_in_where_they_are_declared_and_nowhere_else(build: Any) -> None:
    house = build(endpoints=WHO)
    house.user()
    key = house.token(TokenRole.PUSH, "telegraf")["authorization"].removeprefix("Bearer ")
    async with house.client() as client:
        answer = await client.post("/v1", params={"u": "any", "p": key})
        assert (answer.status_code, answer.json()["token"]) == (200, "telegraf")
        assert (await client.post("/v1", params={"u": "ann", "p": PASSWORD})).json()["how"] == "password"
        assert (await client.post("/v1", params={"u": "ann", "p": "wrong"})).status_code == 401
        assert (await client.post("/other", params={"u": "any", "p": key})).status_code == 401
        foreign = {"origin": "https://attacker.example"}
        assert (await client.post("/v1", params={"u": "ann", "p": PASSWORD}, headers=foreign)).status_code == 403
