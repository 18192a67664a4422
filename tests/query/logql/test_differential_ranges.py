"""Range aggregations of LogQL over a day of generated lines, against values that are computed here from what the lines
were made of.

Nothing of the product is asked for the expected values. Every question is asked twice, with SQL doing what it can and
with every line going through the plain pipeline.
"""

# ruff: noqa: E501 — the tables hold one case a line.

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from hannun.model.budget import Budget
from hannun.model.errors import ExecutionError
from hannun.model.labels import Labels
from hannun.query.logql.execute import LogEvaluator
from hannun.query.logql.parser import parse
from hannun.query.logql.ranges import Times
from hannun.query.logql.syntax import Grouping, RangeAggregation, VectorAggregation
from hannun.store.logs import LogStore
from hannun.testing.log_day import START_NS, DayLine, day, stored

S = 10**9
STEPS = Times(START_NS + 3600 * S, 7200 * S, 12)
Where = Callable[[DayLine], bool]
LINES = day()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LogStore]:
    with stored(LINES, tmp_path_factory.mktemp("day") / "engine") as opened:
        yield opened


TIERS = pytest.mark.parametrize("in_sql", [pytest.param(True, id="sql"), pytest.param(False, id="plain")])


def app(*names: str) -> Where:
    return lambda line: line.app in names


def has(line: DayLine, text: str) -> bool:
    return text in line.text or text in line.said


def f(line: DayLine, name: str) -> str:
    return line.fields.get(name, "")


def ms(text: str) -> float:
    return float(text.removesuffix("ms"))


Key = Callable[[DayLine], Mapping[str, str]]
Value = Callable[[DayLine], float]


@dataclass(frozen=True)
class Range:
    """`key`: labels of the line's series. `value`: what is unwrapped, or the bytes of the line."""

    query: str
    op: str
    where: Where
    key: Key
    range_s: float
    value: Value = field(default=lambda line: float(len(line.text.encode())))
    offset_s: int = 0


def everything(line: DayLine) -> dict[str, str]:
    return {**dict(line.labels.pairs), **line.all_metadata}


def by(*names: str) -> Key:
    return lambda line: {name: {**line.fields, **everything(line)}.get(name, "") for name in names}


def counter_rate(window: list[tuple[int, float]], range_s: float) -> float:
    """Loki's formula, whose window reaches its range in ms before the first sample in a world of ns."""
    if len(window) < 2:
        return 0.0
    values = [value for _, value in window]
    grown = values[-1] - values[0] + sum(a for a, b in pairwise(values) if b < a)
    covered = (window[-1][0] - window[0][0]) / 1000
    average = covered / (len(window) - 1)
    reach = range_s
    if grown > 0 and values[0] >= 0:
        reach = min(reach, covered * values[0] / grown)
    return grown * (covered + (reach if reach < average * 1.1 else average / 2)) / covered / range_s


def quantile(values: list[float], q: float) -> float:
    ordered = sorted(values)
    rank = q * (len(ordered) - 1)
    low = math.floor(rank)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] * (1 - (rank - low)) + ordered[high] * (rank - low)


OPS: dict[str, Callable[[list[tuple[int, float]], float], float]] = {
    "count_over_time": lambda w, s: len(w),
    "rate": lambda w, s: len(w) / s,
    "bytes_over_time": lambda w, s: sum(v for _, v in w),
    "bytes_rate": lambda w, s: sum(v for _, v in w) / s,
    "sum_over_time": lambda w, s: sum(v for _, v in w),
    "rate of values": lambda w, s: sum(v for _, v in w) / s,
    "avg_over_time": lambda w, s: statistics.fmean(v for _, v in w),
    "min_over_time": lambda w, s: min(v for _, v in w),
    "max_over_time": lambda w, s: max(v for _, v in w),
    "stdvar_over_time": lambda w, s: statistics.pvariance([v for _, v in w]),
    "stddev_over_time": lambda w, s: statistics.pstdev([v for _, v in w]),
    "quantile 0.99": lambda w, s: quantile([v for _, v in w], 0.99),
    "quantile 0.5": lambda w, s: quantile([v for _, v in w], 0.5),
    "first_over_time": lambda w, s: w[0][1],
    "last_over_time": lambda w, s: w[-1][1],
    "rate_counter": counter_rate,
}


def expected_of(case: Range) -> dict[Labels, list[float | None]]:
    series: dict[Labels, list[tuple[int, float]]] = {}
    for line in LINES:
        if case.where(line):
            series.setdefault(Labels.of(dict(case.key(line))), []).append((line.ts_ns, case.value(line)))
    found: dict[Labels, list[float | None]] = {}
    for labels, samples in series.items():
        row: list[float | None] = []
        for step in range(STEPS.count):
            end = STEPS.start_ns + step * STEPS.step_ns - case.offset_s * S
            window = [(ts, value) for ts, value in samples if end - case.range_s * S < ts <= end]
            row.append(OPS[case.op](window, case.range_s) if window else None)
        if any(value is not None for value in row):
            found[labels] = row
    return found


def evaluated(store: LogStore, in_sql: bool, query: str) -> dict[Labels, list[float | None]]:
    """A sum around a range aggregation is handed down as the engine does, and not computed again."""
    node = parse(query)
    summed_by: Grouping | None = None
    if isinstance(node, VectorAggregation):
        assert node.op == "sum"
        summed_by, node = node.grouping or Grouping(()), node.expr
    assert isinstance(node, RangeAggregation)
    found = LogEvaluator(store, in_sql=in_sql).evaluate(node, STEPS, summed_by, Budget())
    rows = {}
    for labels, values, present in zip(found.labels, found.values, found.present, strict=True):  # type: ignore[call-overload]
        row = [float(value) if there else None for value, there in zip(values, present, strict=True)]
        if any(value is not None for value in row):
            assert labels not in rows
            rows[labels] = row
    return rows


API, WORKER, GATEWAY = '{app="api"}', '{app="worker"}', '{app="gateway"}'
NGINX = '| pattern `<ip> - - <_> "<method> <path> <_>" <status> <size> <_>`'
api_route: Key = lambda x: {"route": x.metadata.get("route", f(x, "route"))}  # noqa: E731


def api(extra: Where = lambda line: True) -> Where:
    return lambda line: line.app == "api" and extra(line)


RANGES: dict[str, Range] = {
    # no parser
    "every label": Range('count_over_time({app="api"}[3h])', "count_over_time", app("api"), everything, 10_800),
    "every label, edges of 15 s": Range('rate({env="prod"}[15s])', "rate", lambda x: True, everything, 15),
    "summed by a label": Range('sum by (app) (count_over_time({env="prod"}[4h]))', "count_over_time", lambda x: True, by("app"), 14_400),
    "summed, odd range": Range('sum by (app) (rate({env="prod"}[3607s]))', "rate", lambda x: True, by("app"), 3607),
    "range below a second": Range('sum by (app) (count_over_time({env="prod"}[500ms]))', "count_over_time", lambda x: True, by("app"), 0.5),
    "summed to one": Range('sum (rate({env="prod"}[2h]))', "rate", lambda x: True, by(), 7_200),
    "summed bytes": Range('sum by (host) (bytes_over_time({app="api"}[4h]))', "bytes_over_time", app("api"), by("host"), 14_400),
    "bytes per second": Range('sum by (host) (bytes_rate({app="shop"}[100m]))', "bytes_rate", app("shop"), by("host"), 6_000),
    "bytes by every label": Range('bytes_over_time({app="shop"}[3h])', "bytes_over_time", app("shop"), everything, 10_800),
    "offset": Range('sum by (app) (count_over_time({env="prod"}[2h] offset 3h))', "count_over_time", lambda x: True, by("app"), 7_200, offset_s=10_800),
    "offset into the future": Range('sum (count_over_time({app="api"}[2h] offset -1h))', "count_over_time", app("api"), by(), 7_200, offset_s=-3600),
    "by the level of lines": Range('sum by (detected_level) (count_over_time({env="prod"}[2h]))', "count_over_time", lambda x: True, by("detected_level"), 7_200),
    "by metadata": Range('sum by (region) (count_over_time({env="prod"}[2h]))', "count_over_time", lambda x: True, by("region"), 7_200),
    "by label of one stream and level": Range('sum by (level, detected_level) (count_over_time({env="prod"}[6h]))', "count_over_time", lambda x: True, lambda x: {"level": x.labels.get("level"), "detected_level": x.level}, 21_600),
    "without": Range('sum without (host, region, detected_level) (count_over_time({env="prod"}[2h]))', "count_over_time", lambda x: True, lambda x: {k: v for k, v in everything(x).items() if k not in ("host", "region", "detected_level")}, 7_200),
    "metadata filtered": Range('count_over_time({app="api"} | region="kr-1" [3h])', "count_over_time", api(lambda x: x.metadata.get("region") == "kr-1"), everything, 10_800),
    "labels dropped": Range('count_over_time({app="api"} | drop host, detected_level [3h])', "count_over_time", app("api"), lambda x: {k: v for k, v in everything(x).items() if k not in ("host", "detected_level")}, 10_800),
    "labels kept": Range('count_over_time({env="prod"} | keep app [3h])', "count_over_time", lambda x: True, by("app"), 10_800),
    "label renamed": Range('sum by (what) (count_over_time({env="prod"} | label_format what=app [3h]))', "count_over_time", lambda x: True, lambda x: {"what": x.app}, 10_800),
    # line filters
    "filtered": Range('sum by (app) (count_over_time({env="prod"} |= "login" [2h]))', "count_over_time", lambda x: "login" in x.text, by("app"), 7_200),
    "filtered by regex": Range('sum by (app) (rate({env="prod"} |~ "exec-[01]|5\\\\d\\\\d" [2h]))', "rate", lambda x: bool(re.search(r"exec-[01]|5\d\d", x.text)), by("app"), 7_200),
    "filtered in Korean": Range('sum (count_over_time({env="prod"} |= "승인" [5h]))', "count_over_time", lambda x: has(x, "승인"), by(), 18_000),
    "filtered by pattern": Range('sum (count_over_time({env="prod"} |> `<_>"POST <_>` [5h]))', "count_over_time", lambda x: '"POST ' in x.text, by(), 18_000),
    "filtered by address": Range('sum by (host) (count_over_time({app="gateway"} |= ip("10.1.0.0/16") [5h]))', "count_over_time", lambda x: x.app == "gateway" and x.fields["ip"].startswith("10.1."), by("host"), 18_000),
    "filtered, every label": Range('rate({env="prod"} != "level" [90m])', "rate", lambda x: "level" not in x.text, everything, 5_400),
    "nothing is left": Range('sum (count_over_time({env="prod"} |= "nowhere" [5h]))', "count_over_time", lambda x: False, by(), 18_000),
    # json
    "json by one": Range('sum by (level) (count_over_time({app="api"} | json [2h]))', "count_over_time", app("api"), by("level"), 7_200),
    "json by two": Range('sum by (level, status) (rate({app="api"} | json [2h]))', "rate", app("api"), by("level", "status"), 7_200),
    "json by a number as written": Range('sum by (took_ms) (count_over_time({app="api"} | json | took_ms < 20 [9h]))', "count_over_time", api(lambda x: float(x.fields["took_ms"]) < 20), by("took_ms"), 32_400),
    "json by a nested key": Range('sum by (client_ip) (count_over_time({app="api"} | json [2h]))', "count_over_time", app("api"), by("client_ip"), 7_200),
    "json by a boolean": Range('sum by (ok) (count_over_time({app="api"} | json [2h]))', "count_over_time", app("api"), by("ok"), 7_200),
    "json by what metadata hides": Range('sum by (route) (count_over_time({app="api"} | json [2h]))', "count_over_time", app("api"), api_route, 7_200),
    "json by what gave way": Range('sum by (route_extracted) (count_over_time({app="api"} | json [4h]))', "count_over_time", app("api"), lambda x: {"route_extracted": x.fields["route"] if "route" in x.metadata else ""}, 14_400),
    "json by what gave way to the stream": Range('sum by (level, level_extracted) (count_over_time({app="legacy"} | json | __error__="" [6h]))', "count_over_time", lambda x: x.app == "legacy" and "__error__" not in x.fields, lambda x: {"level": "fixed", "level_extracted": x.fields["level"]}, 21_600),
    "json filtered by text": Range('sum by (level) (rate({env="prod"} | json | level="error" | app="api" [2h]))', "rate", api(lambda x: f(x, "level") == "error"), by("level"), 7_200),
    "json filtered by number": Range('sum by (status) (count_over_time({app="api"} | json | status >= 400 [2h]))', "count_over_time", api(lambda x: int(x.fields["status"]) >= 400), by("status"), 7_200),
    "json that nobody looks at": Range('sum (count_over_time({env="prod"} | json [2h]))', "count_over_time", lambda x: True, by(), 7_200),
    "json errors left out": Range('sum by (code) (count_over_time({app="legacy"} | json | __error__="" [6h]))', "count_over_time", lambda x: x.app == "legacy" and "__error__" not in x.fields, by("code"), 21_600),
    "json errors dropped": Range('sum by (code) (count_over_time({app="legacy"} | json | drop __error__, __error_details__ [6h]))', "count_over_time", app("legacy"), by("code"), 21_600),
    "json errors alone": Range('sum by (app) (count_over_time({app="legacy"} | json | __error__!="" | drop __error__ [6h]))', "count_over_time", lambda x: "__error__" in x.fields, by("app"), 21_600),
    "json, bytes of lines": Range('sum by (status) (bytes_over_time({app="api"} | json [2h]))', "bytes_over_time", app("api"), by("status"), 7_200),
    "json named paths": Range('sum by (port) (count_over_time({app="api"} | json port="client.port" | port < 1010 [6h]))', "count_over_time", api(lambda x: int(x.fields["client_port"]) < 1010), lambda x: {"port": x.fields["client_port"]}, 21_600),
    "json, every label of named ones": Range('count_over_time({app="api"} | json code="status" [3h])', "count_over_time", app("api"), lambda x: {**everything(x), "code": x.fields["status"]}, 10_800),
    "json renamed": Range('sum by (severity) (count_over_time({app="api"} | json | label_format severity=level [2h]))', "count_over_time", app("api"), lambda x: {"severity": x.fields["level"]}, 7_200),
    "json of Korean": Range('sum by (levelname) (count_over_time({app="shop"} | json | message=~"배송.*" [4h]))', "count_over_time", lambda x: f(x, "message").startswith("배송"), by("levelname"), 14_400),
    # logfmt, regexp, pattern
    "logfmt by one": Range('sum by (level) (count_over_time({app="worker"} | logfmt [2h]))', "count_over_time", app("worker"), by("level"), 7_200),
    "logfmt by quoted": Range('sum by (msg) (rate({app="worker"} | logfmt [2h]))', "rate", app("worker"), by("msg"), 7_200),
    "logfmt by duration": Range('sum by (queue) (count_over_time({app="worker"} | logfmt | took > 1s and took < 3s [2h]))', "count_over_time", lambda x: x.app == "worker" and 1000 < ms(x.fields["took"]) < 3000, by("queue"), 7_200),
    "logfmt of every app": Range('sum by (queue) (count_over_time({env="prod"} | logfmt | queue!="" [2h]))', "count_over_time", app("worker"), by("queue"), 7_200),
    "logfmt strict": Range('sum by (queue) (count_over_time({app="worker"} | logfmt --strict [2h]))', "count_over_time", app("worker"), by("queue"), 7_200),
    "regexp by group": Range('sum by (thread) (count_over_time({app="billing"} | regexp `\\[(?P<thread>[^\\]]+)\\]` [2h]))', "count_over_time", app("billing"), by("thread"), 7_200),
    "regexp that does not match": Range('sum by (thread) (count_over_time({app=~"billing|kubelet"} | regexp `\\[(?P<thread>[^\\]]+)\\]` [4h]))', "count_over_time", app("billing", "kubelet"), by("thread"), 14_400),
    "pattern by two": Range(f"sum by (status, method) (count_over_time({GATEWAY} {NGINX} [2h]))", "count_over_time", app("gateway"), by("status", "method"), 7_200),
    "pattern filtered": Range(f'sum by (path) (count_over_time({GATEWAY} {NGINX} | status=~"[45].*" [2h]))', "count_over_time", lambda x: x.app == "gateway" and x.fields["status"][0] in "45", by("path"), 7_200),
    "pattern, klog": Range('sum by (source, pid) (count_over_time({app="kubelet"} | pattern `<_> <_> <pid> <source>:<_>` [6h]))', "count_over_time", app("kubelet"), by("source", "pid"), 21_600),
}  # fmt: skip

UNWRAPPED: dict[str, tuple[str, Where, Key, Value]] = {
    "json number": (
        f"{API} | json | unwrap took_ms [3h]",
        app("api"),
        api_route,
        lambda x: float(x.fields["took_ms"]),
    ),
    "logfmt duration": (
        f"{WORKER} | logfmt | unwrap duration(took) [3h]",
        app("worker"),
        lambda x: {"queue": x.fields["queue"]},
        lambda x: ms(x.fields["took"]) / 1000,
    ),
    "pattern": (
        f"{GATEWAY} {NGINX} | unwrap size | status!=`404` [3h]",
        lambda x: x.app == "gateway" and x.fields["status"] != "404",
        lambda x: {"method": x.fields["method"]},
        lambda x: float(x.fields["size"]),
    ),
}
GROUPED_OPS = ("avg_over_time", "min_over_time", "max_over_time", "stdvar_over_time", "stddev_over_time")
for name, (log, where, key, value) in UNWRAPPED.items():
    names = {"json number": "route", "logfmt duration": "queue", "pattern": "method"}[name]
    for op in (*GROUPED_OPS, "first_over_time", "last_over_time"):
        RANGES[f"{op} of {name}"] = Range(f"{op}({log}) by ({names})", op, where, key, 10_800, value)
    for q in ("0.99", "0.5"):
        query = f"quantile_over_time({q}, {log}) by ({names})"
        RANGES[f"quantile {q} of {name}"] = Range(query, f"quantile {q}", where, key, 10_800, value)
    RANGES[f"sum of {name}"] = Range(
        f"sum by ({names}) (sum_over_time({log}))", "sum_over_time", where, key, 10_800, value
    )
    RANGES[f"rate of {name}"] = Range(f"sum by ({names}) (rate({log}))", "rate of values", where, key, 10_800, value)
RANGES |= {
    "sum by every label": Range(f'sum_over_time({API} | json n="size" | unwrap n [3h])', "sum_over_time", app("api"), everything, 10_800, lambda x: float(x.fields["size"])),
    "rate_counter": Range(f'rate_counter({API} | json n="size" | unwrap n [3h])', "rate_counter", app("api"), everything, 10_800, lambda x: float(x.fields["size"])),
    "max of nothing grouped": Range(f"max_over_time({API} | json | unwrap took_ms [3h]) by ()", "max_over_time", app("api"), by(), 10_800, lambda x: float(x.fields["took_ms"])),
    "unwrapped bytes": Range(f"max_over_time({WORKER} | logfmt | unwrap bytes(read) [3h]) by (level)", "max_over_time", app("worker"), by("level"), 10_800, lambda x: int(x.fields["read"][:-2]) * 1000.0),
    "filter behind unwrap": Range(f"min_over_time({API} | json | unwrap took_ms | took_ms > 100 [3h]) by (level)", "min_over_time", api(lambda x: float(x.fields["took_ms"]) > 100), by("level"), 10_800, lambda x: float(x.fields["took_ms"])),
    "lines without the label": Range('avg_over_time({env="prod"} | json | unwrap took_ms | __error__="" [3h]) by (app)', "avg_over_time", app("api"), by("app"), 10_800, lambda x: float(x.fields["took_ms"])),
}  # fmt: skip


def nans(row: list[float | None]) -> list[float]:
    return [math.nan if value is None else value for value in row]


@TIERS
@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in RANGES.items()])
def test_values_of_a_range_aggregation(store: LogStore, case: Range, in_sql: bool) -> None:
    found, expected = evaluated(store, in_sql, case.query), expected_of(case)
    assert set(found) == set(expected)
    for labels, row in expected.items():
        assert nans(found[labels]) == pytest.approx(nans(row), rel=1e-9, abs=1e-9, nan_ok=True), labels


@TIERS
@pytest.mark.parametrize(
    ("query", "labels", "where"),
    [
        pytest.param('absent_over_time({app="nobody"}[1h])', {"app": "nobody"}, lambda x: False, id="no such stream"),
        pytest.param(
            'absent_over_time({app="kubelet", host=~".+"} |= "pod.go" [40m])',
            {"app": "kubelet"},
            lambda x: x.app == "kubelet" and "pod.go" in x.text,
            id="now and then",
        ),
        pytest.param(
            'absent_over_time({app="kubelet"} | regexp ` (?P<pid>[0-9]) ` | unwrap pid [40m])',
            {"app": "kubelet"},
            app("kubelet"),
            id="unwrapped",
        ),
    ],
)
def test_what_is_absent(store: LogStore, query: str, labels: dict[str, str], where: Where, in_sql: bool) -> None:
    range_ns = 3600 * S if "1h" in query else 2400 * S
    ends = [STEPS.start_ns + step * STEPS.step_ns for step in range(STEPS.count)]
    there = [any(where(line) and end - range_ns < line.ts_ns <= end for line in LINES) for end in ends]
    row = [None if one else 1.0 for one in there]
    assert evaluated(store, in_sql, query) == {Labels.of(labels): row}


@TIERS
@pytest.mark.parametrize(
    ("query", "kind"),
    [
        pytest.param('sum by (code) (rate({app="legacy"} | json [6h]))', "JSONParserErr", id="a line that is no JSON"),
        pytest.param('sum by (x) (rate({app="api"} | json | route > 5 [6h]))', "LabelFilterErr", id="no number"),
        pytest.param('max_over_time({app="api"} | json | unwrap route [6h])', "SampleExtractionErr", id="no value"),
    ],
)
def test_a_failed_line_fails_the_aggregation(store: LogStore, query: str, kind: str, in_sql: bool) -> None:
    with pytest.raises(ExecutionError, match=f"^pipeline error: '{kind}' for series: '"):
        evaluated(store, in_sql, query)
