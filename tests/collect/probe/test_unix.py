"""`prober: unix`: the conversation of tcp over a socket file, and who may not ask for it."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hannun.collect.probe import Prober
from hannun.config.blackbox.load import load
from hannun.config.blackbox.model import BlackboxConfig, Module, QueryResponse, UnixProbe
from hannun.model.errors import HannunError
from hannun.model.probe import ProbeRequest, ProbeResult


@contextlib.asynccontextmanager
async def redis() -> AsyncIterator[str]:
    """Greets, and answers PING. A socket's path must be short."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"+HELLO 7\n")
        with contextlib.suppress(OSError):
            if await asyncio.wait_for(reader.readline(), 0.3) == b"PING 7\n":
                writer.write(b"+PONG\n")
                await writer.drain()
        writer.close()

    with tempfile.TemporaryDirectory(prefix="hannun-") as folder:
        server = await asyncio.start_unix_server(handle, f"{folder}/redis.sock")
        yield f"{folder}/redis.sock"
        server.close()


async def run(target: str, *steps: QueryResponse, trusted: bool = True) -> ProbeResult:
    prober = Prober(BlackboxConfig({"m": Module("m", UnixProbe(steps), timeout_ms=2_000)}))
    return await prober.probe(ProbeRequest(target, "m", trusted=trusted))


def told(result: ProbeResult) -> dict[str, float]:
    return {family.name: family.samples[0].value for family in result.families if family.samples}


async def test_a_conversation_over_a_socket_file() -> None:
    async with redis() as path:
        result = await run(path, QueryResponse("^.HELLO ([0-9])", send="PING ${1}"), QueryResponse("PONG"))
        assert result.success, result.log
        assert told(result)["probe_failed_due_to_regex"] == 0
        failed = await run(path, QueryResponse("^SSH"))
    assert not failed.success
    assert told(failed)["probe_failed_due_to_regex"] == 1


@pytest.mark.parametrize("path", ["/nowhere/at.all", "/etc/hostname", "\0abstract", "x" * 500, "relative"])
async def test_what_is_no_socket_fails_and_says_why(path: str) -> None:
    result = await run(path)
    assert not result.success
    assert "level=error" in result.log or "err" in result.log


async def test_only_an_admin_or_the_file_may_open_sockets_of_this_machine() -> None:
    async with redis() as path:
        with pytest.raises(HannunError, match="opens sockets of this machine; only an admin"):
            await run(path, trusted=False)


def test_its_module_is_read(tmp_path: Path) -> None:
    file = tmp_path / "blackbox.yml"
    file.write_text("modules: {a: {prober: unix, unix: {query_response: [{expect: x, send: y}], tls: true}}}\n")
    config, complaints = load(file, {})
    assert complaints == ()
    assert config.modules["a"].probe == UnixProbe((QueryResponse("x", send="y"),), use_tls=True)
    assert config.modules["a"].prober == "unix"
