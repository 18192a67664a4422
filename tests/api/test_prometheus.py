"""The Prometheus API answers and refuses in Prometheus's own words."""

from __future__ import annotations

import asyncio
import gzip
import json
import threading
from typing import Any

import numpy as np
import pytest

from hannun.api import answer
from hannun.api.limits import ApiLimits
from hannun.api.prometheus import ServerFacts, query, routes
from hannun.model.access import Access
from hannun.model.errors import StoreUnavailable
from hannun.model.labels import Labels
from hannun.query.promql import Answer, PromEngine
from hannun.query.promql.render import data_json

NOW_S = 1_700_000_000


@pytest.fixture
def endpoints(reader, runner, clock):
    def made(**more: Any):
        return routes(PromEngine(reader, clock=clock), reader, runner, clock=clock, **more)

    return made


async def get(serve, endpoints, path: str, **more: Any) -> tuple[int, dict[str, Any]]:
    async with serve(endpoints(**more)) as client:
        answer = await client.get(path)
    assert answer.headers["content-type"] == "application/json"
    return answer.status_code, json.loads(answer.content)


SUCCESS = {
    "vector": (
        f"/api/v1/query?query=up==0&time={NOW_S}",
        {
            "resultType": "vector",
            "result": [
                {"metric": {"__name__": "up", "instance": "c:9100", "job": "node"}, "value": [NOW_S, "0"]},
            ],
        },
    ),
    "now is the default time": (
        "/api/v1/query?query=sum(up)",
        {"resultType": "vector", "result": [{"metric": {}, "value": [NOW_S, "2"]}]},
    ),
    "scalar": ("/api/v1/query?query=1%2B1&time=1.5", {"resultType": "scalar", "result": [1.5, "2"]}),
    "string": ("/api/v1/query?query=%22%EA%B0%92%22&time=1", {"resultType": "string", "result": [1, "값"]}),
    "matrix of an instant query": (
        f"/api/v1/query?query=sum(up)[1m:30s]&time={NOW_S}",
        {
            "resultType": "matrix",
            "result": [{"metric": {}, "values": [[NOW_S - 50, "2"], [NOW_S - 20, "2"]]}],
        },
    ),
    "range": (
        f"/api/v1/query_range?query=sum(up)&start={NOW_S - 7}.5&end={NOW_S}&step=5s",
        {
            "resultType": "matrix",
            "result": [{"metric": {}, "values": [[NOW_S - 6.5, "2"], [NOW_S - 1.5, "2"]]}],
        },
    ),
    "no series": ("/api/v1/query?query=nope", {"resultType": "vector", "result": []}),
    "under the prefix": ("/prometheus/api/v1/query?query=2&time=1", {"resultType": "scalar", "result": [1, "2"]}),
    "format_query": ("/api/v1/format_query?query=sum%20by(job)%20(up%20)", "sum by (job) (up)"),
    "series": (
        "/api/v1/series?match[]=up{instance=~%22[ab].*%22}",
        [
            {"__name__": "up", "instance": "a:9100", "job": "node"},
            {"__name__": "up", "instance": "b:9100", "job": "node"},
        ],
    ),
    "series of a time without samples": ("/api/v1/series?match[]=up&start=10&end=20", []),
    "series of an empty time": ("/api/v1/series?match[]=up&start=10&end=5", []),
    "labels": ("/api/v1/labels", ["__name__", "instance", "job", "경로"]),
    "labels of a selector": ("/api/v1/labels?match[]=up", ["__name__", "instance", "job"]),
    "labels of two selectors": (
        "/api/v1/labels?match[]=up&match[]=http_requests_total",
        ["__name__", "instance", "job", "경로"],
    ),
    "values": ("/api/v1/label/job/values", ["node", "shop"]),
    "values of the metric name": ("/api/v1/label/__name__/values", ["http_requests_total", "up"]),
    "values of a Korean label": ("/api/v1/label/경로/values", ["/결제"]),
    "values of an escaped name": ("/api/v1/label/U___acbd__b85c_/values", ["/결제"]),
    "values of a label that is not there": ("/api/v1/label/a-b/values", []),
    "metadata": (
        "/api/v1/metadata",
        {
            "http_requests_total": [{"type": "counter", "unit": "", "help": "Requests."}],
            "up": [{"type": "gauge", "unit": "", "help": "Whether the target answers."}],
        },
    ),
    "metadata of one metric": (
        "/api/v1/metadata?metric=up",
        {"up": [{"type": "gauge", "unit": "", "help": "Whether the target answers."}]},
    ),
    "metadata of the first": (
        "/api/v1/metadata?limit=1&limit_per_metric=1",
        {"http_requests_total": [{"type": "counter", "unit": "", "help": "Requests."}]},
    ),
    "metadata of none": ("/api/v1/metadata?limit=0", {}),
    "flags": ("/api/v1/status/flags", {"web.enable-admin-api": "false"}),
    "tsdb": (
        "/api/v1/status/tsdb?limit=1",
        {
            "headStats": {
                "numSeries": 4,
                "numLabelPairs": 8,
                "chunkCount": 4,
                "minTime": 1_699_999_400_000,
                "maxTime": 1_700_000_000_000,
            },
            "seriesCountByMetricName": [{"name": "up", "value": 3}],
            "labelValueCountByLabelName": [],
            "memoryInBytesByLabelName": [],
            "seriesCountByLabelValuePair": [],
        },
    ),
}


@pytest.mark.parametrize(("path", "data"), SUCCESS.values(), ids=SUCCESS.keys())
async def test_success(serve, endpoints, path: str, data: Any) -> None:
    facts = ServerFacts(flags={"web.enable-admin-api": "false"})
    assert await get(serve, endpoints, path, facts=facts) == (200, {"status": "success", "data": data})


PARSE_ERROR = 'invalid parameter "query": 1:5: parse error: unclosed left parenthesis'
BAD = {
    "no query": ("query", 'invalid parameter "query": unknown position: parse error: no expression found in input'),
    "unclosed": ("query?query=sum(", PARSE_ERROR),
    "unclosed in a range": ("query_range?query=sum(&start=0&end=1&step=1", PARSE_ERROR),
    "unclosed to format": ("format_query?query=sum(", PARSE_ERROR),
    "time": (
        "query?query=up&time=abc",
        'invalid parameter "time": Invalid time value for \'time\': cannot parse "abc" to a valid timestamp',
    ),
    "timeout": (
        "query?query=up&timeout=abc",
        'invalid parameter "timeout": cannot parse "abc" to a valid duration',
    ),
    "limit": (
        "query?query=up&limit=x",
        'invalid parameter "limit": strconv.Atoi: parsing "x": invalid syntax',
    ),
    "negative limit": ("query?query=up&limit=-1", 'invalid parameter "limit": limit must be non-negative'),
    "lookback": (
        "query?query=up&lookback_delta=x",
        'error parsing lookback delta duration: cannot parse "x" to a valid duration',
    ),
    "no start": ("query_range?query=up", 'invalid parameter "start": cannot parse "" to a valid timestamp'),
    "end before start": (
        "query_range?query=up&start=5&end=1&step=1",
        'invalid parameter "end": end timestamp must not be before start time',
    ),
    "no step": ("query_range?query=up&start=5&end=10", 'invalid parameter "step": cannot parse "" to a valid duration'),
    "step of a wrong unit": (
        "query_range?query=up&start=5&end=10&step=1x",
        'invalid parameter "step": cannot parse "1x" to a valid duration',
    ),
    "step too large": (
        "query_range?query=up&start=5&end=10&step=1e30",
        'invalid parameter "step": cannot parse "1e30" to a valid duration. It overflows int64',
    ),
    **{
        f"step {step}": (
            f"query_range?query=up&start=5&end=10&step={step}",
            'invalid parameter "step": zero or negative query resolution step widths are not accepted. '
            "Try a positive integer",
        )
        for step in ("0", "-1", "NaN", "-5e3")
    },
    "too many points": (
        "query_range?query=up&start=0&end=11001&step=1",
        "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)",
    ),
    "range vector over a range": (
        "query_range?query=up[5m]&start=0&end=11&step=1",
        'invalid parameter "query": invalid expression type "range vector" for range query, '
        "must be Scalar or instant Vector",
    ),
    "no match": ("series", "no match[] parameter provided"),
    "match of a call": ("series?match[]=sum(x)", 'invalid parameter "match[]": 1:4: parse error: unexpected "("'),
    "match of a range": ("series?match[]=x[5m]", 'invalid parameter "match[]": 1:2: parse error: unexpected "["'),
    "match with offset": (
        "series?match[]=x%20offset%205m",
        'invalid parameter "match[]": 1:3: parse error: unexpected <offset>',
    ),
    "match of a number": ("series?match[]=1", 'invalid parameter "match[]": 1:1: parse error: unexpected number "1"'),
    "empty match": (
        "series?match[]=",
        'invalid parameter "match[]": unknown position: parse error: unexpected end of input',
    ),
    "match in parentheses": ("series?match[]=(up)", 'invalid parameter "match[]": 1:1: parse error: unexpected "("'),
    "match of everything": (
        "series?match[]={}",
        'invalid parameter "match[]": match[] must contain at least one non-empty matcher',
    ),
    "match that allows empty": (
        "labels?match[]={a=~%22.*%22}",
        'invalid parameter "match[]": match[] must contain at least one non-empty matcher',
    ),
    "unclosed match": (
        "labels?match[]=x{",
        'invalid parameter "match[]": 1:3: parse error: unexpected end of input inside braces',
    ),
    "start of labels": (
        "labels?start=x",
        'invalid parameter "start": Invalid time value for \'start\': cannot parse "x" to a valid timestamp',
    ),
    "end of values": (
        "label/job/values?end=x",
        'invalid parameter "end": Invalid time value for \'end\': cannot parse "x" to a valid timestamp',
    ),
    "metadata limit": ("metadata?limit=x", "limit must be a number"),
    "metadata limit per metric": ("metadata?limit_per_metric=x", "limit_per_metric must be a number"),
    "tsdb limit": ("status/tsdb?limit=0", "limit must be a positive number"),
    "tsdb limit too large": ("status/tsdb?limit=10001", "limit must not exceed 10000"),
}


@pytest.mark.parametrize(("path", "words"), BAD.values(), ids=BAD.keys())
async def test_bad_data(serve, endpoints, path: str, words: str) -> None:
    status, body = await get(serve, endpoints, f"/api/v1/{path}")
    assert (status, body) == (400, {"status": "error", "errorType": "bad_data", "error": words})


async def test_an_execution_error_is_422(serve, endpoints) -> None:
    status, body = await get(serve, endpoints, "/api/v1/query?query=up%20*%20on(job)%20up")
    assert (status, body["errorType"]) == (422, "execution")
    assert body["error"].startswith("found duplicate series for the match group")


@pytest.mark.parametrize("timeout", ["-1", "0.0000001", "0"])
async def test_a_deadline_that_has_passed_is_a_timeout(serve, endpoints, timeout: str) -> None:
    status, body = await get(serve, endpoints, f"/api/v1/query?query=up&timeout={timeout}")
    assert (status, body["errorType"]) == (503, "timeout")
    assert body["error"].startswith("query timed out in")


async def test_a_form_is_equal_to_a_url_and_its_values_come_first(serve, endpoints) -> None:
    async with serve(endpoints()) as client:
        answer = await client.post("/api/v1/query?query=1&time=5", data={"query": "2"})
        assert answer.json()["data"] == {"resultType": "scalar", "result": [5, "2"]}
        answer = await client.post("/api/v1/series?match[]=http_requests_total", data={"match[]": "up", "limit": "2"})
        assert [found["__name__"] for found in answer.json()["data"]] == ["http_requests_total", "up"]
        assert answer.json()["warnings"] == ["results truncated due to limit"]
        raw = {"content-type": "application/x-www-form-urlencoded; charset=UTF-8"}
        answer = await client.post("/api/v1/query", content='query="값"&time=1'.encode(), headers=raw)
        assert answer.json()["data"]["result"] == [1, "값"]


async def test_a_body_that_is_no_form_is_not_read(serve, endpoints) -> None:
    async with serve(endpoints()) as client:
        answer = await client.post("/api/v1/query", json={"query": "1"})
    assert answer.status_code == 400
    assert "no expression found" in answer.json()["error"]


@pytest.mark.parametrize(
    ("path", "rows"),
    [
        pytest.param("query?query=up&limit=2", 2, id="query"),
        pytest.param(f"query_range?query=up&limit=1&start={NOW_S - 60}&end={NOW_S}&step=30", 1, id="query_range"),
        pytest.param("labels?limit=1", 1, id="labels"),
        pytest.param("label/instance/values?limit=2", 2, id="values"),
        pytest.param("series?match[]=up&limit=2", 2, id="series"),
    ],
)
async def test_an_answer_cut_by_limit_says_so(serve, endpoints, path: str, rows: int) -> None:
    _, body = await get(serve, endpoints, f"/api/v1/{path}")
    data = body["data"]["result"] if isinstance(body["data"], dict) else body["data"]
    assert (len(data), body["warnings"]) == (rows, ["results truncated due to limit"])


async def test_a_limit_that_cuts_nothing_says_nothing(serve, endpoints) -> None:
    _, body = await get(serve, endpoints, "/api/v1/series?match[]=up&limit=3")
    assert "warnings" not in body


async def test_annotations_travel_beside_the_data(serve, endpoints) -> None:
    _, body = await get(serve, endpoints, "/api/v1/query?query=rate(up[5m])")
    assert body["infos"][0].startswith("PromQL info: metric might not be a counter")


async def test_stats_and_explain_stand_in_data(serve, endpoints) -> None:
    _, body = await get(serve, endpoints, "/api/v1/query?query=sum(up)&stats=all&explain=1")
    assert set(body["data"]) == {"resultType", "result", "stats", "explain"}
    assert set(body["data"]["stats"]) == {"timings", "samples"}
    assert body["data"]["explain"]["rows_read"] > 0
    assert "up" in body["data"]["explain"]["plan"]


async def test_buildinfo_is_a_prometheus_that_grafana_knows(serve, endpoints) -> None:
    _, body = await get(serve, endpoints, "/api/v1/status/buildinfo")
    assert set(body["data"]) == {"version", "revision", "branch", "buildUser", "buildDate", "goVersion"}
    assert tuple(int(part) for part in body["data"]["version"].split(".")) >= (2, 24, 0)


async def test_runtimeinfo_has_every_field(serve, endpoints) -> None:
    _, body = await get(serve, endpoints, "/api/v1/status/runtimeinfo", facts=ServerFacts(NOW_S * 1000, "30d"))
    assert body["data"]["startTime"] == "2023-11-14T22:13:20.000Z"
    assert body["data"]["storageRetention"] == "30d"
    fields = "startTime CWD reloadConfigSuccess lastConfigTime corruptionCount goroutineCount GOMAXPROCS GOMEMLIMIT"
    assert set(fields.split()) | {"GOGC", "GODEBUG", "storageRetention"} <= set(body["data"])


async def test_an_empty_store_has_prometheus_own_empty_times(serve, endpoints, reader) -> None:
    reader.counted = type(reader.counted)(0, 0, 0, 0, 0, (), (), (), ())
    _, body = await get(serve, endpoints, "/api/v1/status/tsdb")
    assert body["data"]["headStats"]["minTime"] == 2**63 - 1


async def test_the_admin_api_is_off_until_it_is_asked_for(serve, endpoints, reader) -> None:
    async with serve(endpoints()) as client:
        for path in ("delete_series?match[]=up", "clean_tombstones"):
            answer = await client.post(f"/api/v1/admin/tsdb/{path}")
            assert (answer.status_code, answer.json()) == (
                500,
                {"status": "error", "errorType": "unavailable", "error": "admin APIs disabled"},
            )
    assert reader.metrics() == ["http_requests_total", "up"]


async def test_deleting_series(serve, endpoints, reader) -> None:
    async with serve(endpoints(enable_admin_api=True)) as client:
        answer = await client.post("/api/v1/admin/tsdb/delete_series")
        assert (answer.status_code, answer.json()["error"]) == (400, "no match[] parameter provided")
        answer = await client.post("/api/v1/admin/tsdb/delete_series?match[]={}")
        assert answer.status_code == 400
        answer = await client.put("/api/v1/admin/tsdb/delete_series?match[]=up")
        assert (answer.status_code, answer.content) == (204, b"")
        assert (await client.post("/api/v1/admin/tsdb/clean_tombstones")).status_code == 204
    assert reader.metrics() == ["http_requests_total"]


async def test_who_may_ask(endpoints) -> None:
    for endpoint in endpoints():
        changes = "/admin/" in endpoint.path or endpoint.path.startswith("/-/")
        expected = Access.ADMIN if changes and endpoint.method != "GET" else Access.VIEW
        if endpoint.path.startswith("/-/") and endpoint.method == "GET":
            expected = Access.PUBLIC  # says only that the method is wrong
        assert (endpoint.access, endpoint.prefix, endpoint.at_root) == (expected, "/prometheus", True)
    seen = [(endpoint.method, endpoint.path) for endpoint in endpoints()]
    assert len(seen) == len(set(seen))


async def test_a_store_that_cannot_answer_is_503_in_the_same_shape(serve, endpoints, reader, monkeypatch) -> None:
    def fail(*_args: object) -> None:
        raise StoreUnavailable("engine is out of memory")

    monkeypatch.setattr(reader, "label_names", fail)
    status, body = await get(serve, endpoints, "/api/v1/labels")
    assert (status, body["errorType"], body["error"]) == (503, "unavailable", "engine is out of memory")


async def test_a_full_line_is_503_in_the_same_shape(serve, endpoints, reader, monkeypatch) -> None:
    gate, inner = threading.Event(), reader.label_names

    def slow(*args: Any) -> list[str]:
        assert gate.wait(10)
        return inner(*args)

    monkeypatch.setattr(reader, "label_names", slow)
    async with serve(endpoints()) as client:
        asked = [asyncio.ensure_future(client.get("/api/v1/labels")) for _ in range(5)]
        done, _ = await asyncio.wait(asked, timeout=5, return_when=asyncio.FIRST_COMPLETED)
        gate.set()
        (refused,) = [one.result() for one in done]
        assert (refused.status_code, refused.json()["errorType"]) == (503, "unavailable")
        assert "too many queries" in refused.json()["error"]
        assert refused.headers["retry-after"] == "2"
        assert sorted([(await one).status_code for one in asked]) == [200, 200, 200, 200, 503]


async def test_gzip_when_it_is_asked_for_and_worth_it(serve, endpoints) -> None:
    long = f"/api/v1/query_range?query=up&start={NOW_S - 600}&end={NOW_S}&step=1"
    async with serve(endpoints()) as client:
        packed = await client.get(long, headers={"accept-encoding": "gzip"})
        plain = await client.get(long, headers={"accept-encoding": "gzip;q=0"})
        short = await client.get("/api/v1/query?query=1", headers={"accept-encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == plain.content
    assert len(gzip.compress(plain.content, 1)) < len(plain.content) / 5
    assert "content-encoding" not in plain.headers
    assert "content-encoding" not in short.headers


async def test_an_answer_that_would_be_too_long_is_refused_before_it_is_rendered(serve, endpoints) -> None:
    path = f"/api/v1/query_range?query=up&start={NOW_S - 600}&end={NOW_S}&step=1"
    status, body = await get(serve, endpoints, path, limits=ApiLimits(answer_bytes_max=10_000))
    assert (status, body["errorType"]) == (422, "execution")
    assert "at most 10000 are sent" in body["error"]


async def test_a_long_answer_arrives_whole(serve, endpoints) -> None:
    path = f"/api/v1/query_range?query=up&start={NOW_S - 600}&end={NOW_S}&step=0.1"
    async with serve(endpoints()) as client:
        answer = await client.get(path, headers={"accept-encoding": "identity"})
    assert int(answer.headers["content-length"]) == len(answer.content) > 256 * 1024
    assert [len(series["values"]) for series in answer.json()["data"]["result"]] == [6001] * 3


async def test_a_form_that_is_too_long_is_413(serve, endpoints) -> None:
    async with serve(endpoints(limits=ApiLimits(form_bytes_max=1000))) as client:
        answer = await client.post("/api/v1/query", data={"query": "1+" * 1000 + "1"})
        assert (answer.status_code, answer.json()["errorType"]) == (413, "bad_data")
        many = "&".join(["match[]=up"] * 2000)
        assert (await client.get(f"/api/v1/series?{many}")).json()["error"].startswith("error parsing form values")


@pytest.mark.parametrize("text", ["-292273086-05-16T16:47:06Z", "292277025-08-18T07:12:54.999999999Z", "1e17", "-1e17"])
async def test_the_ends_of_time_are_only_far_away(serve, endpoints, text: str) -> None:
    status, body = await get(serve, endpoints, f"/api/v1/query?query=up&time={text}")
    assert (status, body) in [
        (200, {"status": "success", "data": {"resultType": "vector", "result": []}}),
        (400, body),
    ]
    assert (await get(serve, endpoints, f"/api/v1/labels?start={text}"))[0] in (200, 400)


@pytest.mark.parametrize("block", [1, 5, 7, 100])
def test_a_matrix_rendered_in_blocks_is_the_same_text(monkeypatch, block: int) -> None:
    monkeypatch.setattr(query, "_BLOCK_VALUES", block)
    labels = tuple(Labels.of(__name__="m", n=str(number)) for number in range(9))
    values = np.arange(45, dtype=np.float64).reshape(9, 5)
    present = values % 3 > 0
    present[:2] = False  # The first blocks hold nothing at all.
    answer = Answer("matrix", labels, 1_000, 1_000, 5, values, present)
    assert b"".join(query.data_parts(answer)) + b"}" == data_json(answer)


def test_pieces_keep_every_byte() -> None:
    parts = (b"a", b"", b"b" * 300_000, b"c" * 10, b"d" * 262_144, b"e")
    pieces = list(answer._pieces(parts))
    assert b"".join(pieces) == b"".join(parts)
    assert max(map(len, pieces)) <= answer.PIECE_BYTES
    assert gzip.decompress(b"".join(answer.pack(parts, gzip=True).parts)) == b"".join(parts)
