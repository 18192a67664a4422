"""Our answers against a real Prometheus 2.42 over the same samples.

2.42's windows are closed on both sides, ours (3.x) open on the left, so questions are asked at times that no sample's
age can hit. Where 3.x changed a formula on purpose the samples avoid the case.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from typing import Any

import httpx
import orjson
import pytest

from hannun.model.budget import Budget
from hannun.model.errors import HannunError
from hannun.model.labels import Labels
from hannun.model.metric import STALE_NAN
from hannun.query.promql import PromEngine
from hannun.query.promql.render import data_json
from hannun.testing import prometheus_peer
from hannun.testing.memory_reader import MemoryReader

BASE_MS = 1_700_000_000_000 // 15_000 * 15_000
SCRAPES = 240
START_MS = BASE_MS + 900_000 + 7_300
END_MS = START_MS + 30 * 60_000
Series = list[tuple[Labels, list[tuple[int, float]]]]


def samples() -> Series:
    rng = random.Random(7)
    out: Series = []
    for host in "abc":
        for job in ("api", "web"):
            value, counter = 50.0, float(rng.randrange(1_000, 5_000))
            gauge: list[tuple[int, float]] = []
            total: list[tuple[int, float]] = []
            for k in range(SCRAPES):
                ts = BASE_MS + k * 15_000
                value += rng.gauss(0, 3)
                counter = counter + rng.randrange(0, 40) if rng.random() > 0.01 else 0.0
                if host == "b" and 100 < k < 130:
                    continue
                gauge.append((ts, round(value, 4)))
                total.append((ts, counter))
            out.append((Labels.of(__name__="gauge", host=host, job=job), gauge))
            out.append((Labels.of(__name__="requests_total", host=host, job=job), total))
    for host in "ab":
        for le, share in (("0.1", 0.4), ("0.5", 0.7), ("1", 0.9), ("+Inf", 1.0)):
            seen = [
                (BASE_MS + k * 15_000, float(1_000 + int(k * 10 * share * (1 + (host == "b"))))) for k in range(SCRAPES)
            ]
            out.append((Labels.of(__name__="latency_bucket", host=host, le=le), seen))
        out.append(
            (
                Labels.of(__name__="host_info", host=host, os=f"os-{host}"),
                [(BASE_MS + k * 15_000, 1.0) for k in range(SCRAPES)],
            )
        )
    odd = [1.0, math.nan, math.inf, -math.inf, 0.0, STALE_NAN, 3.0]
    out.append((Labels.of(__name__="odd"), [(BASE_MS + k * 15_000, odd[k % 7]) for k in range(SCRAPES)]))
    out.sort(key=lambda pair: pair[0].metric)
    return out


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[PromEngine, httpx.Client]]:
    if why := prometheus_peer.missing():
        pytest.skip(why)
    reader = MemoryReader()
    # The text format cannot carry a staleness marker, so both get a plain NaN there.
    series = [
        (labels, [(ts, math.nan if math.isnan(value) else value) for ts, value in found]) for labels, found in samples()
    ]
    for labels, found in series:
        reader.add(labels, found)
    with prometheus_peer.peer_over(series, tmp_path_factory.mktemp("prometheus")) as client:
        yield PromEngine(reader), client


RANGE_FUNCTIONS = [
    "rate",
    "increase",
    "delta",
    "irate",
    "idelta",
    "resets",
    "changes",
    "deriv",
    "avg_over_time",
    "min_over_time",
    "max_over_time",
    "sum_over_time",
    "count_over_time",
    "stddev_over_time",
    "stdvar_over_time",
    "last_over_time",
    "present_over_time",
    "absent_over_time",
]
MATHS = [
    "abs",
    "ceil",
    "exp",
    "floor",
    "ln",
    "log2",
    "log10",
    "round",
    "sgn",
    "sqrt",
    "sin",
    "cos",
    "tan",
    "asinh",
    "atan",
    "tanh",
    "deg",
    "rad",
]
DATES = ["minute", "hour", "day_of_week", "day_of_month", "day_of_year", "days_in_month", "month", "year", "timestamp"]

EXPRESSIONS = [
    *(
        f"{name}({metric}[{window}])"
        for name in RANGE_FUNCTIONS
        for metric in ("gauge", "requests_total")
        for window in ("1m", "5m")
    ),
    *(f"{name}(gauge)" for name in MATHS),
    *(f"{name}(requests_total * 1000)" for name in DATES),
    *(f"{op} by (job) (gauge)" for op in ["sum", "avg", "min", "max", "count", "group", "stddev", "stdvar"]),
    *(f"{op}(odd)" for op in ["sum", "avg", "min", "max", "count"]),
    "gauge", "odd", "odd > 0", "odd == bool odd", "gauge offset 3m", "gauge offset -3m", "gauge @ start()",
    f"gauge @ {BASE_MS // 1000 + 1207}", "sum(gauge) without (host)", "quantile by (job) (0.3, gauge)",
    "topk(2, gauge)",
    "bottomk by (job) (1, gauge)", "count_values('v', round(gauge, 10))", "quantile_over_time(0.7, gauge[5m])",
    "predict_linear(gauge[5m], 600)", "holt_winters(gauge[5m], 0.3, 0.6)", "clamp(gauge, 45, 55)",
    "clamp_min(gauge, 50)", "clamp_max(gauge, 50)", "gauge > 50", "gauge > bool 50", "50 < gauge", "gauge % 7 ^ 2",
    "(gauge + 0) atan2 3", "-gauge", "gauge / on (host, job) requests_total",
    "requests_total * on (host) group_left (os) host_info",
    "host_info * on (host) group_right () gauge", "gauge and on (host) host_info", "gauge unless on (host) host_info",
    "gauge{job='api'} or gauge", "absent(nothing{a='b'})", "absent(gauge{host='b',job='api'})",
    "histogram_quantile(0.9, rate(latency_bucket[5m]))", "histogram_quantile(0.5, sum by (le) (latency_bucket))",
    "histogram_quantile(1.2, latency_bucket)", "label_replace(gauge, 'h', '$1-x', 'host', '(.)')",
    "label_join(gauge, 'all', '/', 'host', 'job')", "sort_desc(gauge)", "scalar(sum(gauge)) + vector(time())",
    "max_over_time(rate(requests_total[67s])[10m:1m])", "avg_over_time(gauge[7m:40s])",
    "sum_over_time(gauge[5m:] offset 2m)",
    "min_over_time(sum by (job) (gauge)[5m:30s] @ end())", "sum(rate(requests_total[5m])) / count(gauge)",
    "gauge + gauge", "gauge * on () gauge", "gauge + on (job) gauge", "{__name__=~'gauge|host_info'}",
    "1 + 2 * 3", "time()",
    "rate({__name__=~'gauge|odd'}[1m])",
]  # fmt: skip


def ours(engine: PromEngine, expr: str, start: int, end: int, step: int) -> Any:
    # holt_winters is double_exponential_smoothing since 3.0.
    expr = expr.replace("holt_winters", "double_exponential_smoothing")
    try:
        if start == end:
            return orjson.loads(data_json(engine.instant(expr, start, Budget())))
        return orjson.loads(data_json(engine.range(expr, start, end, step, Budget())))
    except HannunError as err:
        return str(err)


def theirs(client: httpx.Client, expr: str, start: int, end: int, step: int) -> Any:
    if start == end:
        answer = client.get("/api/v1/query", params={"query": expr, "time": start / 1000})
    else:
        params = {"query": expr, "start": start / 1000, "end": end / 1000, "step": step / 1000}
        answer = client.get("/api/v1/query_range", params=params)
    body = answer.json()
    return body["data"] if body["status"] == "success" else body["error"]


def flat(result: Any) -> dict[Any, float]:
    """(labels, time) -> value."""
    if result["resultType"] == "scalar":
        return {((), result["result"][0]): float(result["result"][1])}
    return {
        (tuple(sorted(one["metric"].items())), ts): float(value)
        for one in result["result"]
        for ts, value in one.get("values", [one.get("value")])
    }


def same(wanted: float, found: float) -> bool:
    if math.isnan(wanted) or math.isnan(found):
        return math.isnan(wanted) and math.isnan(found)
    return wanted == found or math.isclose(wanted, found, rel_tol=1e-9, abs_tol=1e-9)


@pytest.mark.parametrize("expr", EXPRESSIONS)
def test_answers_are_those_of_prometheus(both: tuple[PromEngine, httpx.Client], expr: str) -> None:
    engine, client = both
    for start, end, step in ((START_MS, END_MS, 60_000), (END_MS, END_MS, 0), (START_MS, END_MS, 45_000)):
        wanted, found = theirs(client, expr, start, end, step), ours(engine, expr, start, end, step)
        if isinstance(wanted, str) or isinstance(found, str):
            assert isinstance(wanted, str), found
            assert isinstance(found, str), wanted
            continue
        one, other = flat(wanted), flat(found)
        assert other.keys() == one.keys()
        for key, value in one.items():
            assert same(value, other[key]), (key, value, other[key])
