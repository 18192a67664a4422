"""The users' own Promtail file, paths adapted, over real files: what is read, what is told, what is left."""

from __future__ import annotations

import asyncio
import bz2
import gzip
import logging
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import yaml

from hannun.collect.discovery.registry import discover
from hannun.collect.tail.metrics import TailMetrics
from hannun.collect.tail.plan import of_config
from hannun.collect.tail.sender import Lane
from hannun.collect.tail.shown import Shown
from hannun.collect.tail.spool import Spool
from hannun.collect.tail.tailer import Tailer, positions_of
from hannun.config.promtail.load import load
from hannun.process.pipeline.meters import MeterStore
from hannun.wire.loki.plain import PlainDecoder

USERS = """
server:
  http_listen_port: 9080
  grpc_listen_port: 0

positions:
  filename: {here}/positions.yaml

clients:
  - url: http://loki:3100/loki/api/v1/push

scrape_configs:
  - job_name: system
    static_configs:
      - targets:
          - localhost
        labels:
          job: varlogs
          __path__: {here}/var/log/*log

  - job_name: docker
    static_configs:
      - targets:
          - localhost
        labels:
          job: docker
          __path__: {here}/containers/*/*-json.log

  - job_name: containers
    docker_sd_configs:
      - host: unix://{here}/docker.sock
        refresh_interval: 5s
    relabel_configs:
      - source_labels: ['__meta_docker_container_name']
        regex: '/(.*)'
        target_label: 'container'

limits_config:
  max_batch_size: 1048576
  max_batch_wait: 100ms
"""
ONE_JOB = """
positions: {{filename: {here}/positions.yaml}}
clients: [{{url: "http://x/", batchwait: 50ms}}]
scrape_configs:
  - job_name: one
    static_configs: [{{labels: {{job: one, __path__: "{here}/*.log*"}}}}]
"""
Line = tuple[str, str]


class Memory:
    name = "memory"

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.labels: list[dict[str, str]] = []

    async def deliver(self, body: bytes, tenant: str) -> None:
        columns = PlainDecoder().decode(body)
        row = 0
        for stream, count in enumerate(columns.counts.tolist()):
            labels = dict(columns.pairs_of(stream))
            for _ in range(count):
                self.lines.append((labels["job"], columns.line(row).decode()))
                self.labels.append(labels)
                row += 1

    async def close(self) -> None:
        return


@asynccontextmanager
async def tailing(folder: Path, config: str) -> AsyncIterator[tuple[Memory, Tailer]]:
    """A tailer over the configuration, until the block ends; may be entered again, as after a restart."""
    file = folder / "promtail.yml"
    file.write_text(config.format(here=folder))
    said, _ = load(file, {})
    metrics, memory = TailMetrics(MeterStore(time.monotonic)), Memory()
    lane = Lane(Spool(folder / "spool", bytes_max=1 << 20), memory, metrics)
    sending = asyncio.create_task(lane.run())
    positions = positions_of(folder, said.positions.filename, [lane])
    tailer = Tailer(of_config(said, metrics), [lane], positions, metrics, discover=discover)
    await tailer.start()
    try:
        yield memory, tailer
    finally:
        await tailer.stop()
        await lane.drained()
        sending.cancel()


async def until(look: Callable[[], object]) -> None:
    for _ in range(250):
        if look():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not come to that")


async def test_the_users_file_through_rotation(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    logs, container = tmp_path / "var/log", tmp_path / "containers/abc"
    logs.mkdir(parents=True)
    container.mkdir(parents=True)
    (logs / "syslog").write_text("one\n")
    (logs / "faillog").write_bytes(bytes(5000))
    wrapped = '{"log":"\\uacb0\\uc81c\\n","stream":"stdout","time":"2026-01-02T03:04:05Z"}'
    (container / "abc-json.log").write_text(f"{wrapped}\n")
    async with tailing(tmp_path, USERS) as (memory, tailer):
        await until(lambda: len(memory.lines) == 2)
        with (logs / "syslog").open("a") as file:
            file.write("two\n")
            (logs / "syslog").rename(logs / "syslog.1")
            file.write("three\n")
        (logs / "syslog").write_text("four\n")
        await until(lambda: len(memory.lines) == 5)
        shown = Shown(tailer)
        assert shown.not_ready() == ""
        assert [(one.kind, one.name.rpartition("/")[2], one.why) for one in shown.targets()] == [
            ("File", "abc-json.log", ""),
            ("File", "syslog", ""),
            ("File", "faillog", "a binary file has no lines"),
        ]
    async with tailing(tmp_path, USERS) as (again, _):
        with (logs / "syslog").open("a") as file:
            file.write("five\n")
        await until(lambda: again.lines)
    assert [line for job, line in memory.lines + again.lines if job == "varlogs"] == [
        "one",
        "two",
        "three",
        "four",
        "five",
    ]
    assert [line for job, line in memory.lines if job == "docker"] == [wrapped], "as it came"
    assert memory.labels[0].keys() == {"job", "filename"}
    assert caplog.text.count("discovery keeps the old targets") == 2, "once in each life"


async def test_two_jobs_in_one_file_are_told_once_and_both_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "a.log").write_text("x\n")
    two = ONE_JOB + '  - job_name: two\n    static_configs: [{{labels: {{job: two, __path__: "{here}/a.log"}}}}]\n'
    async with tailing(tmp_path, two) as (memory, tailer):
        await until(lambda: len(memory.lines) == 2)
        await tailer.sync()
    assert sorted(memory.lines) == [("one", "x"), ("two", "x")]
    assert caplog.text.count('jobs "one" and "two" both read') == 1


async def test_promtails_positions_are_gone_on_from(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("old\nnew\n")
    (tmp_path / "positions.yaml").write_text(f'positions:\n  {tmp_path}/a.log: "4"\n')
    async with tailing(tmp_path, ONE_JOB) as (memory, _):
        await until(lambda: memory.lines)
    assert memory.lines == [("one", "new")]
    assert yaml.safe_load((tmp_path / "positions.yaml").read_text()) == {"positions": {f"{tmp_path}/a.log": "8"}}


async def test_rotated_away_while_nobody_looked(tmp_path: Path) -> None:
    only = ONE_JOB.replace("*.log*", "app.log")
    (tmp_path / "app.log").write_text("one\n")
    async with tailing(tmp_path, only) as (memory, _):
        await until(lambda: memory.lines)
    with (tmp_path / "app.log").open("a") as file:
        file.write("two\n")
    for number in (1, 2):
        for older in range(number, 0, -1):
            name = "app.log" if older == 1 else f"app.log.{older - 1}"
            (tmp_path / name).rename(tmp_path / f"app.log.{older}")
        (tmp_path / "app.log").write_text(f"generation {number}\n")
    async with tailing(tmp_path, only) as (again, _):
        await until(lambda: len(again.lines) == 3)
    assert [line for _, line in again.lines] == ["two", "generation 1", "generation 2"]


@pytest.mark.parametrize(
    ("ending", "pack", "form"), [("gz", gzip.compress, "gz"), ("bz2", bz2.compress, "bz2")], ids=["gzip", "bzip2"]
)
async def test_a_compressed_file_is_read_once(
    tmp_path: Path, ending: str, pack: Callable[[bytes], bytes], form: str
) -> None:
    config = ONE_JOB + f"    decompression: {{{{enabled: true, format: {form}}}}}\n"
    (tmp_path / f"old.log.{ending}").write_bytes(pack(b"a\nb\n"))
    async with tailing(tmp_path, config) as (memory, _):
        await until(lambda: len(memory.lines) == 2)
    async with tailing(tmp_path, config) as (again, tailer):
        await tailer.sync()
        await asyncio.sleep(0.4)
    assert (memory.lines, again.lines) == ([("one", "a"), ("one", "b")], [])


async def test_a_compressed_file_without_decompression_is_left_with_a_word(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    (tmp_path / "old.log.gz").write_bytes(gzip.compress(b"a\n"))
    async with tailing(tmp_path, ONE_JOB) as (memory, tailer):
        await tailer.sync()
        await tailer.sync()
    assert memory.lines == []
    assert caplog.text.count("it is compressed") == 1


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "euc-kr"])
async def test_other_encodings(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "a.log").write_bytes("결제 一ਊ\n둘\n".encode("utf-16-le" if encoding == "euc-kr" else encoding))
    if encoding == "euc-kr":
        (tmp_path / "a.log").write_bytes("결제\n둘\n".encode(encoding))
    async with tailing(tmp_path, ONE_JOB + f"    encoding: {encoding}\n") as (memory, _):
        await until(lambda: len(memory.lines) == 2)
    assert memory.lines[1] == ("one", "둘")


async def test_stages_run_and_what_they_drop_moves_the_place(tmp_path: Path) -> None:
    config = ONE_JOB + "    pipeline_stages: [{{drop: {{expression: noise}}}}, {{static_labels: {{env: prod}}}}]\n"
    (tmp_path / "a.log").write_text("noise\nword\nnoise\n")
    async with tailing(tmp_path, config) as (memory, tailer):
        await until(lambda: memory.lines)
        await until(lambda: [place.offset for place in tailer.positions.places.values()] == [17])
    assert memory.lines == [("one", "word")]
    assert memory.labels[0]["env"] == "prod"


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
async def test_a_file_that_may_not_be_read_is_told_and_harms_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    (tmp_path / "a.log").write_text("a\n")
    (tmp_path / "b.log").write_text("b\n")
    (tmp_path / "b.log").chmod(0)
    async with tailing(tmp_path, ONE_JOB) as (memory, _):
        await until(lambda: memory.lines)
    assert "b.log is not read" in caplog.text
