"""The smallest machine that we support, tried and not guessed: one core and 1 GB, held by a control group.

In it a server must start, take a load that a small team has, answer a large question and stay alive.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from load import fill, push
from peers import Peer
from run import Line

from hannun.testing.server import Server

MEMORY_BYTES = 1_000_000_000
CGROUPS = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class Box:
    """A control group: `procs` are the files a process joins by writing its id; `peak` tells the most memory held."""

    procs: tuple[Path, ...]
    peak: Path
    killed: Path

    def wrapper(self) -> list[str]:
        joins = " && ".join(f"echo $$ > {file}" for file in self.procs)
        return ["sh", "-c", f'{joins} && exec "$@"', "sh"]


@contextmanager
def box(memory_bytes: int) -> Iterator[Box]:
    """One core and `memory_bytes`, in whichever version of control groups this machine has. Needs root."""
    name = f"hannun-bench-{os.getpid()}"
    if (CGROUPS / "cgroup.controllers").exists():
        group = CGROUPS / name
        group.mkdir()
        (group / "memory.max").write_text(str(memory_bytes))
        (group / "cpu.max").write_text("100000 100000")
        made = [group]
        found = Box((group / "cgroup.procs",), group / "memory.peak", group / "memory.events")
    else:
        memory, cpu = CGROUPS / "memory" / name, CGROUPS / "cpu" / name
        memory.mkdir()
        cpu.mkdir()
        (memory / "memory.limit_in_bytes").write_text(str(memory_bytes))
        (cpu / "cpu.cfs_period_us").write_text("100000")
        (cpu / "cpu.cfs_quota_us").write_text("100000")
        made = [memory, cpu]
        found = Box(
            (memory / "cgroup.procs", cpu / "cgroup.procs"),
            memory / "memory.max_usage_in_bytes",
            memory / "memory.oom_control",
        )
    try:
        yield found
    finally:
        for group in made:
            group.rmdir()


def run(root: Path) -> Iterator[Line]:
    if os.geteuid() != 0 or not os.access(CGROUPS, os.W_OK):
        raise RuntimeError("this row makes a control group and needs root")
    with box(MEMORY_BYTES) as limits:
        server = Server(root / "data", flags=("--memory", "384MiB", "--retention", "0"), wrapper=limits.wrapper())
        with server:
            peer = Peer("hannun", server.url, server.pid, server.data_dir, "/api/v1/write")
            now_ms = int(time.time() * 1000)
            pushed = push(peer, senders=4, series_each=2_000, requests_each=50, start_ms=now_ms - 3_600_000)
            fill(peer, "small_requests_total", 2_000, 6.0, now_ms)
            began = time.monotonic()
            answer = httpx.get(
                f"{server.url}/api/v1/query_range",
                params={
                    "query": "sum(rate(small_requests_total[5m]))",
                    "start": (now_ms - 21_600_000) / 1000,
                    "end": now_ms / 1000,
                    "step": 60,
                },
                timeout=60,
            )
            answer.raise_for_status()
            asked_s = time.monotonic() - began
            peak = int(limits.peak.read_text())
            alive = httpx.get(f"{server.url}/-/healthy").status_code == 200
        time.sleep(0.5)
    yield Line(
        "one core and 1 GB (`--memory 384MiB`): ready s; samples/s pushed; sum(rate) of 2,000 series × 6 h ms",
        f"{server.ready_s:.1f}; {pushed.samples / pushed.wall_s / 1000:,.0f}k; {asked_s * 1000:.0f}",
        bar="stays up",
        met=alive,
    )
    yield Line("its peak memory, page cache included, MB", f"{peak / 1e6:.0f}", bar="≤ 1000", met=peak <= MEMORY_BYTES)
