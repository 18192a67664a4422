"""What logcli and Grafana ask for and the exact shapes they get."""

from __future__ import annotations

import gzip
from dataclasses import replace
from typing import Any

import pytest

NS = 1_000_000_000
NOW_S = 1_700_000_000
NOW_NS = NOW_S * NS
API = {"app": "api", "env": "prod"}
DB = {"app": "db", "env": "prod"}
RANGE = "/loki/api/v1/query_range"
QUERY = "/loki/api/v1/query"


@pytest.fixture
def stored(loki: Any) -> Any:
    for second in range(10):
        loki.logs.add(API, NOW_NS - (10 - second) * NS, f'{{"level":"info","n":{second}}}', 3, trace_id=f"t{second}")
    loki.logs.add(DB, NOW_NS - 5 * NS, "level=warn msg=slow", 4)
    return loki


async def test_grafanas_health_check(loki: Any) -> None:
    data = await loki.data(QUERY, query="vector(1)+vector(1)", time=str(NOW_NS))
    assert data["resultType"] == "vector"
    assert data["result"] == [{"metric": {}, "value": [NOW_S, "2"]}]


async def test_a_literal_is_a_scalar_in_milliseconds(loki: Any) -> None:
    data = await loki.data(QUERY, query="1+1", time=f"{NOW_S}.5")
    assert (data["resultType"], data["result"]) == ("scalar", [NOW_S * 1000 + 500, "2"])


async def test_the_envelope_is_json_with_a_newline(loki: Any) -> None:
    answer = await loki.get(QUERY, query="vector(1)+vector(1)")
    assert answer.headers["content-type"] == "application/json; charset=UTF-8"
    assert answer.content.endswith(b"}\n")


async def test_lines_come_newest_first_in_streams_of_all_labels(stored: Any) -> None:
    data = await stored.data(RANGE, query='{env="prod"}', limit=3, start=NOW_NS - 60 * NS, end=NOW_NS)
    assert data["resultType"] == "streams"
    assert [(stream["stream"]["trace_id"], stream["values"]) for stream in data["result"]] == [
        (f"t{n}", [[str(NOW_NS - (10 - n) * NS), f'{{"level":"info","n":{n}}}']]) for n in (7, 8, 9)
    ]
    assert data["result"][0]["stream"] == {**API, "detected_level": "info", "trace_id": "t7"}
    assert data["stats"]["summary"]["totalEntriesReturned"] == 3
    assert data["stats"]["summary"]["totalLinesProcessed"] == 11


async def test_forward_gives_the_oldest(stored: Any) -> None:
    data = await stored.data(RANGE, query='{app="api"}', limit=2, direction="FORWARD", start=NOW_NS - 60 * NS)
    assert [stream["stream"]["trace_id"] for stream in data["result"]] == ["t0", "t1"]


async def test_categories_keep_index_labels_apart(stored: Any) -> None:
    flags = {"X-Loki-Response-Encoding-Flags": "categorize-labels"}
    params = {"query": '{app=~"api|db"} | logfmt', "start": str(NOW_NS - 60 * NS)}
    data = (await stored.http.get(RANGE, params=params, headers=flags)).json()["data"]
    assert data["encodingFlags"] == ["categorize-labels"]
    api, db = data["result"]
    assert api["stream"] == API
    assert len(api["values"]) == 10
    assert api["values"][0][2]["structuredMetadata"] == {"detected_level": "info", "trace_id": "t9"}
    assert db["values"] == [
        [
            str(NOW_NS - 5 * NS),
            "level=warn msg=slow",
            {"structuredMetadata": {"detected_level": "warn"}, "parsed": {"level": "warn", "msg": "slow"}},
        ]
    ]


async def test_a_metric_over_a_range_falls_on_multiples_of_the_step(stored: Any) -> None:
    data = await stored.data(
        RANGE, query='sum by (app) (count_over_time({env="prod"}[10s]))', start=NOW_S - 7, end=NOW_S - 1, step="10s"
    )
    assert data["resultType"] == "matrix"
    found = {one["metric"]["app"]: one["values"] for one in data["result"]}
    assert found["api"] == [[NOW_S - 10, "1"], [NOW_S, "9"]]
    assert found["db"] == [[NOW_S, "1"]]


async def test_logclis_series_question_by_post_in_a_form(stored: Any) -> None:
    form = {"match[]": ['{app="api"}', '{app="db"}'], "start": str(NOW_NS - 60 * NS), "end": str(NOW_NS)}
    answer = await stored.http.post("/loki/api/v1/series", data=form)
    assert sorted(one["app"] for one in answer.json()["data"]) == ["api", "db"]


async def test_labels_and_their_values(stored: Any) -> None:
    assert await stored.data("/loki/api/v1/labels") == ["app", "env"]
    assert await stored.data("/loki/api/v1/label/app/values", query='{env="prod"}') == ["api", "db"]
    assert await stored.data("/loki/api/v1/label/app/values", query='{app="db"}') == ["db"]
    assert await stored.data("/api/prom/label") == ["app", "env"]


async def test_nothing_found_is_an_envelope_without_data(loki: Any) -> None:
    assert (await loki.get("/loki/api/v1/labels")).json() == {"status": "success"}


async def test_everything_answers_under_the_prefix_too(stored: Any) -> None:
    assert await stored.data("/loki/loki/api/v1/labels") == ["app", "env"]


@pytest.mark.parametrize(
    ("path", "params", "words"),
    [
        pytest.param(
            QUERY,
            {"query": '{app="api"}'},
            "log queries are not supported as an instant query type, please change your query to a range query type",
            id="lines at an instant",
        ),
        pytest.param(
            RANGE,
            {"query": "{app="},
            "parse error at line 1, col 6: syntax error: unexpected $end, expecting STRING",
            id="half a selector",
        ),
        pytest.param(
            RANGE,
            {"query": '{app=~".*"}'},
            "parse error : queries require at least one regexp or equality matcher that does not have an "
            'empty-compatible value. For instance, app=~".*" does not meet this requirement, but app=~".+" will',
            id="every stream",
        ),
        pytest.param(
            RANGE,
            {"query": '{app="a"}', "limit": "5001"},
            "max entries limit per query exceeded, limit > max_entries_limit_per_query (5001 > 5000)",
            id="too many lines",
        ),
        pytest.param(RANGE, {"query": '{app="a"}', "limit": "0"}, "limit must be a positive value", id="no lines"),
        pytest.param(
            RANGE,
            {"query": '{app="a"}', "start": "20", "end": "10"},
            "end timestamp must not be before or equal to start time",
            id="ends before it starts",
        ),
        pytest.param(
            RANGE,
            {"query": 'rate({app="a"}[1m])', "step": "0"},
            "zero or negative query resolution step widths are not accepted. Try a positive integer",
            id="no step",
        ),
        pytest.param(
            RANGE,
            {"query": 'rate({app="a"}[1m])', "start": "0", "end": "11002", "step": "1"},
            "exceeded maximum resolution of 11,000 points per time series. Try increasing the value of the step "
            "parameter",
            id="too many points",
        ),
        pytest.param(
            RANGE,
            {"query": '{app="a"}', "start": "1000000000", "end": "1600000000"},
            "the query time range exceeds the limit (query length: 166666h40m0s, limit: 30d1h)",
            id="too long",
        ),
        pytest.param(
            RANGE, {"query": '{app="a"}', "direction": "up"}, "invalid direction 'up'", id="a direction of its own"
        ),
        pytest.param(
            RANGE,
            {"query": '{app="a"}', "start": "yesterday"},
            "could not parse 'start' parameter: strconv.ParseInt: parsing \"yesterday\": invalid syntax",
            id="a time in words",
        ),
        pytest.param("/loki/api/v1/series", {}, "0 matcher groups supplied", id="series of nothing"),
    ],
)
async def test_what_is_refused_in_plain_text(loki: Any, path: str, params: dict[str, str], words: str) -> None:
    assert await loki.refusal(path, **params) == (400, words)


async def test_too_many_series_are_refused(loki: Any) -> None:
    loki.limits[0] = replace(loki.limits[0], series_max=2)
    for app in "abc":
        loki.logs.add({"app": app}, NOW_NS - NS, "x")
    status, words = await loki.refusal(QUERY, query='count_over_time({app=~".+"}[1m])')
    assert status == 400
    assert words.startswith("maximum number of series (2) reached for a single query; consider reducing query card")


async def test_instant_answers_are_ordered_by_labels_unless_sorted(loki: Any) -> None:
    for count, app in enumerate("cab", start=1):
        for index in range(count):
            loki.logs.add({"app": app}, NOW_NS - NS - index, "x")

    async def order(query: str) -> str:
        data = await loki.data(QUERY, query=query)
        return "".join(one["metric"]["app"] for one in data["result"])

    each = 'sum by (app) (count_over_time({app=~".+"}[1m]))'
    assert await order(each) == "abc"
    assert await order(f"sort({each})") == "cab"
    assert await order(f"sort_desc({each})") == "bac"
    assert await order(f"topk(2, {each})") == "ab"


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("vector(1) / vector(0)", "NaN"),
        ("vector(7) % 0", "NaN"),
        ("0 * vector(1)", "0"),
        ("vector(0.0000001) * 1", "0.0000001"),
        ("vector(2) ^ 80", "1208925819614629200000000"),
        ("vector(3) > bool 2", "1"),
        ("vector(3) > 2", "3"),
        ("2 < vector(3)", "3"),
    ],
)
async def test_numbers_are_lokis(loki: Any, query: str, value: str) -> None:
    data = await loki.data(QUERY, query=query)
    assert [one["value"][1] for one in data["result"]] == [value]


async def test_a_literal_over_a_range_is_a_matrix(loki: Any) -> None:
    data = await loki.data(RANGE, query="1", start=NOW_S - 2, end=NOW_S, step="1")
    assert data["result"] == [{"metric": {}, "values": [[NOW_S - 2, "1"], [NOW_S - 1, "1"], [NOW_S, "1"]]}]


async def test_format_query(loki: Any) -> None:
    answer = await loki.get("/loki/api/v1/format_query", query='sum(  rate({a="b"} |="x" [5m]))by(c)')
    assert answer.json() == {"status": "success", "data": 'sum by (c)(rate({a="b"} |= "x"[5m]))'}
    answer = await loki.get("/loki/api/v1/format_query", query="{app=")
    assert (answer.status_code, answer.json()) == (
        400,
        {
            "status": "invalid-query",
            "error": "parse error at line 1, col 6: syntax error: unexpected $end, expecting STRING",
        },
    )


async def test_index_stats_are_bare(stored: Any) -> None:
    answer = await stored.get("/loki/api/v1/index/stats", query='{env="prod"}')
    sizes = sum(len(line.body) for line in stored.logs.lines)
    assert answer.json() == {"streams": 2, "chunks": 2, "bytes": sizes, "entries": 11}


@pytest.mark.parametrize(
    ("params", "groups"),
    [
        pytest.param({}, [{"env": "prod"}], id="labels of the selector"),
        pytest.param({"targetLabels": "app"}, [{"app": "api"}, {"app": "db"}], id="target labels"),
        pytest.param({"targetLabels": "app", "limit": "1"}, [{"app": "api"}], id="the largest only"),
        pytest.param({"aggregateBy": "labels", "targetLabels": "app,env"}, [{"app": ""}, {"env": ""}], id="by label"),
    ],
)
async def test_volumes(stored: Any, params: dict[str, str], groups: list[dict[str, str]]) -> None:
    data = await stored.data("/loki/api/v1/index/volume", query='{env="prod"}', **params)
    assert data["resultType"] == "vector"
    assert sorted([one["metric"] for one in data["result"]], key=str) == groups
    sizes = [int(one["value"][1]) for one in data["result"]]
    assert sizes == sorted(sizes, reverse=True)


async def test_volumes_over_time(stored: Any) -> None:
    asked = {"query": '{env="prod"}', "start": NOW_S - 20, "end": NOW_S, "step": "10"}
    data = await stored.data("/loki/api/v1/index/volume_range", **asked, targetLabels="app")
    assert data["resultType"] == "matrix"
    assert [one["metric"] for one in data["result"]] == [{"app": "api"}, {"app": "db"}]
    whole = sum(int(value) for _, value in data["result"][0]["values"])
    assert whole == sum(len(line.body) for line in stored.logs.lines if line.stream.labels["app"] == "api")
    by_label = await stored.data("/loki/api/v1/index/volume_range", **asked, aggregateBy="labels", targetLabels="app")
    assert [one["metric"] for one in by_label["result"]] == [{"app": ""}]


async def test_volumes_may_be_switched_off(loki: Any) -> None:
    loki.limits[0] = replace(loki.limits[0], volume_enabled=False)
    status, _ = await loki.refusal("/loki/api/v1/index/volume", query='{a="b"}')
    assert status == 404


async def test_detected_labels_leave_numbers_and_uuids_out(loki: Any) -> None:
    uuid = "123e4567-e89b-12d3-a456-426614174000"
    loki.logs.add({"app": "a", "pod": "17", "id": uuid, "canary": "0"}, NOW_NS - NS, "x")
    loki.logs.add({"app": "b", "pod": "18", "id": uuid, "canary": "1"}, NOW_NS - NS, "x")
    answer = await loki.get("/loki/api/v1/detected_labels")
    assert answer.json() == {
        "detectedLabels": [{"label": "app", "cardinality": 2}, {"label": "canary", "cardinality": 2}]
    }
    assert (await loki.get("/loki/api/v1/detected_labels", start="1", end="2")).json() == {}


async def test_detected_fields(loki: Any) -> None:
    loki.logs.add(API, NOW_NS - NS, '{"n":1,"ok":true,"took":"5ms","http":{"path":"/a"},"size":"2MB"}')
    loki.logs.add(API, NOW_NS - NS, "n=2 ratio=0.5")
    answer = await loki.get("/loki/api/v1/detected_fields", query='{app="api"}')
    fields = {one["label"]: one for one in answer.json()["fields"]}
    assert {name: one["type"] for name, one in fields.items()} == {
        "n": "int",
        "ok": "boolean",
        "took": "duration",
        "http_path": "string",
        "size": "bytes",
        "ratio": "float",
        "detected_level": "string",
    }
    assert fields["n"]["parsers"] == ["json", "logfmt"]
    assert fields["http_path"]["jsonPath"] == ["http", "path"]
    assert fields["detected_level"]["parsers"] is None
    values = await loki.get("/loki/api/v1/detected_field/n/values", query='{app="api"}')
    assert values.json() == {"values": ["1", "2"], "limit": 1000}


async def test_patterns(loki: Any) -> None:
    data = await loki.data("/loki/api/v1/patterns", query='{app="api"}', start=NOW_S - 60, end=NOW_S)
    assert data == [{"pattern": "GET /<_> <_>", "level": "info", "samples": [[NOW_S - 60, 3], [NOW_S, 1]]}]


async def test_the_api_of_before_1_0(stored: Any) -> None:
    answer = await stored.get("/api/prom/query", query='{app="db"}', regexp="sl.w")
    (stream,) = answer.json()["streams"]
    assert stream["labels"] == '{app="db", detected_level="warn", env="prod"}'
    assert stream["entries"] == [{"ts": "2023-11-14T22:13:15Z", "line": "level=warn msg=slow"}]
    status, words = await stored.refusal("/api/prom/query", query='rate({app="db"}[1m])')
    assert (status, words) == (400, "legacy endpoints only support streams result type, current type is matrix")


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/ready", 200, "ready\n"),
        ("/loki/ready", 200, "ready\n"),
        ("/loki/services", 200, "querier => Running"),
        ("/loki/config", 200, ""),
        ("/loki/ring", 200, "ring"),
        ("/loki/log_level", 200, "Current log level is"),
        ("/loki/api/v1/rules", 404, "no rule groups found"),
        ("/api/prom/rules/ns/group", 404, "group does not exist"),
        ("/loki/prometheus/api/v1/rules", 200, '"groups":[]'),
        ("/loki/api/v1/tail", 400, "upgrade"),
    ],
)
async def test_what_it_says_about_itself(loki: Any, path: str, status: int, words: str) -> None:
    answer = await loki.get(path)
    assert answer.status_code == status
    assert words in answer.text


async def test_grafana_reads_a_version_of_three_from_the_build(loki: Any) -> None:
    assert (await loki.get("/loki/api/v1/status/buildinfo")).json()["version"] >= "3.0.0"


async def test_large_answers_are_compressed(loki: Any) -> None:
    for n in range(500):
        loki.logs.add({"app": "a"}, NOW_NS - n - 1, "the same line again and again")
    async with loki.http.stream("GET", RANGE, params={"query": '{app="a"}', "limit": 500}) as answer:
        assert answer.headers["content-encoding"] == "gzip"
        raw = b"".join([piece async for piece in answer.aiter_raw()])
    assert b"the same line" in gzip.decompress(raw)


async def test_a_question_that_takes_too_long_is_504(loki: Any) -> None:
    loki.limits[0] = replace(loki.limits[0], timeout_s=0.05)
    loki.evaluator.slow_s = 0.01
    for n in range(200):
        loki.logs.add({"app": "a"}, NOW_NS - n - 1, "x")
    status, words = await loki.refusal(RANGE, query='{app="a"}')
    assert status == 504
    assert words.startswith("request timed out, decrease the duration")
