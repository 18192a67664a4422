"""The syslog server over real sockets: what is sent is stored, and nobody fills it up."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from hannun.model.errors import Overloaded
from hannun.model.log import SEVERITIES
from hannun.observe.outcomes import Outcomes
from hannun.receive.log_intake import LogIntake
from hannun.receive.syslog import SyslogLimits, SyslogServer

QUICK = SyslogLimits(gather_s=0.01, patience_s=0.2)


@pytest.fixture
def outcomes() -> Outcomes:
    return Outcomes()


@asynccontextmanager
async def running(
    sink: Any, outcomes: Outcomes, limits: SyslogLimits = QUICK, **more: Any
) -> AsyncIterator[SyslogServer]:
    server = SyslogServer(LogIntake(sink, outcomes), "127.0.0.1", 0, limits=limits, **more)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


async def until(seen: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not seen():
            await asyncio.sleep(0.01)


async def send(port: int, *chunks: bytes) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    for chunk in chunks:
        writer.write(chunk)
        await writer.drain()
    writer.close()
    await writer.wait_closed()


async def test_messages_over_tcp_and_udp_are_stored(log_sink, outcomes) -> None:
    async with running(log_sink, outcomes) as server:
        await send(server.port, b"<11>1 2026-01-02T15:04:05Z web shop 7 ID1 - one\n", b"19 <14>Jan  2 app: two")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.sendto("<30>app[1]: 셋".encode(), ("127.0.0.1", server.port))
        await until(lambda: len(log_sink.lines()) == 3)
    lines = {line: name for name, _, line in log_sink.lines()}
    assert lines["one"] == '{host="web", job="syslog", service_name="shop"}'
    assert lines["셋"] == '{host="127.0.0.1", job="syslog", service_name="app"}'
    batch = next(batch for batch in log_sink.batches for index in range(len(batch)) if batch.body[index] == "one")
    at = [batch.body[index] for index in range(len(batch))].index("one")
    assert SEVERITIES[batch.severity[at]] == "error"
    assert batch.attributes is not None
    pairs = range(*batch.attributes.offsets[at : at + 2].tolist())
    assert {batch.attributes.keys[pair]: batch.attributes.values[pair] for pair in pairs} == {
        "severity": "error", "facility": "user", "pid": "7", "message_id": "ID1"
    }  # fmt: skip


async def test_what_was_received_is_stored_before_the_server_stops(log_sink, outcomes) -> None:
    async with running(log_sink, outcomes, replace(QUICK, gather_s=0.3)) as server:
        await send(server.port, b"<11>last words")
        await until(lambda: bool(server._waiting))
    assert [line for *_, line in log_sink.lines()] == ["last words"]


async def test_a_store_that_takes_nothing_slows_tcp_and_loses_nothing(log_sink, outcomes) -> None:
    log_sink.fails = Overloaded("full")
    limits = replace(QUICK, waiting_bytes_max=10_000, patience_s=20.0)
    async with running(log_sink, outcomes, limits) as server:
        sending = asyncio.create_task(send(server.port, *[b"<11>%05d %b\n" % (n, b"x" * 80) for n in range(2_000)]))
        await until(lambda: server._waiting_bytes >= 10_000)
        await asyncio.sleep(0.1)
        assert server._waiting_bytes < 10_000 + 300_000  # one read beyond the bound
        log_sink.fails = None
        await sending
        await until(lambda: len(log_sink.lines()) == 2_000)
    assert [line[:5] for *_, line in log_sink.lines()] == [f"{n:05d}" for n in range(2_000)]


async def test_udp_that_finds_no_room_is_counted(log_sink, outcomes) -> None:
    async with running(log_sink, outcomes, replace(QUICK, waiting_bytes_max=500, gather_s=0.2)) as server:
        for _ in range(10):
            server._datagram(b"x" * 100, "127.0.0.1")
    assert len(log_sink.lines()) == 2
    assert {tally.reason: count for tally, count in outcomes.rows()}["syslog over UDP that found no room"] == 8


async def test_what_is_never_stored_is_counted(log_sink, outcomes) -> None:
    log_sink.fails = Overloaded("full")
    async with running(log_sink, outcomes) as server:
        server._datagram(b"x", "127.0.0.1")
        await until(lambda: bool(outcomes.rows()))
    ((tally, count),) = outcomes.rows()
    assert (tally.reason, tally.key, count) == ("refused for now: queue full", "syslog", 1)


async def test_only_allowed_addresses_and_so_many_connections(log_sink, outcomes) -> None:
    async with running(log_sink, outcomes, allow=lambda address: False) as server:
        await send(server.port, b"<11>x\n")
        server._datagram(b"x", "127.0.0.1")
        await until(lambda: sum(count for _, count in outcomes.rows()) == 2)
    async with running(log_sink, outcomes, replace(QUICK, connections_max=1)) as server:
        _, first = await asyncio.open_connection("127.0.0.1", server.port)
        await until(lambda: len(server._connections) == 1)
        reader, second = await asyncio.open_connection("127.0.0.1", server.port)
        assert await reader.read() == b""  # closed at once
        second.close()
        first.close()
    assert not log_sink.batches


async def test_silence_and_nonsense_end_a_connection(log_sink, outcomes) -> None:
    async with running(log_sink, outcomes, replace(QUICK, idle_s=0.05)) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        assert await reader.read() == b""
        writer.close()
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"999999999 x")
        assert await reader.read() == b""
        writer.close()
        await until(lambda: any(tally.reason == "syslog stream that is no syslog" for tally, _ in outcomes.rows()))


async def test_a_taken_port_is_an_error_at_start(log_sink, outcomes) -> None:
    async with running(log_sink, outcomes) as server:
        with pytest.raises(OSError, match="address already in use"):
            await SyslogServer(LogIntake(log_sink, outcomes), "127.0.0.1", server.port).start()
