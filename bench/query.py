"""PromQL over 10,000 counters × 6 h at 15 s: CPU and wall time of whole requests, beside the peers in the same run.

Each expression is asked three ways: `first`, when code is loaded but the data were never asked for; `again`, the median
of refreshes that each end one step later, as a dashboard asks (so that no peer can answer from a cache of results);
and `instant`, at the end of the range.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np
from load import STEP_MS, counter_values, fill, fill_labels, mixed_means, steps_of
from peers import PEERS, Peer, available, cpu_s, quiet, rss_bytes
from run import Line

from hannun.model.labels import Labels
from hannun.testing.traffic import counters

SERIES, HOURS, STEP_S = 10_000, 6.0, 60
SPAN_MS = int(HOURS * 3_600_000)
RUNS = 5
M, BUCKETS, INFO = "bench_requests_total", "bench_seconds_bucket", "bench_handler_info"
WARM = "warm_requests_total"
BOUNDS = ("0.005", "0.01", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "+Inf")


@dataclass(frozen=True, slots=True)
class Question:
    """`heavy`: 10,000 input series or at least 1,000 output series, where a third of Prometheus's CPU is the bar."""

    expr: str
    heavy: bool


QUESTIONS = (
    Question(f"sum(rate({M}[5m]))", heavy=True),
    Question(f'rate({M}{{pod=~"shop-000.+"}}[5m])', heavy=True),
    Question(f'{M}{{pod=~"shop-0000.+"}}', heavy=False),
    Question(f"quantile(0.95, rate({M}[5m]))", heavy=True),
    Question(f"topk(10, rate({M}[5m]))", heavy=True),
    Question(f"histogram_quantile(0.95, sum by (le) (rate({BUCKETS}[5m])))", heavy=False),
    Question(f"max_over_time({M}[1h])", heavy=True),
    Question(f"sum(max_over_time({M}[1h]))", heavy=True),
    Question(f"sum by (handler) (rate({M}[5m]))", heavy=True),
    Question(f"sum by (team) (rate({M}[5m]) * on (handler) group_left (team) {INFO})", heavy=True),
    Question(f'{M}{{pod="shop-000042"}}', heavy=False),
)
MEMORY = ("--memory", "1GiB")
"""Six hours of all series do not fit the windows of so small a server: rows over 10,000 series read the engine."""
SMALL_MS = 10.0
"""Where Prometheus needs less than this, so may we."""


@dataclass(frozen=True, slots=True)
class Cost:
    cpu_ms: float
    wall_ms: float

    def __str__(self) -> str:
        return f"{self.cpu_ms:.0f} (wall {self.wall_ms:.0f})"


def run(root: Path) -> Iterator[Line]:
    end_ms = (int(time.time()) // 60 * 60 - 600) * 1000
    costs: dict[str, dict[str, Cost]] = {}
    answers: dict[str, dict[str, object]] = {}
    memory: dict[str, int] = {}
    for name, start in PEERS.items():
        if not available(name):
            continue
        flags = MEMORY if name == "hannun" else ()
        with start(root / name, *flags) as peer:
            fill(peer, WARM, 20, HOURS, end_ms - SPAN_MS)
            fill_all(peer, end_ms)
            quiet(peer.pid, at_most_s=90)
            costs[name], answers[name] = measure(peer, end_ms)
            memory[name] = rss_bytes(peer.pid)
    # VictoriaMetrics extends windows by rules of its own, so only Prometheus can be held against us.
    for expr, answer in answers.get("prometheus", {}).items():
        if "rate(" not in expr:  # 2.42's closed windows differ in the fourth digit
            assert close(answers["hannun"][expr], answer), f"Prometheus answers {expr} otherwise"
    for what, ours in costs["hannun"].items():
        yield line_of(what, ours, {name: cost[what] for name, cost in costs.items() if name != "hannun"})
    yield Line(
        "resident memory after these questions, MiB",
        f"{memory['hannun'] >> 20}",
        ", ".join(f"{name} {found >> 20}" for name, found in memory.items() if name != "hannun") or "–",
        "–",
        "≤ 1229",
        memory["hannun"] >> 20 <= 1229,
    )


def line_of(what: str, ours: Cost, others: dict[str, Cost]) -> Line:
    way, expr = what.split(" ", 1)
    heavy = way == "again" and next(one.heavy for one in QUESTIONS if one.expr == expr)
    peer = others.get("prometheus")
    bar = None
    if peer is not None and way != "first":
        bar = max(peer.cpu_ms / 3 if heavy else peer.cpu_ms, SMALL_MS if peer.cpu_ms < SMALL_MS else 0.0)
    return Line(
        f"{way} `{expr}` CPU ms",
        str(ours),
        ", ".join(f"{name} {cost}" for name, cost in others.items()) or "–",
        f"{peer.cpu_ms / ours.cpu_ms:.1f}×" if peer and ours.cpu_ms else "–",
        f"≤ {bar:.0f}" if bar is not None else "–",
        ours.cpu_ms <= bar if bar is not None else None,
    )


def fill_all(peer: Peer, end_ms: int) -> None:
    """All in one order of time: Prometheus takes nothing older than its head."""
    steps = steps_of(HOURS)
    hosts = [Labels.of(job="bench", instance=f"10.1.0.{n}:8000") for n in range(100)]
    buckets = [Labels.of(__name__=BUCKETS, le=le, **dict(host)) for host in hosts for le in BOUNDS]
    grown = np.random.default_rng(3).poisson(mixed_means(len(buckets))[:, None], (len(buckets), steps))
    # Cumulative over time and over the bounds of each host, as a histogram is.
    values = np.cumsum(grown.reshape(len(hosts), len(BOUNDS), -1), axis=1).reshape(len(buckets), -1).cumsum(axis=1)
    infos = [
        Labels.of(__name__=INFO, handler=f"/api/v1/resource/{n}", team=f"team-{n % 7}", job="bench") for n in range(50)
    ]
    labels = [*counters(M, SERIES), *buckets, *infos]
    requests = counter_values(mixed_means(SERIES), steps)
    fill_labels(peer, labels, np.concatenate((requests, values, np.ones((len(infos), steps)))), end_ms)


def measure(peer: Peer, end_ms: int) -> tuple[dict[str, Cost], dict[str, object]]:
    """What each question costs, and its answers for comparison."""
    costs: dict[str, Cost] = {}
    answers: dict[str, object] = {}
    start_ms = end_ms - SPAN_MS + STEP_MS
    with httpx.Client(base_url=peer.url, timeout=120) as client:

        def ask_range(expr: str, shift_ms: int) -> tuple[Cost, bytes]:
            start_s, end_s = (start_ms + shift_ms) / 1000, (end_ms + shift_ms) / 1000
            return once(
                client, peer, "/api/v1/query_range", {"query": expr, "start": start_s, "end": end_s, "step": STEP_S}
            )

        # Warm-up on other data than the measured: code is loaded, none of the data is.
        for one in QUESTIONS:
            ask_range(one.expr.replace(M, WARM), -SPAN_MS)
        for one in QUESTIONS:
            costs[f"first {one.expr}"], body = ask_range(one.expr, -RUNS * STEP_S * 1000)
            if "max_over_time(bench" not in one.expr or one.expr.startswith("sum"):
                answers[f"first {one.expr}"] = result_of(body)
            del body
            again = [ask_range(one.expr, -shift * STEP_S * 1000)[0] for shift in reversed(range(RUNS))]
            costs[f"again {one.expr}"] = middle(again)
        for one in QUESTIONS:
            params: dict[str, object] = {"query": one.expr, "time": end_ms / 1000}
            costs[f"instant {one.expr}"] = middle([once(client, peer, "/api/v1/query", params)[0] for _ in range(RUNS)])
    return costs, answers


def middle(costs: list[Cost]) -> Cost:
    return Cost(statistics.median(cost.cpu_ms for cost in costs), statistics.median(cost.wall_ms for cost in costs))


def once(client: httpx.Client, peer: Peer, path: str, params: dict[str, object]) -> tuple[Cost, bytes]:
    """What one request costs, and its body."""
    before, began = cpu_s(peer.pid), time.perf_counter()
    answer = client.get(path, params=params, headers={"Accept-Encoding": "identity"})  # type: ignore[arg-type]
    answer.raise_for_status()
    wall = time.perf_counter() - began
    return Cost((cpu_s(peer.pid) - before) * 1000, wall * 1000), answer.content


def result_of(body: bytes) -> object:
    import orjson

    return orjson.loads(body)["data"]["result"]


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
