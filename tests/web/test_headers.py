from __future__ import annotations

from typing import Any

from starlette.responses import Response

from hannun.model.access import Access
from hannun.model.http import Endpoint

Build = Any


async def test_every_answer_is_safe_to_open(build: Build) -> None:
    async with build().client() as client:
        for path in ("/", "/nope", "/api/hannun/v1/session", "/-/nothing"):
            headers = (await client.get(path)).headers
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["x-frame-options"] == "DENY"
            assert headers["cross-origin-resource-policy"] == "same-origin"
            assert "default-src 'none'" in headers["content-security-policy"]
            assert "server" not in headers


async def test_an_endpoint_may_say_otherwise(build: Build) -> None:
    async def beacon(_: Any) -> Response:
        return Response(headers={"Cross-Origin-Resource-Policy": "cross-origin"})

    async with build(endpoints=[Endpoint("GET", "/beacon", beacon, Access.PUBLIC)]).client() as client:
        answer = await client.get("/beacon")
    assert answer.headers.get_list("cross-origin-resource-policy") == ["cross-origin"]
