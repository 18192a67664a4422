"""PromQL over 10,000 counters × 6 h at 15 s: CPU of the whole request."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
from load import STEP_MS, fill
from peers import PEERS, Peer, available, cpu_s, quiet
from run import Line

SERIES, HOURS, STEP_S = 10_000, 6.0, 60
SPAN_MS = int(HOURS * 3_600_000)
RUNS = 10
M = "bench_requests_total"
WARM = "warm_requests_total"
SUM_RATE = f"sum(rate({M}[5m]))"

RANGES = {
    SUM_RATE: 350.0,
    f"sum by (handler) (rate({M}[5m]))": None,
    f"sum(max_over_time({M}[1h]))": None,
    f"quantile(0.95, rate({M}[5m]))": None,
    f'rate({M}{{handler="/api/v1/resource/7"}}[5m])': None,
    f'{M}{{pod="shop-000042"}}': None,
}
INSTANTS = (SUM_RATE, f"topk(10, {M})")


def run(root: Path) -> Iterator[Line]:
    end_ms = (int(time.time()) // 60 * 60 - 600) * 1000
    costs: dict[str, dict[str, float]] = {}
    answers: dict[str, dict[str, object]] = {}
    for name, start in PEERS.items():
        if not available(name):
            continue
        with start(root / name) as peer:
            # The warm-up's data come before the measured: Prometheus takes nothing older than its head.
            fill(peer, WARM, 20, HOURS, end_ms - SPAN_MS)
            fill(peer, M, SERIES, HOURS, end_ms)
            quiet(peer.pid, at_most_s=90)
            costs[name], answers[name] = measure(peer, end_ms)
    # VictoriaMetrics extends windows by rules of its own, so only Prometheus can be held against us.
    for expr, answer in answers.get("prometheus", {}).items():
        if "rate(" not in expr:  # 2.42's closed windows differ in the fourth digit
            assert close(answers["hannun"][expr], answer), f"Prometheus answers {expr} otherwise"
    for expr in costs["hannun"]:
        ours = costs["hannun"][expr]
        others = {name: cost[expr] for name, cost in costs.items() if name != "hannun"}
        peer_cost = others.get("prometheus")
        bar = RANGES.get(expr.split(" ", 1)[1])
        judged = bar is not None and expr.startswith("again ")
        yield Line(
            f"`{expr}` CPU ms",
            f"{ours:.0f}",
            ", ".join(f"{name} {cost:.0f}" for name, cost in others.items()) or "–",
            f"{peer_cost / ours:.1f}×" if peer_cost else "–",
            f"≤ {bar:.0f}" if judged else "–",
            ours <= bar if judged and bar is not None else None,
        )


def measure(peer: Peer, end_ms: int) -> tuple[dict[str, float], dict[str, object]]:
    """CPU ms per request and the answers, for comparison.

    `first`: nothing decoded is cached yet; `again`: median of the refreshes after it.
    """
    costs: dict[str, float] = {}
    answers: dict[str, object] = {}
    start_ms = end_ms - SPAN_MS + STEP_MS
    with httpx.Client(base_url=peer.url, timeout=120) as client:
        # Warm-up on other data than the measured: code is loaded, none of the data is.
        for expr in RANGES:
            start_s, end_s = (start_ms - SPAN_MS) / 1000, (end_ms - SPAN_MS) / 1000
            params = {"query": expr.replace(M, WARM), "start": start_s, "end": end_s, "step": STEP_S}
            once(client, peer, "/api/v1/query_range", params)
        for expr in RANGES:
            params = {"query": expr, "start": start_ms / 1000, "end": end_ms / 1000, "step": STEP_S}
            first, answers[f"first {expr}"] = once(client, peer, "/api/v1/query_range", params)
            costs[f"first {expr}"] = first
            costs[f"again {expr}"] = statistics.median(
                once(client, peer, "/api/v1/query_range", params)[0] for _ in range(RUNS)
            )
        for expr in INSTANTS:
            params = {"query": expr, "time": end_ms / 1000}
            costs[f"instant {expr}"] = statistics.median(
                once(client, peer, "/api/v1/query", params)[0] for _ in range(RUNS)
            )
    return costs, answers


def once(client: httpx.Client, peer: Peer, path: str, params: dict[str, object]) -> tuple[float, object]:
    """CPU ms of one request and its result."""
    before = cpu_s(peer.pid)
    answer = client.get(path, params=params)  # type: ignore[arg-type]
    answer.raise_for_status()
    spent = cpu_s(peer.pid) - before
    return spent * 1000, answer.json()["data"]["result"]


def close(ours: object, theirs: object) -> bool:
    """Equal series with values within 1e-9 of each other."""

    def flat(result: object) -> list[tuple[str, list[float]]]:
        assert isinstance(result, list)
        return sorted(
            (str(sorted(series["metric"].items())), [float(value) for _, value in series["values"]])
            for series in result
        )

    left, right = flat(ours), flat(theirs)
    return len(left) == len(right) and all(
        mine[0] == yours[0]
        and len(mine[1]) == len(yours[1])
        and all(abs(a - b) <= 1e-9 * max(abs(a), abs(b)) for a, b in zip(mine[1], yours[1], strict=True))
        for mine, yours in zip(left, right, strict=True)
    )
