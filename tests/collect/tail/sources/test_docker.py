"""Containers' logs by a stand-in for Docker's API: frames, times, where reading goes on."""

from __future__ import annotations

import asyncio
import json
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hannun.collect.discovery.registry import discover
from hannun.collect.tail.metrics import TailMetrics
from hannun.collect.tail.plan import make_job
from hannun.collect.tail.source import Desk
from hannun.collect.tail.sources.docker import DockerSource, Frames, cursor_ns, cursor_text, timed
from hannun.collect.tail.target import Inlet
from hannun.collect.tail.through import Through
from hannun.config.prometheus.model import DockerSd
from hannun.config.promtail.model import ScrapeConfig
from hannun.model.relabel import RelabelRule
from hannun.process.pipeline.entry import Entry
from hannun.process.pipeline.meters import MeterStore

CONTAINERS = [
    {
        "Id": "abc123def4567890",
        "Names": ["/api"],
        "HostConfig": {"NetworkMode": "bridge"},
        "NetworkSettings": {"Networks": {"bridge": {"NetworkID": "n", "IPAddress": "172.17.0.2"}}},
    }
]
RENAMED = RelabelRule(source_labels=("__meta_docker_container_name",), regex="/(.*)", target_label="container")
STREAM = RelabelRule(source_labels=("__meta_docker_container_log_stream",), target_label="stream")


def frame(stream: int, text: str) -> bytes:
    return struct.pack(">BxxxL", stream, len(text.encode())) + text.encode()


class Docker:
    """An engine with one container, on a Unix socket."""

    def __init__(self, lines: bytes) -> None:
        self.lines = lines
        self.asked: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            path = line.split()[1].decode()
            self.asked.append(path)
            while (await reader.readline()) not in (b"\r\n", b""):
                pass
            if "/logs" in path:
                writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + self.lines)
                writer.close()
                return
            said = CONTAINERS if path.startswith("/containers/json") else [] if path == "/networks" else {"Config": {}}
            body = json.dumps(said).encode()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


class Table:
    """Where inlets are opened."""

    def __init__(self, cursor: str = "") -> None:
        self.inlets: list[Inlet] = []
        self.metrics = TailMetrics(MeterStore(lambda: 0.0))
        self._cursor = cursor
        self.desk = Desk(self._open, self._close, self.metrics, discover)

    async def _open(self, job: str, kind: str, through: Through[str], cursor_name: str) -> Inlet:
        inlet = Inlet(job, kind, through, cursor_name=cursor_name, cursor=self._cursor)
        self.inlets.append(inlet)
        return inlet

    async def _close(self, inlet: Inlet) -> None:
        inlet.close()

    def entries(self) -> list[Entry]:
        found: list[Entry] = []
        for inlet in self.inlets:
            inlet.read(lambda entry, source, timed: found.append(entry), lambda: 0, lambda wanted: wanted)
        return found


async def read(folder: Path, lines: bytes, cursor: str = "", wanted: int = 1) -> tuple[Table, list[Entry], Docker]:
    docker = Docker(lines)
    path = folder / "docker.sock"
    server = await asyncio.start_unix_server(docker.serve, path)
    table = Table(cursor)
    job = make_job(ScrapeConfig("containers", relabel=(RENAMED, STREAM)), table.metrics)
    source = DockerSource(job, DockerSd(f"unix://{path}", refresh_ms=1000), table.desk)
    running = asyncio.create_task(source.run())
    found: list[Entry] = []
    for _ in range(100):
        await asyncio.sleep(0.02)
        found += table.entries()
        if len(found) >= wanted:
            break
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    server.close()
    return table, found, docker


async def test_lines_come_with_their_times_and_streams(tmp_path: Path) -> None:
    lines = frame(1, "2026-01-02T03:04:05.000000001Z out\n") + frame(2, "2026-01-02T03:04:05.000000002Z 결제 실패\n")
    table, found, _ = await read(tmp_path, lines, wanted=2)
    assert [(entry.line, entry.labels, entry.ts_ns % 10) for entry in found] == [
        ("out", {"container": "api", "stream": "stdout"}, 1),
        ("결제 실패", {"container": "api", "stream": "stderr"}, 2),
    ]
    (inlet,) = table.inlets
    assert inlet.key == "cursor-abc123def4567890"
    assert inlet.mark() == cursor_text(found[1].ts_ns)


async def test_reading_goes_on_after_the_last_line(tmp_path: Path) -> None:
    seen_ns = 1_767_323_045_000_000_001
    lines = frame(1, "2026-01-02T03:04:05.000000001Z seen\n2026-01-02T03:04:06Z new\n")
    _, found, docker = await read(tmp_path, lines, cursor_text(seen_ns))
    assert [entry.line for entry in found] == ["new"]
    assert any("since=1767323045.000000002" in path for path in docker.asked)


async def test_a_missing_socket_is_told_once_and_harms_nobody(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    table = Table()
    job = make_job(ScrapeConfig("containers", relabel=(RENAMED,)), table.metrics)
    source = DockerSource(job, DockerSd(f"unix://{tmp_path}/none.sock", refresh_ms=1000), table.desk)
    running = asyncio.create_task(source.run())
    await asyncio.sleep(1.5)
    assert not running.done()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert len([record for record in caplog.records if "none.sock" in record.getMessage()]) == 1


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from([1, 2]), st.text("ab 한\n", max_size=9)), max_size=9), st.integers(1, 7))
def test_frames_however_they_are_cut(frames: list[tuple[int, str]], size: int) -> None:
    raw = b"".join(frame(stream, text) for stream, text in frames)
    reader = Frames()
    found = [each for at in range(0, len(raw), size) for each in reader.feed(raw[at : at + size])]
    for number, name in ((1, "stdout"), (2, "stderr")):
        whole = "".join(text for stream, text in frames if stream == number)
        assert [line.decode() for stream, line in found if stream == name] == whole.split("\n")[:-1]


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_frames_of_nonsense_raise_nothing(raw: bytes) -> None:
    for _, line in Frames().feed(raw):
        timed(line)


@pytest.mark.parametrize(
    ("cursor", "ns"),
    [("", 0), ("1700000000", 1_700_000_000 * 10**9), ("1700000000.5", 1_700_000_000_500_000_000), ("x", 0), ("1.x", 0)],
)
def test_cursors_are_ours_or_promtails(cursor: str, ns: int) -> None:
    assert cursor_ns(cursor) == ns
