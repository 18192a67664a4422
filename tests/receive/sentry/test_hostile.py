"""Bombs, lies and garbage cost their bound and nothing else."""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib
from typing import Any

import cramjam
import pytest
from starlette.requests import ClientDisconnect, Request

from hannun.model.errors import HannunError
from hannun.receive.limits import ReceiveLimits
from hannun.receive.sentry.envelope import EnvelopeReceiver
from hannun.receive.sentry.limits import SentryLimits
from hannun.wire.sentry.limits import EnvelopeLimits

KEY = "0123456789abcdef0123456789abcdef"
AUTH = {"x-sentry-auth": f"Sentry sentry_key={KEY}"}
URL = "/api/1/envelope/"
GOOD = b'{}\n{"type":"event"}\n{"message":"boom"}\n'
SMALL = SentryLimits(body=ReceiveLimits(body_bytes_max=1 << 20), raw_bytes_max=2 << 20)


@pytest.mark.parametrize(
    "pack",
    [
        pytest.param(gzip.compress, id="gzip"),
        pytest.param(zlib.compress, id="deflate"),
        pytest.param(lambda raw: bytes(cramjam.brotli.compress(raw)), id="br"),
        pytest.param(lambda raw: bytes(cramjam.zstd.compress(raw)), id="zstd"),
    ],
)
async def test_a_bomb_costs_its_bound(build, request, pack) -> None:
    house = build(limits=SMALL)
    coding = request.node.callspec.id
    async with house.client() as client:
        answer = await client.post(URL, content=pack(bytes(50 << 20)), headers={**AUTH, "content-encoding": coding})
        after = await client.post(URL, content=GOOD, headers=AUTH)
    assert (answer.status_code, after.status_code) == (413, 200)
    assert house.counted()["default", "invalid", "request that is too large"] == 1


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        pytest.param(b"x" * (2 << 20), {}, 413, id="more bytes than a body may have"),
        pytest.param(GOOD, {"content-encoding": "gzip"}, 400, id="not what the coding says"),
        pytest.param(b"", {"content-encoding": "gzip"}, 400, id="nothing at all, compressed"),
        pytest.param(b"", {}, 400, id="nothing at all"),
        pytest.param(gzip.compress(GOOD)[:-9], {"content-encoding": "gzip"}, 400, id="gzip that ends early"),
        pytest.param(GOOD, {"content-encoding": "rot13"}, 415, id="a coding nobody knows"),
        pytest.param(GOOD, {"content-encoding": "gzip, gzip, gzip"}, 415, id="stacked codings"),
        pytest.param(b"\x00" * 100, {}, 400, id="zeros"),
        pytest.param(b"{}\n" + b'{"type":"x","length":0}\n\n' * 2_000, {}, 413, id="items without end"),
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", {}, 400, id="another protocol"),
    ],
)
async def test_garbage_is_told_what_it_is(build, body, headers, status) -> None:
    house = build(limits=SMALL)
    async with house.client() as client:
        answer = await client.post(URL, content=body, headers={**AUTH, **headers})
    assert answer.status_code == status
    assert answer.json()["detail"]
    assert house.events.values == []
    assert sum(house.counted().values()) == 1


async def test_a_hundred_thousand_frames_are_handed_on_to_be_cut(house) -> None:
    frames = [{"function": f"f{number}", "lineno": number} for number in range(100_000)]
    event = {"message": "deep", "exception": {"values": [{"type": "E", "stacktrace": {"frames": frames}}]}}
    async with house.client() as client:
        body = gzip.compress(b'{}\n{"type":"event"}\n' + json.dumps(event).encode(), 1)
        answer = await client.post(URL, content=body, headers={**AUTH, "content-encoding": "gzip"})
    assert answer.status_code == 200
    assert house.events.values[0].title == "deep"


def asked(receive: Any, headers: dict[str, str] | None = None) -> Request:
    told = [(name.encode(), value.encode()) for name, value in {**AUTH, **(headers or {})}.items()]
    scope = {"type": "http", "method": "POST", "path": URL, "query_string": b"", "headers": told}
    return Request({**scope, "path_params": {"project": "1"}}, receive)


async def test_a_body_that_never_ends_is_left(build) -> None:
    house = build(limits=SentryLimits(body=ReceiveLimits(body_timeout_s=0.2, body_pause_s=0.1)))

    async def drips() -> dict[str, Any]:
        await asyncio.sleep(0.02)
        return {"type": "http.request", "body": b"{", "more_body": True}

    answer = await asyncio.wait_for(EnvelopeReceiver(house.intake).post(asked(drips)), 5)
    assert answer.status_code == 503
    assert house.counted() == {("default", "invalid", "request whose body did not arrive in time"): 1}


async def test_a_sender_that_leaves_is_counted(house) -> None:
    async def leaves() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    with pytest.raises(ClientDisconnect):
        await EnvelopeReceiver(house.intake).post(asked(leaves))
    assert house.counted() == {("default", "invalid", "sender left before the end of its request"): 1}


async def test_who_may_not_send_is_refused_before_the_body_is_read(house) -> None:
    async def never() -> dict[str, Any]:
        raise AssertionError("the body was read")

    answer = await EnvelopeReceiver(house.intake).post(asked(never, {"x-sentry-auth": f"Sentry sentry_key={'d' * 32}"}))
    assert answer.status_code == 403


async def test_all_bodies_together_are_bounded(build) -> None:
    house = build(limits=SentryLimits(body=ReceiveLimits(in_flight_bytes_max=1_000)))
    wait = asyncio.Event()
    sent: list[bytes] = [b"x" * 900]

    async def slow() -> dict[str, Any]:
        if sent:
            return {"type": "http.request", "body": sent.pop(), "more_body": True}
        await wait.wait()
        return {"type": "http.request", "body": b"", "more_body": False}

    first = asyncio.create_task(EnvelopeReceiver(house.intake).post(asked(slow)))
    await asyncio.sleep(0.05)
    async with house.client() as client:
        refused = await client.post(URL, content=GOOD + b" " * 200, headers=AUTH)
        assert refused.status_code == 429
        assert refused.headers["x-sentry-rate-limits"] == "1::organization:busy"
        wait.set()
        assert (await first).status_code == 400
        assert (await client.post(URL, content=GOOD, headers=AUTH)).status_code == 200


async def test_a_store_without_answer_fails_only_its_own_request(house) -> None:
    async def find(key: str) -> None:
        raise HannunError("the accounts cannot be read")

    house.keys.find = find
    async with house.client() as client:
        answer = await client.post(URL, content=GOOD, headers=AUTH)
    assert answer.status_code == 400


@pytest.mark.parametrize("size", [1_000, 200_000], ids=["on the loop", "in a thread"])
async def test_the_bound_of_large_bodies_is_given_back(build, size) -> None:
    house = build(limits=SentryLimits(large_at_once=1, envelope=EnvelopeLimits()))
    body = b'{}\n{"type":"event"}\n' + json.dumps({"message": "x" * size}).encode()
    async with house.client() as client:
        answers = await asyncio.gather(*(client.post(URL, content=body, headers=AUTH) for _ in range(8)))
        broken = await client.post(URL, content=b"{" * size, headers=AUTH)
        after = await client.post(URL, content=body, headers=AUTH)
    assert {answer.status_code for answer in answers} == {200}
    assert (broken.status_code, after.status_code) in ((400, 200), (413, 200))
