"""What a client does with each answer of a server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import cramjam
import pytest

from hannun.collect.tail.metrics import TailMetrics
from hannun.collect.tail.push import PushOutlet
from hannun.collect.tail.sender import Patience
from hannun.config.http_client import BasicAuth, HttpClientConfig, Secret
from hannun.config.promtail.model import ClientConfig
from hannun.model.errors import HannunError, Overloaded, StoreUnavailable, WireError
from hannun.process.pipeline.meters import MeterStore


class Peer:
    """Answers every request with `status`, and remembers what came."""

    def __init__(self) -> None:
        self.status = 204
        self.heads: list[dict[str, str]] = []
        self.bodies: list[bytes] = []
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            assert line.startswith(b"POST /loki/api/v1/push ")
            head: dict[str, str] = {}
            while (field := await reader.readline()) not in (b"\r\n", b""):
                name, _, value = field.decode().partition(":")
                head[name.lower()] = value.strip()
            self.heads.append(head)
            self.bodies.append(await reader.readexactly(int(head["content-length"])))
            said = b"" if self.status == 204 else b"why not\n"
            writer.write(f"HTTP/1.1 {self.status} X\r\nContent-Length: {len(said)}\r\n\r\n".encode() + said)
        writer.close()


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    one = Peer()
    server = await asyncio.start_server(one.serve, "127.0.0.1", 0)
    one.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/loki/api/v1/push"
    yield one
    server.close()


def outlet(peer: Peer, **more: object) -> PushOutlet:
    config = replace(ClientConfig(peer.url), **more)  # type: ignore[arg-type]
    return PushOutlet(config, TailMetrics(MeterStore(lambda: 0.0)), user_agent="test")


async def test_a_push_is_snappy_with_everything_that_the_client_says(peer: Peer) -> None:
    http = HttpClientConfig(basic_auth=BasicAuth("me", password=Secret("pw")))
    client = outlet(peer, tenant_id="team", headers={"X-Env": "prod"}, http=http)
    await client.deliver(b"body" * 100, "")
    await client.deliver(b"body", "other")
    await client.close()
    assert bytes(cramjam.snappy.decompress_raw(peer.bodies[0])) == b"body" * 100
    assert peer.heads[0]["content-type"] == "application/x-protobuf"
    assert peer.heads[0]["x-scope-orgid"] == "team"
    assert peer.heads[1]["x-scope-orgid"] == "other", "a stage's tenant wins over the client's"
    assert peer.heads[0]["x-env"] == "prod"
    assert peer.heads[0]["authorization"].startswith("Basic ")


@pytest.mark.parametrize(
    ("status", "raised"),
    [
        pytest.param(429, Overloaded, id="429 passes by"),
        pytest.param(500, StoreUnavailable, id="500 passes by"),
        pytest.param(503, StoreUnavailable, id="503 passes by"),
        pytest.param(400, WireError, id="400 will never be taken"),
        pytest.param(401, WireError, id="401 will never be taken"),
        pytest.param(413, WireError, id="413 will never be taken"),
    ],
)
async def test_answers(peer: Peer, status: int, raised: type[HannunError]) -> None:
    client = outlet(peer)
    peer.status = status
    with pytest.raises(raised, match="why not"):
        await client.deliver(b"x", "")
    await client.close()


async def test_who_drops_rate_limited_batches_drops_them(peer: Peer) -> None:
    client = outlet(peer, drop_rate_limited_batches=True)
    peer.status = 429
    with pytest.raises(WireError):
        await client.deliver(b"x", "")
    await client.close()


async def test_nobody_there_passes_by() -> None:
    client = PushOutlet(
        ClientConfig("http://127.0.0.1:9/loki/api/v1/push"), TailMetrics(MeterStore(lambda: 0.0)), user_agent="test"
    )
    with pytest.raises(StoreUnavailable, match="refused"):
        await client.deliver(b"x", "")
    await client.close()


def test_patience_doubles_up_to_its_bound() -> None:
    patience = Patience(0.5, 4)
    assert [patience.after(failures, lambda: 1.0) for failures in (1, 2, 3, 4, 5, 100)] == [0.5, 1, 2, 4, 4, 4]
