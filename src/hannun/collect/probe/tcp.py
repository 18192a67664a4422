"""The tcp and unix probers: connect and hold the conversation of `query_response` (blackbox_exporter's tcp.go)."""

from __future__ import annotations

import asyncio
from typing import Any

from hannun.collect.probe import address, certificates
from hannun.collect.probe.connection import Connection, connect, connect_unix
from hannun.collect.probe.registry import Attempt, prober
from hannun.collect.probe.text import compiled, expand
from hannun.config.blackbox.model import QueryResponse, TcpProbe, UnixProbe

LINE_BYTES_MAX = 64 << 10
"""As Go's line scanner."""
LINES_AT_ONCE = 200
PROMPT_S = 0.2
"""A line that matches but has not ended is taken for a prompt when nothing follows for so long."""


@prober(TcpProbe)
async def probe(config: TcpProbe, attempt: Attempt) -> bool:
    report = attempt.report
    report.declare("probe_failed_due_to_regex", "Indicates if probe failed due to regex", ())
    report.declare("probe_failed_due_to_bytes", "Indicates if probe failed due to bytes", ())
    try:
        host, port = address.split(attempt.target)
    except ValueError as err:
        report.fail("Error splitting target address and port", err=err)
        return False
    resolved = await address.choose(host, config.ip, attempt)
    server_name = config.tls.server_name or attempt.hostname or host
    report.say("Dialing TCP with TLS" if config.use_tls else "Dialing TCP without TLS")
    async with connect(resolved, port, config.ip.source_address) as connection:
        if config.use_tls:
            await _secure(connection, config, server_name, attempt)
        report.say("Successfully dialed")
        return await _conversation(connection, config, server_name, attempt)


@prober(UnixProbe)
async def probe_unix(config: UnixProbe, attempt: Attempt) -> bool:
    """The same over a socket file (blackbox_exporter's unix.go). The prober has refused callers who are no admins."""
    report = attempt.report
    report.declare("probe_failed_due_to_regex", "Indicates if probe failed due to regex", ())
    report.declare("probe_failed_due_to_bytes", "Indicates if probe failed due to bytes", ())
    server_name = config.tls.server_name or attempt.hostname or "localhost"
    report.say("Dialing unix with TLS" if config.use_tls else "Dialing unix without TLS")
    async with connect_unix(attempt.target) as connection:
        if config.use_tls:
            await _secure(connection, config, server_name, attempt)
        report.say("Successfully dialed")
        return await _conversation(connection, config, server_name, attempt)


async def _conversation(
    connection: Connection, config: TcpProbe | UnixProbe, server_name: str, attempt: Attempt
) -> bool:
    for number, step in enumerate(config.query_response):
        attempt.report.say("Processing query response entry", entry_number=number)
        if not await _step(connection, step, attempt):
            return False
        if step.starttls:
            await _secure(connection, config, server_name, attempt)
            attempt.report.say("TLS Handshake (client) succeeded.")
    return True


async def _secure(connection: Connection, config: TcpProbe | UnixProbe, server_name: str, attempt: Attempt) -> None:
    await connection.start_tls(config.tls, server_name)
    certificates.tell(attempt.report, connection.session, verified=not config.tls.insecure_skip_verify)


async def _step(connection: Connection, step: QueryResponse, attempt: Attempt) -> bool:
    report = attempt.report
    send = step.send
    if step.expect_bytes:
        if not await _bytes_came(connection, step.expect_bytes.encode(), attempt):
            return False
    elif step.expect:
        match = await _line_that_matches(connection, step.expect, attempt)
        report.set("probe_failed_due_to_regex", 1 if match is None else 0)
        if match is None:
            report.fail("Regexp did not match", regexp=step.expect)
            return False
        send = expand(send, match)
        if step.labels:
            labels = tuple(sorted((name, expand(template, match)[:1_024]) for name, template in step.labels))
            report.gauge("probe_expect_info", "Explicit content matched", 1, labels)
    if send:
        report.say("Sending line", line=report.told(send))
        await connection.send(send.encode() + b"\n")
    return True


async def _line_that_matches(connection: Connection, pattern: str, attempt: Attempt) -> Any:
    """Reads until a line matches; None when the target says no more. A prompt without an end of line counts, too."""
    tail = b""
    read = 0
    while True:
        prompt = compiled(pattern).search(_text(tail)) if tail else None
        piece = await connection.receive_soon(PROMPT_S) if prompt is not None else await connection.receive()
        if not piece:
            return prompt
        *lines, tail = (tail + piece).split(b"\n")
        for number, line in enumerate(lines):
            match = _match(line, pattern, attempt)
            if match is not None:
                connection.give_back(b"\n".join([*lines[number + 1 :], tail]))
                return match
            read += 1
            if read % LINES_AT_ONCE == 0:  # A target that only sends ends of lines must not hold up the others.
                await asyncio.sleep(0)
        if len(tail) > LINE_BYTES_MAX:
            raise ConnectionError("bufio.Scanner: token too long")


def _match(line: bytes, pattern: str, attempt: Attempt) -> Any:
    text = _text(line.removesuffix(b"\r"))
    attempt.report.say("Read line", level="debug", line=attempt.report.told(text))
    match = compiled(pattern).search(text)
    if match is not None:
        attempt.report.say("Regexp matched", regexp=pattern, line=attempt.report.told(text))
    return match


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace")


async def _bytes_came(connection: Connection, wanted: bytes, attempt: Attempt) -> bool:
    """Whether the target says exactly `wanted` next."""
    came = await connection.exactly(len(wanted))
    attempt.report.set("probe_failed_due_to_bytes", came != wanted)
    if came != wanted:
        attempt.report.fail("Bytes did not match", expected=repr(wanted), bytes=attempt.report.told(repr(came)))
        return False
    attempt.report.say("Bytes matched", expected=repr(wanted))
    return True
