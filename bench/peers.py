"""The servers under measurement: Hannun and the products beside it, each a process of its own on a free port."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import httpx

from hannun.testing.server import Server, free_port


class Measured(Protocol):
    """A running server that takes remote write and answers PromQL."""

    name: str
    url: str
    pid: int
    data_dir: Path

    def write_path(self) -> str: ...


@dataclass(slots=True)
class Peer:
    name: str
    url: str
    pid: int
    data_dir: Path
    write: str

    def write_path(self) -> str:
        return self.url + self.write


def cpu_s(pid: int) -> float:
    """User + system CPU seconds of one process, threads that ended included; to the nanosecond, unlike `/proc`."""
    return time.clock_gettime((~pid << 3) | 2)  # the id of another process's clock, as clock_getcpuclockid(3) builds it


def rss_bytes(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


def quiet(pid: int, *, below: float = 0.05, for_s: float = 3.0, at_most_s: float = 60.0) -> None:
    """Wait until a server has finished its background work (merges, compactions)."""
    deadline = time.monotonic() + at_most_s
    since = time.monotonic()
    before = cpu_s(pid)
    while time.monotonic() < deadline and time.monotonic() - since < for_s:
        time.sleep(0.5)
        now = cpu_s(pid)
        if (now - before) / 0.5 > below:
            since = time.monotonic()
        before = now


def disk_bytes(path: Path) -> int:
    return sum(file.stat().st_blocks * 512 for file in path.rglob("*") if file.is_file())


@contextmanager
def hannun(root: Path, *flags: str) -> Iterator[Peer]:
    root.mkdir(parents=True, exist_ok=True)
    server = Server(root / "hannun", flags=("--retention", "0", "--enable-admin-api", *flags))
    with server:
        yield Peer("hannun", server.url, server.pid, server.data_dir, "/api/v1/write")


@contextmanager
def _started(name: str, command: list[str], url: str, ready: str, data_dir: Path, write: str) -> Iterator[Peer]:
    with (data_dir.parent / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                if httpx.get(url + ready, timeout=1).status_code == 200:
                    break
            except httpx.TransportError:
                pass
            if time.monotonic() > deadline or process.poll() is not None:
                raise RuntimeError(f"{name} did not start; see {data_dir.parent / name}.log")
            time.sleep(0.1)
        yield Peer(name, url, process.pid, data_dir, write)
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def prometheus(root: Path) -> Iterator[Peer]:
    port = free_port()
    data_dir = root / "prometheus"
    data_dir.mkdir(parents=True)
    config = root / "prometheus.yml"
    config.write_text("global: {scrape_interval: 15s}\n", encoding="utf-8")
    command = [
        "prometheus",
        f"--config.file={config}",
        f"--storage.tsdb.path={data_dir}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--web.enable-remote-write-receiver",
        "--storage.tsdb.retention.time=10y",
    ]
    with _started("prometheus", command, f"http://127.0.0.1:{port}", "/-/ready", data_dir, "/api/v1/write") as peer:
        yield peer


@contextmanager
def victoria(root: Path) -> Iterator[Peer]:
    port = free_port()
    data_dir = root / "victoria"
    data_dir.mkdir(parents=True)
    command = [
        "victoria-metrics",
        f"-storageDataPath={data_dir}",
        f"-httpListenAddr=127.0.0.1:{port}",
        "-retentionPeriod=100y",
    ]
    with _started("victoria", command, f"http://127.0.0.1:{port}", "/health", data_dir, "/api/v1/write") as peer:
        yield peer


PEERS = {"hannun": hannun, "prometheus": prometheus, "victoria-metrics": victoria}


def available(name: str) -> bool:
    """Hannun always; a peer when its Debian package is installed."""
    return name == "hannun" or shutil.which(name) is not None
