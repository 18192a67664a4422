"""The host collector beside node_exporter: CPU per reading of the same files, series told, memory.

`python bench/host_collector.py [--rounds 200] [--processes 200]`. Ours is one whole round as the collect loop does it:
reading, columns, and the sink's question which series it does not know; collectors that node_exporter leaves off
(processes, interrupts, TCP states) are on in both. node_exporter's is one scrape of its page, by its own CPU time.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from hannun.collect.feed import Feed
from hannun.collect.host import HostCollector

TICK_S = 0.01
INTERVAL_S = 15.0


@contextmanager
def sleepers(count: int) -> Iterator[None]:
    """That many more processes, so that the machine looks like one that is used."""
    started = [subprocess.Popen(["sleep", "600"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait()


def ours(rounds: int) -> tuple[float, float, int, list[tuple[str, float]]]:
    """(CPU s per round after the first, CPU s of the first, series, slowest collectors)."""
    host, feed = HostCollector(), Feed("node", "bench")
    cpu: list[float] = []
    slowest: dict[str, float] = {}
    for number in range(rounds):
        before_s = time.process_time()
        reading = feed.read(host.collect(), number * 15_000, 0.0)
        feed.batch(reading, np.full(len(reading), number == 0))
        cpu.append(time.process_time() - before_s)
        for row in host.status():
            slowest[row.name] = slowest.get(row.name, 0.0) + row.duration_s / rounds
    return sum(cpu[1:]) / (rounds - 1), cpu[0], feed.series, sorted(slowest.items(), key=lambda row: -row[1])[:6]


def cpu_of(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK_S


def theirs(rounds: int) -> tuple[float, int, int] | None:
    """(CPU s per scrape, series, resident bytes) of Debian's node_exporter; None when it is not installed."""
    binary = shutil.which("prometheus-node-exporter")
    if binary is None:
        return None
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    flags = ["--collector.processes", "--collector.interrupts", "--collector.tcpstat"]
    process = subprocess.Popen([binary, f"--web.listen-address={address}", *flags], stderr=subprocess.DEVNULL)
    try:
        body = ""
        deadline_s = time.monotonic() + 10
        while not body:
            try:
                body = fetch(address)
            except (urllib.error.URLError, ConnectionError):
                if time.monotonic() > deadline_s:
                    raise
                time.sleep(0.05)
        before_s = cpu_of(process.pid)
        for _ in range(rounds):
            body = fetch(address)
        spent_s = (cpu_of(process.pid) - before_s) / rounds
        pages = int(Path(f"/proc/{process.pid}/statm").read_text(encoding="utf-8").split()[1])
        series = sum(1 for line in body.splitlines() if line and not line.startswith("#"))
        return spent_s, series, pages * resource.getpagesize()
    finally:
        process.terminate()
        process.wait(10)


def fetch(address: str) -> str:
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as answer:
        return str(answer.read().decode())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--processes", type=int, default=200)
    asked = parser.parse_args()
    present = sum(entry.name.isdigit() for entry in Path("/proc").iterdir())
    with sleepers(max(0, asked.processes - present)):
        each_s, first_s, series, slowest = ours(asked.rounds)
        peer = theirs(asked.rounds)
    share = each_s / INTERVAL_S * 100
    print(f"hannun         {each_s * 1e3:6.2f} ms CPU a round ({share:.3f} % of a core at 15 s), {series} series")
    print(
        f"               {first_s * 1e3:6.2f} ms the first round; slowest: "
        + ", ".join(f"{name} {spent * 1e3:.2f} ms" for name, spent in slowest)
    )
    if peer is None:
        print("node_exporter  not installed (apt install prometheus-node-exporter)")
        return 0
    spent_s, told, resident = peer
    print(f"node_exporter  {spent_s * 1e3:6.2f} ms CPU a scrape, {told} series, {resident / 2**20:.0f} MiB resident")
    print(f"ratio          {each_s / spent_s:6.2f} of node_exporter's CPU")
    return 0


if __name__ == "__main__":
    sys.exit(main())
