"""The journal's entries as lines with Promtail's labels; `journalctl` here is a program of the test."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest

from hannun.collect.discovery.registry import discover
from hannun.collect.tail.metrics import TailMetrics
from hannun.collect.tail.plan import Job, make_job
from hannun.collect.tail.source import Desk
from hannun.collect.tail.sources.journal import JournalSource, command, item_of
from hannun.collect.tail.target import Inlet
from hannun.collect.tail.through import Through
from hannun.config.promtail.model import JournalConfig, ScrapeConfig
from hannun.model.relabel import RelabelRule
from hannun.process.pipeline.meters import MeterStore

ENTRY = {
    "__CURSOR": "s=1;i=2",
    "__REALTIME_TIMESTAMP": "1700000000000001",
    "_SYSTEMD_UNIT": "nginx.service",
    "PRIORITY": "3",
    "MESSAGE": "it broke",
}
METRICS = TailMetrics(MeterStore(lambda: 0.0))


def job(config: JournalConfig) -> Job:
    rules = (
        RelabelRule(source_labels=("__journal__systemd_unit",), target_label="unit"),
        RelabelRule(source_labels=("__journal_priority_keyword",), target_label="level"),
    )
    return make_job(ScrapeConfig("journal", relabel=rules, journal=config), METRICS)


def test_an_entry_is_a_line_with_its_labels() -> None:
    config = JournalConfig(labels={"job": "systemd"})
    item = item_of(json.dumps(ENTRY).encode(), job(config), config)
    assert item is not None
    assert (item.line, item.ts_ns, item.cursor) == ("it broke", 1_700_000_000_000_001_000, "s=1;i=2")
    assert item.labels == {"job": "systemd", "unit": "nginx.service", "level": "error"}


def test_as_json_the_line_is_the_whole_entry() -> None:
    config = JournalConfig(json=True, labels={"job": "x"})
    item = item_of(json.dumps(ENTRY).encode(), job(config), config)
    assert item is not None
    assert json.loads(item.line)["_SYSTEMD_UNIT"] == "nginx.service"


@pytest.mark.parametrize(
    ("message", "line"),
    [
        pytest.param(list("결제".encode()), "결제", id="bytes come as numbers"),
        pytest.param([255, 65], "\ufffdA", id="bytes that are no text"),
        pytest.param(["first", "second"], "first", id="a field that is there twice"),
        pytest.param(None, "", id="too large for journalctl"),
    ],
)
def test_messages_in_every_form(message: object, line: str) -> None:
    config = JournalConfig()
    item = item_of(json.dumps({**ENTRY, "MESSAGE": message}).encode(), job(config), config)
    assert item is not None
    assert item.line == line


@pytest.mark.parametrize("raw", [b"", b"[]", b"{}", b"{", b"\xff", b'{"__CURSOR": 1}', b"[" * 9999])
def test_what_is_no_entry_is_none(raw: bytes) -> None:
    config = JournalConfig(labels={"job": "x"})
    assert item_of(raw, job(config), config) is None


def test_how_the_journal_is_asked() -> None:
    words = command("journalctl", JournalConfig(max_age_ms=3_600_000, path="/j", matches="_UID=0 --rotate"), "")
    assert words[-3:] == ["--directory=/j", "--since=-3600s", "_UID=0"]
    assert "--after-cursor=s=1" in command("journalctl", JournalConfig(), "s=1")


async def test_it_is_followed_and_asked_again_after_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "journalctl"
    program.write_text(f"#!/bin/sh\necho \"$@\" >> {tmp_path}/asked\necho '{json.dumps(ENTRY)}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    inlets: list[Inlet] = []

    async def opened(name: str, kind: str, through: Through[str], cursor_name: str) -> Inlet:
        inlets.append(Inlet(name, kind, through, cursor_name=cursor_name))
        return inlets[0]

    async def closed(_: Inlet) -> None:
        return

    config = JournalConfig()
    source = JournalSource(job(config), config, Desk(opened, closed, METRICS, discover))
    running = asyncio.create_task(source.run())
    for _ in range(200):
        await asyncio.sleep(0.02)
        if (tmp_path / "asked").exists() and (tmp_path / "asked").read_text().count("\n") == 2:
            break
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    first, second = (tmp_path / "asked").read_text().splitlines()
    assert "--since=" in first
    assert "--after-cursor=s=1;i=2" in second
    assert inlets[0].key == "journal-journal"


async def test_a_machine_without_journalctl_is_one_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    config = JournalConfig()
    await JournalSource(job(config), config, Desk(None, None, METRICS, discover)).run()  # type: ignore[arg-type]
    assert len(caplog.records) == 1
    assert "no journalctl" in caplog.text
