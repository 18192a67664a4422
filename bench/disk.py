"""Bytes per sample on disk for three kinds of series, after the merges of a quiet minute."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import numpy as np
from load import busy_means, counter_values, fill_with, gauge_values, mixed_means, steps_of
from peers import PEERS, Peer, available, disk_bytes, quiet
from run import Line

SERIES, HOURS = 2_000, 6.0

KINDS: dict[str, tuple[Callable[[], np.ndarray], float]] = {
    "integer counters, 0.1 to 100 a scrape (log-uniform)": (
        lambda: counter_values(mixed_means(SERIES), steps_of(HOURS)),
        0.80,
    ),
    "integer counters, all busy, 1 to 300 a scrape": (lambda: counter_values(busy_means(SERIES), steps_of(HOURS)), 1.2),
    "gauges, random walks with two decimals": (lambda: gauge_values(SERIES, steps_of(HOURS)), 2.4),
}


def run(root: Path) -> Iterator[Line]:
    for number, (kind, (values, bar)) in enumerate(KINDS.items()):
        weights: dict[str, float] = {}
        for name, start in PEERS.items():
            if not available(name):
                continue
            with start(root / f"{name}-{number}") as peer:
                samples = fill_with(peer, "disk_requests_total", values(), int(time.time()) // 60 * 60_000)
                quiet(peer.pid, at_most_s=90)
                stored = table_bytes(peer) if name == "hannun" else 0.0
            # The others are asked once they have stopped: VictoriaMetrics keeps its newest parts in memory.
            weights[name] = (stored or disk_bytes(peer.data_dir)) / samples
        yield Line(
            f"disk at 15 s, B/sample: {kind}",
            f"{weights['hannun']:.2f}",
            ", ".join(f"{name} {weight:.2f}" for name, weight in weights.items() if name != "hannun") or "–",
            f"{weights['prometheus'] / weights['hannun']:.1f}×" if "prometheus" in weights else "–",
            f"≤ {bar:.1f}",
            weights["hannun"] <= bar,
        )


def table_bytes(peer: Peer) -> float:
    """The samples table alone: the store also holds the ballast and Hannun's own metrics."""
    tables = httpx.get(f"{peer.url}/api/hannun/v1/status", timeout=30).json()["tables"]
    return float(sum(table["bytes"] for table in tables if table["name"] == "metric_samples"))
