"""The same questions to Debian's Prometheus and to us, over the same samples: the same status and the same JSON.

Where 3.x, which we follow, says something else than 2.42, the row is not here but in `test_prometheus.py`.
"""

from __future__ import annotations

import math
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import cramjam
import httpx
import pytest

from hannun.api.prometheus import routes
from hannun.model.labels import Labels
from hannun.query.promql import PromEngine
from hannun.query.runner import QueryRunner
from hannun.testing.memory_reader import MemoryReader
from hannun.wire.remote_write import Sample, encode

PROMETHEUS = shutil.which("prometheus")
pytestmark = pytest.mark.skipif(PROMETHEUS is None, reason="Debian's prometheus is not installed")

# Whole minutes: windows whose edges meet a sample are left-open in 3.x and closed in 2.42, so nothing meets one here.
NOW_S = int(time.time()) // 60 * 60 - 30
T0_S = NOW_S - 300
SERIES: dict[Labels, list[float]] = {
    Labels.of(__name__="up", instance="a", job="node"): [1.0] * 11,
    Labels.of(__name__="up", instance="b", job="node"): [0.0] * 11,
    Labels.of(__name__="odd", n="tiny"): [1e-7] * 11,
    Labels.of(__name__="odd", n="small"): [0.000001] * 11,
    Labels.of(__name__="odd", n="fraction"): [0.1] * 11,
    Labels.of(__name__="odd", n="third"): [1 / 3] * 11,
    Labels.of(__name__="odd", n="large"): [1e20] * 11,
    Labels.of(__name__="odd", n="huge"): [1e21] * 11,
    Labels.of(__name__="odd", n="exact"): [2.0**53 + 2] * 11,
    Labels.of(__name__="odd", n="nan"): [math.nan] * 11,
    Labels.of(__name__="odd", n="inf"): [math.inf] * 11,
    Labels.of(__name__="odd", n="-inf"): [-math.inf] * 11,
    Labels.of(__name__="odd", n="-0"): [-0.0] * 11,
    Labels.of(__name__="requests_total", path='/a"b\\c\n', service="결제"): [float(k * k) for k in range(11)],
}
HERE = f"time={NOW_S}.5"
RANGE = f"start={T0_S + 7}&end={NOW_S}&step=45"


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real one over SERIES, on a free port."""
    home: Path = tmp_path_factory.mktemp("prometheus")
    (home / "prometheus.yml").write_text("{}\n")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}"
    assert PROMETHEUS is not None
    command = [
        PROMETHEUS,
        "--config.file=prometheus.yml",
        "--storage.tsdb.path=data",
        "--web.enable-remote-write-receiver",
    ]
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, f"--web.listen-address={url.removeprefix('http://')}"],
            cwd=home,
            stdout=log,
            stderr=log,
            env={**os.environ, "GOMAXPROCS": "1"},
        )
    try:
        _wait_ready(url, process)
        body = encode(
            (labels.pairs, [Sample((T0_S + 30 * k) * 1000, value) for k, value in enumerate(values)])
            for labels, values in SERIES.items()
        )
        headers = {"content-encoding": "snappy", "content-type": "application/x-protobuf"}
        sent = httpx.post(f"{url}/api/v1/write", content=bytes(cramjam.snappy.compress_raw(body)), headers=headers)
        assert sent.status_code == 204, sent.text
        yield url
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)


def _wait_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    end_s = time.monotonic() + 30
    while time.monotonic() < end_s:
        assert process.poll() is None, "prometheus left"
        try:
            if httpx.get(f"{url}/-/ready").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise AssertionError("prometheus is not ready after 30 s")


@pytest.fixture
def ours(runner: QueryRunner):
    reader = MemoryReader()
    for labels, values in SERIES.items():
        reader.add(labels, [((T0_S + 30 * k) * 1000, value) for k, value in enumerate(values)])
    return routes(PromEngine(reader), reader, runner)


CHOSEN = 'http_requests_total{job="a-rather-long-name-of-a-job", handler="/api/v1/query_range", code=~"5.."}'
LONG = [
    f"sum(rate({CHOSEN}[5m])) / on(job) group_left(x) up",
    f"sum by (job, code) (rate({CHOSEN}[5m])) / ignoring(code) group_left sum without (code) (rate(x_total[5m]))",
    f"topk by (instance) (5, {CHOSEN})",
    f"quantile(0.9, {CHOSEN}) without (instance)",
    f"-({CHOSEN} + {CHOSEN})",
    f"-{CHOSEN} ^ {CHOSEN}",
    f"({CHOSEN})",
    f"max_over_time(rate({CHOSEN}[5m])[1h:1m] offset 5m)",
    f"{CHOSEN} == bool {CHOSEN}",
    f"{CHOSEN} @ 1600000000 offset -5m and on() {CHOSEN} @ end()",
    f"histogram_quantile(0.99, sum by (le) (rate({CHOSEN}[5m] offset 1h))) > 0.5 or vector(0)",
    f'label_replace({CHOSEN}, "target", "$1-$2", "source", "(.*)-and-a-rather-long-regular-expression-(.*)")',
    f"count_values('version', {CHOSEN}) unless absent_over_time({CHOSEN}[10m])",
]
SAME = [
    f"query?query=up&{HERE}",
    f"query?query=sort(odd)&{HERE}",
    f"query?query=1/3&{HERE}",
    f'query?query="가\\n\\"x"&{HERE}',
    f"query?query=sum(up)&time={NOW_S}",
    f"query?query=requests_total[1m]&time={NOW_S}.25",
    f"query?query=absent(nope{{a='b'}})&{HERE}",
    f"query?query=nope&{HERE}",
    f"query?query=count by(n)(odd)*NaN&{HERE}",
    f"query?query=time()&{HERE}",
    f"query_range?query=sum(up)&{RANGE}",
    f"query_range?query=requests_total&{RANGE}",
    f"query_range?query=odd&{RANGE}",
    f"query_range?query=max_over_time(requests_total[40s])&{RANGE}",
    f"query_range?query=time()&{RANGE}",
    f"query_range?query=nope&{RANGE}",
    "series?match[]=up",
    "series?match[]=requests_total&match[]={instance='a'}",
    "series?match[]=nope",
    "series?match[]={job=~'n.*',instance!='a'}",
    "series?match[]=up&start=10&end=5",
    "labels",
    "labels?match[]=up",
    "labels?match[]=nope",
    "label/instance/values",
    "label/__name__/values",
    "label/service/values?match[]=requests_total",
    "label/nope/values",
    "metadata",
    "metadata?metric=nope",
    "metadata?limit=x",
    "query?query=up&time=abc",
    "query?query=up&timeout=abc",
    "query?query=sum(",
    "query?query=sum(up)by",
    "query?query=rate(up)",
    "query?query=foo(up)",
    "query?query=up * on(instance) group_left up{job='x'} * ignoring(n) odd",
    "query?query={}",
    "query?query=up @ nope",
    "query?query=1 == 1",
    "query_range?query=up",
    "query_range?query=up&start=5&end=1&step=1",
    "query_range?query=up&start=5&end=10",
    "query_range?query=up&start=5&end=10&step=0",
    "query_range?query=up&start=5&end=10&step=1x",
    "query_range?query=up&start=0&end=11001&step=1",
    "series",
    "series?match[]=sum(x)",
    "series?match[]=x[5m]",
    "series?match[]=x offset 5m",
    "series?match[]=1",
    "series?match[]={}",
    "series?match[]={a=~'.*'}",
    "series?match[]=up&start=x",
    "series?match[]=(up)",
    "labels?start=x",
    "label/job/values?end=x",
    "format_query?query=sum(",
    "format_query?query=up%2Bup",
    *(f"format_query?query={expr.replace('+', '%2B')}" for expr in LONG),
    "query_exemplars?query=up",
    "query_exemplars?query=sum(",
    "query_exemplars?query=up&start=5&end=1",
    "query_exemplars?query=up&start=x",
    "targets/metadata",
    "targets/metadata?limit=x",
    "targets/metadata?match_target={",
    "scrape_pools",
    "rules",
    "rules?type=record",
    "rules?type=x",
    "alerts",
    "alertmanagers",
]


@pytest.mark.parametrize("question", SAME)
async def test_both_answer_the_same(serve, prometheus: str, ours, question: str) -> None:
    path, _, parameters = question.partition("?")
    url = f"/api/v1/{path}?{quote(parameters, safe='=&%[]')}"
    async with httpx.AsyncClient(base_url=prometheus) as theirs, serve(ours) as mine:
        expected, got = await theirs.get(url), await mine.get(url)
    assert got.status_code == expected.status_code, (expected.text, got.text)
    assert got.headers["content-type"] == expected.headers["content-type"]
    assert ordered(got.json()) == ordered(expected.json())


NOTHING = [
    pytest.param("GET", "/api/v1/query_exemplars?query=1", id="exemplars of an expression that reads nothing"),
    pytest.param("DELETE", "/api/v1/series?match[]=up", id="DELETE of series"),
    pytest.param("PUT", "/api/v1/admin/tsdb/snapshot", id="a snapshot without the admin API"),
    pytest.param("GET", "/-/reload", id="GET of reload"),
    pytest.param("GET", "/-/quit", id="GET of quit"),
    pytest.param("POST", "/-/reload", id="reload without the lifecycle API"),
    pytest.param("PUT", "/-/quit", id="quit without the lifecycle API"),
    pytest.param("GET", "/federate", id="federate of nothing"),
    pytest.param("GET", "/federate?match[]=nope", id="federate of no series"),
    pytest.param("GET", "/federate?match[]=up{", id="federate of no selector"),
    pytest.param("GET", "/federate?match[]=sum(up)", id="federate of an expression"),
    pytest.param("GET", "/federate?match[]=up", id="federate of one metric"),
    pytest.param("GET", "/federate?match[]=odd&match[]=up&match[]={instance='a'}", id="federate of three selectors"),
    pytest.param("GET", "/federate?match[]={__name__=~'.%2B'}", id="federate of everything"),
]


@pytest.mark.parametrize(("method", "url"), NOTHING)
async def test_both_say_the_same_in_plain_text(serve, prometheus: str, ours, method: str, url: str) -> None:
    async with httpx.AsyncClient(base_url=prometheus) as theirs, serve(ours) as mine:
        expected, got = await theirs.request(method, url), await mine.request(method, url)
    assert got.status_code == expected.status_code, (expected.text, got.text)
    assert got.headers.get("content-type") == expected.headers.get("content-type")
    assert lines(got.text) == lines(expected.text)


def lines(page: str) -> list[str]:
    """Series of one metric have no order, and a closing newline says nothing."""
    return sorted(page.strip().splitlines())


def ordered(answer: dict) -> dict:
    """Vectors have no order of their own."""
    data = answer.get("data")
    if isinstance(data, dict) and data.get("resultType") == "vector":
        data["result"].sort(key=lambda row: sorted(row["metric"].items()))
    return answer
