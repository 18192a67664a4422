"""gRPC health answers in bytes, and peers that speak something else."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hannun.collect.probe import Prober
from hannun.collect.probe.grpc_health import health_request, serving_status
from hannun.config.blackbox.model import BlackboxConfig, GrpcProbe, Module
from hannun.model.errors import WireError
from hannun.model.probe import ProbeRequest, ProbeResult


def framed(message: bytes) -> bytes:
    return b"\0" + len(message).to_bytes(4, "big") + message


@pytest.mark.parametrize(
    ("message", "status"),
    [
        (b"", "UNKNOWN"),
        (b"\x08\x01", "SERVING"),
        (b"\x08\x02", "NOT_SERVING"),
        (b"\x08\x03", "SERVICE_UNKNOWN"),
        (b"\x08\x63", "UNKNOWN"),
        (b"\x12\x02hi\x08\x01", "SERVING"),
    ],
)
def test_the_status_is_read(message: bytes, status: str) -> None:
    assert serving_status(framed(message)) == status


def test_the_service_is_asked_for_by_name() -> None:
    assert health_request("") == b""
    assert health_request("shop") == b"\x0a\x04shop"
    assert health_request("s" * 200)[:3] == b"\x0a\xc8\x01"


@given(st.binary(max_size=60) | st.binary(max_size=60).map(framed))
def test_any_bytes_are_a_status_or_a_wire_error(body: bytes) -> None:
    with contextlib.suppress(WireError):
        serving_status(body)


async def run(target: str, probe: GrpcProbe) -> ProbeResult:
    return await Prober(BlackboxConfig({"m": Module("m", probe, 2_000)})).probe(ProbeRequest(target, "m"))


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"HTTP/1.1 400 Bad Request\r\n\r\n", id="HTTP/1.1"),
        pytest.param(b"", id="hangs up"),
        pytest.param(b"\0\0\0\4\0\0\0\0\0" + b"\xff" * 100, id="settings and noise"),
        pytest.param(b"\0\xff\xff\0\0\0\0\0\1" + b"x" * 70_000, id="a frame that is too large"),
    ],
)
async def test_a_peer_that_speaks_no_http_2_is_unavailable(answer: bytes) -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            await reader.read(100)
            writer.write(answer)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    result = await run(f"127.0.0.1:{server.sockets[0].getsockname()[1]}", GrpcProbe())
    server.close()
    values = {sample.name: sample.value for family in result.families for sample in family.samples}
    assert not result.success
    assert values["probe_grpc_status_code"] == 14
    assert values["probe_grpc_healthcheck_response"] == 0


async def test_metadata_and_a_path_in_the_target_are_taken(targets: Any) -> None:
    assert (await run(f"http://{targets.grpc}", GrpcProbe("shop", metadata={"X-Token": ("a", "b")}))).success
