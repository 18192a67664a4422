"""Ports for syslog as Promtail opens them: labels, frames, what is left without a label."""

from __future__ import annotations

import asyncio
import socket

import pytest

from hannun.collect.discovery.registry import discover
from hannun.collect.tail.metrics import TailMetrics
from hannun.collect.tail.plan import make_job
from hannun.collect.tail.source import Desk
from hannun.collect.tail.sources.syslog import SyslogSource
from hannun.collect.tail.target import Inlet
from hannun.collect.tail.through import Through
from hannun.config.promtail.model import ScrapeConfig, SyslogConfig
from hannun.model.relabel import RelabelRule
from hannun.process.pipeline.entry import Entry
from hannun.process.pipeline.meters import MeterStore
from hannun.testing.server import free_port

MESSAGE = b'<165>1 2026-01-02T03:04:05Z web01 api 42 ID7 [ex@1 user="kim"] \xea\xb2\xb0\xec\xa0\x9c done'
RULES = tuple(
    RelabelRule(source_labels=(f"__syslog_message_{name}",), target_label=name)
    for name in ("hostname", "severity", "facility", "app_name", "sd_ex_user")
)


def source_of(config: SyslogConfig) -> tuple[SyslogSource, list[Inlet]]:
    metrics = TailMetrics(MeterStore(lambda: 0.0))
    inlets: list[Inlet] = []

    async def opened(name: str, kind: str, through: Through[str], cursor_name: str) -> Inlet:
        inlets.append(Inlet(name, kind, through, cursor_name=cursor_name))
        return inlets[0]

    async def closed(_: Inlet) -> None:
        return

    job = make_job(ScrapeConfig("syslog", relabel=RULES, syslog=config), metrics)
    return SyslogSource(job, config, Desk(opened, closed, metrics, discover)), inlets


def test_a_message_has_promtails_labels() -> None:
    config = SyslogConfig("x:1", label_structured_data=True, use_incoming_timestamp=True, labels={"job": "syslog"})
    source, _ = source_of(config)
    item = source.item_of(MESSAGE, "10.0.0.1")
    assert item is not None
    assert item.line == "결제 done"
    assert item.ts_ns == 1_767_323_045 * 10**9
    assert item.labels == {
        "job": "syslog",
        "hostname": "web01",
        "severity": "notice",
        "facility": "local4",
        "app_name": "api",
        "sd_ex_user": "kim",
    }


def test_the_whole_message_may_be_the_line() -> None:
    source, _ = source_of(SyslogConfig("x:1", use_rfc5424_message=True, labels={"job": "x"}))
    item = source.item_of(MESSAGE, "")
    assert item is not None
    assert item.line == MESSAGE.decode()
    assert item.ts_ns is None


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
async def test_messages_arrive(protocol: str) -> None:
    port = free_port()
    source, inlets = source_of(SyslogConfig(f"127.0.0.1:{port}", protocol))  # type: ignore[arg-type]
    running = asyncio.create_task(source.run())
    found: list[Entry] = []
    for attempt in range(100):
        await asyncio.sleep(0.02)
        if attempt % 20 == 5:
            await asyncio.to_thread(_send, protocol, port)
        for inlet in inlets:
            inlet.read(lambda entry, key, timed: found.append(entry), lambda: 7, lambda wanted: wanted)
        if len(found) >= 2:
            break
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert [(entry.line, entry.labels["hostname"], entry.ts_ns) for entry in found[:2]] == [
        ("결제 done", "web01", 7)
    ] * 2


def _send(protocol: str, port: int) -> None:
    if protocol == "udp":
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            out.sendto(MESSAGE, ("127.0.0.1", port))
            out.sendto(MESSAGE, ("127.0.0.1", port))
        return
    with socket.create_connection(("127.0.0.1", port)) as stream:
        stream.sendall(b"%d %s" % (len(MESSAGE), MESSAGE) + MESSAGE + b"\n")
