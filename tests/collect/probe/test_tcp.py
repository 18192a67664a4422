"""The tcp prober's conversations beyond what blackbox_exporter 0.23 knows, and hostile talkers."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from hannun.collect.probe import Prober
from hannun.collect.probe.text import compiled, expand
from hannun.config.blackbox.model import BlackboxConfig, Module, QueryResponse, TcpProbe
from hannun.model.probe import ProbeRequest, ProbeResult


@contextlib.asynccontextmanager
async def talker(pieces: Sequence[bytes], *, stay: bool = False, endless: bool = False) -> AsyncIterator[str]:
    """Says `pieces`, then hangs up, stays silent, or says the last one for ever."""

    async def handle(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0.01)
            while endless:
                writer.write(pieces[-1])
                await writer.drain()
            while stay:
                await asyncio.sleep(0.05)
                if writer.is_closing():
                    break
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


async def run(target: str, *steps: QueryResponse, timeout_s: float = 3.0, trusted: bool = True) -> ProbeResult:
    prober = Prober(BlackboxConfig({"m": Module("m", TcpProbe(steps), timeout_ms=round(timeout_s * 1000))}))
    return await prober.probe(ProbeRequest(target, "m", trusted=trusted))


def value(result: ProbeResult, name: str) -> float:
    return next(family.samples[0].value for family in result.families if family.name == name)


@pytest.mark.parametrize(
    ("pieces", "wanted", "success"),
    [
        pytest.param([b"\x05\x00\xff\xfe"], "\x05\x00", True, id="the first bytes"),
        pytest.param([b"\x05", b"\x00"], "\x05\x00", True, id="in two pieces"),
        pytest.param([b"\x00\x05\x00"], "\x05\x00", False, id="not at once"),
        pytest.param([b"\x05"], "\x05\x00", False, id="too few"),
    ],
)
async def test_bytes_are_expected_as_they_are(pieces: list[bytes], wanted: str, success: bool) -> None:
    async with talker(pieces) as at:
        result = await run(at, QueryResponse(expect_bytes=wanted))
    assert result.success is success
    assert value(result, "probe_failed_due_to_bytes") == (not success and len(b"".join(pieces)) > 1)


async def test_a_prompt_without_an_end_of_line_is_read() -> None:
    async with talker([b"Welcome\nlogin: "], stay=True) as at:
        result = await run(at, QueryResponse(expect="^login: $"))
    assert result.success, result.log
    assert value(result, "probe_duration_seconds") < 1


async def test_a_line_in_pieces_is_matched_whole() -> None:
    async with talker([b"version ", b"1.2", b".3\n"], stay=True) as at:
        result = await run(
            at, QueryResponse(expect="version (?P<version>[0-9.]+)", labels=(("version", "v${version}"), ("a", "$1")))
        )
    (info,) = (family for family in result.families if family.name == "probe_expect_info")
    assert info.samples[0].labels == (("a", "1.2.3"), ("version", "v1.2.3"))


async def test_lines_behind_the_match_are_for_the_next_step() -> None:
    async with talker([b"one\ntwo\nthree\n"]) as at:
        result = await run(at, *(QueryResponse(expect=f"^{word}$") for word in ("one", "two", "three")))
    assert result.success, result.log


@pytest.mark.parametrize(
    "piece", [pytest.param(b"\n" * 65_536, id="ends of lines"), pytest.param(b"a\n" * 30_000, id="short lines")]
)
async def test_a_talker_without_end_does_not_hold_up_the_others(piece: bytes) -> None:
    longest_s = 0.0

    async def watch() -> None:
        nonlocal longest_s
        loop = asyncio.get_running_loop()
        while True:
            before_s = loop.time()
            await asyncio.sleep(0.001)
            longest_s = max(longest_s, loop.time() - before_s)

    async with talker([piece], endless=True) as at:
        watcher = asyncio.create_task(watch())
        result = await run(at, QueryResponse(expect="never"), timeout_s=0.5)
        watcher.cancel()
    assert not result.success
    assert longest_s < 0.4


async def test_a_line_without_end_is_refused() -> None:
    async with talker([b"x" * 10_000], endless=True) as at:
        result = await run(at, QueryResponse(expect="never"))
    assert not result.success
    assert "token too long" in result.log


async def test_what_the_target_says_is_not_shown_to_a_stranger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hannun.collect.probe.address.private_to_us", lambda _ip: False)
    async with talker([b"secret banner\n"]) as at:
        assert "secret banner" in (await run(at, QueryResponse(expect="banner"))).log
    async with talker([b"secret banner\n"]) as at:
        result = await run(at, QueryResponse(expect="banner"), trusted=False)
    assert result.success
    assert "secret banner" not in result.log


async def test_what_came_before_tls_is_not_taken_for_something_in_it(targets: Any) -> None:
    """A man in the middle adds lines behind the answer to STARTTLS: they must not be read as the server's."""
    async with talker([b"220 ready\n250 forged\n"], stay=True) as at:
        result = await run(at, QueryResponse(expect="^220", starttls=True), QueryResponse(expect="^250"), timeout_s=1)
    assert not result.success


@pytest.mark.parametrize(
    ("template", "text"),
    [("${1}-$2", "a-b"), ("$$1", "$1"), ("$1x", ""), ("${1}x", "ax"), ("$9$name", "a"), ("$", "$"), ("${", "${")],
)
def test_templates_are_those_of_go(template: str, text: str) -> None:
    match = compiled("(?P<name>a)(b)").search("ab")
    assert expand(template, match) == text
