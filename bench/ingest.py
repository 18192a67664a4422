"""Remote write: samples per server CPU-second with merges counted, and what a sample weighs on disk."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
from load import push
from peers import PEERS, Peer, available
from run import Line

SENDERS, SERIES_EACH, REQUESTS_EACH = 8, 2_000, 120
BAR = 310_000


def run(root: Path) -> Iterator[Line]:
    found: dict[str, float] = {}
    walls: dict[str, float] = {}
    for name, start in PEERS.items():
        if not available(name):
            continue
        with start(root / name) as peer:
            warm_ms = int(time.time() * 1000) - 7_200_000
            push(peer, senders=SENDERS, series_each=SERIES_EACH, requests_each=2, start_ms=warm_ms)
            pushed = push(
                peer,
                senders=SENDERS,
                series_each=SERIES_EACH,
                requests_each=REQUESTS_EACH,
                start_ms=warm_ms + 60_000,
            )
            found[name] = pushed.per_cpu_s
            walls[name] = pushed.samples / pushed.wall_s
            assert series_count(peer, warm_ms + 60_000) == SENDERS * SERIES_EACH, f"{name} lost series"
    ours = found.pop("hannun")
    for number, (name, theirs) in enumerate(found.items()):
        yield Line(
            f"remote write, {SENDERS} senders × 2,000-sample requests, samples per CPU-second, merges counted"
            f" (wall {walls['hannun'] / 1000:,.0f}k/s against {walls[name] / 1000:,.0f}k/s)",
            f"{ours / 1000:,.0f}k",
            f"{name} {theirs / 1000:,.0f}k",
            f"{ours / theirs:.2f}×",
            "≥ 310k" if number == 0 else "–",
            ours >= BAR if number == 0 else None,
        )


def series_count(peer: Peer, at_ms: int) -> int:
    answer = httpx.get(
        f"{peer.url}/api/v1/query", params={"query": "count(push_requests_total)", "time": at_ms / 1000}, timeout=60
    )
    result = answer.json()["data"]["result"]
    return int(result[0]["value"][1]) if result else 0
