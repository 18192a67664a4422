"""What Hannun costs when nothing happens: time to readiness, private memory, idle CPU with the host collector on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from load import fill
from peers import Peer
from run import Line

from hannun.testing.server import Server

SAMPLES_HOURS = 6.7  # 10,000 series × 6.7 h at 15 s = 16 M samples
IDLE_S = 60


def run(root: Path) -> Iterator[Line]:
    server = Server(root / "data", flags=("--retention", "0"))
    with server:
        empty_s = server.ready_s
    yield Line("ready after `hannun serve`, empty store, s", f"{empty_s:.2f}", bar="≤ 2", met=empty_s <= 2)
    with server:
        time.sleep(20)
        before, began = server.cpu_s(), time.monotonic()
        time.sleep(IDLE_S)
        cpu = (server.cpu_s() - before) / (time.monotonic() - began)
        memory_mib = server.private_bytes() / 2**20
    yield Line("idle CPU with the host collector on, % of a core", f"{cpu * 100:.1f}", bar="≤ 3", met=cpu <= 0.03)
    yield Line("idle private memory, MiB", f"{memory_mib:.0f}", bar="≤ 200", met=memory_mib <= 200)
    with server:
        peer = Peer("hannun", server.url, server.pid, server.data_dir, "/api/v1/write")
        fill(peer, "fill_requests_total", 10_000, SAMPLES_HOURS, int(time.time() * 1000))
    with server:
        full_s = server.ready_s
        time.sleep(30)
        memory_mib = server.private_bytes() / 2**20
    yield Line("ready on a store of 16 M samples, s", f"{full_s:.2f}", bar="≤ 2", met=full_s <= 2)
    yield Line("idle private memory on it, MiB", f"{memory_mib:.0f}", bar="≤ 200", met=memory_mib <= 200)
