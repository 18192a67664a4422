"""Envelopes are taken from every key form and coding, and answered as SDKs expect."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from collections.abc import AsyncIterator
from typing import Any

import cramjam
import pytest

KEY = "0123456789abcdef0123456789abcdef"
OTHER_KEY = "f" * 32
OTHER_PROJECTS_KEY = "e" * 32
ID = "9ec79c33ec9942ab8353589fcb2e04dc"
AUTH = {"x-sentry-auth": f"Sentry sentry_key={KEY}, sentry_version=7, sentry_client=sentry.python/2.75.0"}
URL = "/api/1/envelope/"
DSN = f"https://{KEY}@errors.example/1"


def envelope(*items: tuple[dict[str, Any], Any], **header: Any) -> bytes:
    """Payloads that are no bytes are written as JSON, with a length unless the header says otherwise."""
    lines = [json.dumps(header).encode()]
    for told, payload in items:
        raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        said = {name: value for name, value in {"length": len(raw), **told}.items() if value is not None}
        lines += [json.dumps(said).encode(), raw]
    return b"\n".join(lines) + b"\n"


def error(message: str = "boom", **more: Any) -> tuple[dict[str, Any], Any]:
    return {"type": "event"}, {"message": message, "event_id": ID, **more}


@pytest.mark.parametrize(
    ("url", "headers", "header"),
    [
        pytest.param(URL, AUTH, {}, id="X-Sentry-Auth, as Python sends it"),
        pytest.param(
            f"{URL}?sentry_version=7&sentry_key={KEY}&sentry_client=sentry.javascript.node%2F11.12.0",
            {},
            {},
            id="query, as JavaScript sends it",
        ),
        pytest.param(URL, {"authorization": f"Sentry sentry_key={KEY}"}, {}, id="Authorization"),
        pytest.param(URL, {}, {"dsn": DSN}, id="DSN in the envelope's header"),
        pytest.param(URL, {**AUTH, "authorization": "Basic eDp5"}, {}, id="somebody else's Authorization beside ours"),
        pytest.param(URL, {"x-sentry-auth": f"sentry_key={KEY.upper()}"}, {}, id="no scheme, capital letters"),
        pytest.param(f"{URL}?sentry_key={KEY}", AUTH, {"dsn": DSN}, id="three places that agree"),
        pytest.param(URL.rstrip("/"), AUTH, {}, id="no slash at the end"),
    ],
)
async def test_a_key_may_stand_in_any_of_its_places(house, url, headers, header) -> None:
    async with house.client() as client:
        answer = await client.post(url, content=envelope(error(), event_id=ID, **header), headers=headers)
    assert (answer.status_code, answer.json()) == (200, {"id": ID})
    assert [event.title for event in house.events.values] == ["boom"]
    assert house.counted() == {("error", "accepted", ""): 1}
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "X-Sentry-Rate-Limits" in answer.headers["access-control-expose-headers"]


@pytest.mark.parametrize(
    ("url", "headers", "header", "status"),
    [
        pytest.param(URL, {}, {}, 401, id="no key at all"),
        pytest.param(URL, {"x-sentry-auth": "Sentry sentry_version=7"}, {}, 401, id="header without a key"),
        pytest.param(f"{URL}?sentry_key=%00", {}, {}, 401, id="key that cannot be one"),
        pytest.param(URL, {"x-sentry-auth": f"Sentry sentry_key={'a' * 32}"}, {}, 403, id="unknown key"),
        pytest.param(f"{URL}?sentry_key={OTHER_PROJECTS_KEY}", {}, {}, 403, id="key of another project"),
        pytest.param(f"{URL}?sentry_key={OTHER_KEY}", AUTH, {}, 403, id="header and query disagree"),
        pytest.param(URL, AUTH, {"dsn": f"https://{OTHER_KEY}@h/1"}, 403, id="header and envelope disagree"),
        pytest.param(URL, AUTH, {"dsn": f"https://{KEY}@h/2"}, 403, id="the DSN names another project"),
        pytest.param(URL, {}, {"dsn": "https://h/1"}, 400, id="DSN without a key"),
        pytest.param("/api/0/envelope/", AUTH, {}, 404, id="project 0"),
        pytest.param("/api/one/envelope/", AUTH, {}, 404, id="project that is no number"),
        pytest.param(f"/api/{'9' * 40}/envelope/", AUTH, {}, 404, id="project beyond any number"),
    ],
)
async def test_who_may_not_send_is_told_why(house, url, headers, header, status) -> None:
    async with house.client() as client:
        answer = await client.post(url, content=envelope(error(), **header), headers=headers)
    assert answer.status_code == status
    assert answer.json()["detail"]
    assert answer.headers["x-sentry-error"]
    assert answer.headers["access-control-allow-origin"] == "*"
    assert house.events.values == []


CODINGS = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": lambda raw: bytes(cramjam.brotli.compress(raw)),
    "zstd": lambda raw: bytes(cramjam.zstd.compress(raw)),
    "identity": bytes,
}


@pytest.mark.parametrize("coding", list(CODINGS))
@pytest.mark.parametrize("size", [10, 200_000], ids=["small", "in a thread"])
async def test_every_coding_is_undone(house, coding, size) -> None:
    sent = CODINGS[coding](envelope(error("x" * size), event_id=ID))
    async with house.client() as client:
        answer = await client.post(URL, content=sent, headers={**AUTH, "content-encoding": coding})
    assert answer.status_code == 200
    assert len(house.events.values[0].title) == size


async def test_a_chunked_body_is_read_to_its_end(house) -> None:
    sent = envelope(error())

    async def chunks() -> AsyncIterator[bytes]:
        for at in range(0, len(sent), 7):
            yield sent[at : at + 7]

    async with house.client() as client:
        answer = await client.post(URL, content=chunks(), headers=AUTH)
    assert "content-length" not in answer.request.headers
    assert answer.status_code == 200
    assert len(house.events.values) == 1


@pytest.mark.parametrize(
    ("url", "body", "headers"),
    [
        pytest.param("/api/1/store/", json.dumps({"message": "old", "event_id": ID}).encode(), {}, id="JSON"),
        pytest.param(
            "/api/1/store/",
            gzip.compress(json.dumps({"message": "old", "event_id": ID}).encode()),
            {"content-encoding": "gzip"},
            id="gzip, as sentry-sdk 1.40 sends it",
        ),
        pytest.param(
            "/api/1/store",
            base64.b64encode(zlib.compress(json.dumps({"message": "old", "event_id": ID}).encode())),
            {"content-type": "application/octet-stream"},
            id="base64 of zlib, as Raven sends it",
        ),
        pytest.param(
            "/api/1/store/",
            base64.b64encode(json.dumps({"message": "old", "event_id": ID}).encode()),
            {},
            id="base64 alone",
        ),
        pytest.param(
            "/api/1/store/",
            b"x=1&sentry_data=%7B%22message%22%3A%22old%22%2C%22event_id%22%3A%22" + ID.encode() + b"%22%7D&y=2",
            {"content-type": "application/x-www-form-urlencoded"},
            id="form",
        ),
        pytest.param(
            "/api/1/store/",
            b"sentry_data=" + base64.b64encode(zlib.compress(json.dumps({"message": "old", "event_id": ID}).encode())),
            {"content-type": "application/x-www-form-urlencoded"},
            id="form of base64 that nobody escaped",
        ),
    ],
)
async def test_the_store_endpoint_takes_a_bare_event(house, url, body, headers) -> None:
    async with house.client() as client:
        answer = await client.post(url, content=body, headers={**AUTH, **headers})
    assert (answer.status_code, answer.json()) == (200, {"id": ID})
    assert [event.title for event in house.events.values] == ["old"]


async def test_an_image_can_be_an_event(house) -> None:
    data = base64.b64encode(zlib.compress(json.dumps({"message": "pixel", "event_id": ID}).encode())).decode()
    async with house.client() as client:
        answer = await client.get("/api/1/store/", params={"sentry_key": KEY, "sentry_data": data})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/gif")
    assert [event.title for event in house.events.values] == ["pixel"]


async def test_a_preflight_is_answered(house) -> None:
    async with house.client() as client:
        answer = await client.options(URL, headers={"origin": "https://shop.example"})
    assert answer.status_code == 200
    assert "X-Sentry-Auth" in answer.headers["access-control-allow-headers"]
    assert "POST" in answer.headers["access-control-allow-methods"]
