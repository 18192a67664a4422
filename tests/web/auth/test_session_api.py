from __future__ import annotations

from typing import Any

import pytest

Build = Any


async def test_an_open_server_says_so(build: Build) -> None:
    async with build().client() as client:
        answer = await client.get("/api/hannun/v1/session")
    assert answer.status_code == 200
    assert answer.json()["open"] is True
    assert answer.json()["role"] == "admin"
    assert answer.json()["user"] is None


@pytest.mark.parametrize("path", ["/", "/hosts", "/explore?x=1", "/login", "/settings/users"])
async def test_pages_of_the_ui(build: Build, path: str) -> None:
    async with build().client() as client:
        answer = await client.get(path)
    assert answer.status_code == 200
    assert '<base href="/">' in answer.text
