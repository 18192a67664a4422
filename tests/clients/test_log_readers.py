"""What Grafana's Loki data source and logcli ask, in their order and with their headers, against a real server."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cramjam
import httpx
import pytest

from hannun.testing.server import Server
from hannun.wire.loki import encode

pytestmark = pytest.mark.xdist_group("log-clients")
PROTO = {"Content-Type": "application/x-protobuf"}
CATEGORIZE = {"X-Loki-Response-Encoding-Flags": "categorize-labels"}
S = 10**9


@dataclass(frozen=True)
class Filled:
    """60 lines of `{app="shop"}`, one a second up to `end_ns`; every fifth is an error and has a trace."""

    server: Server
    end_ns: int

    @property
    def window(self) -> dict[str, str]:
        return {"start": str(self.end_ns - 60 * S), "end": str(self.end_ns + S)}


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    with Server(tmp_path_factory.mktemp("readers") / "data", flags=("--no-self",)) as server:
        end_ns = time.time_ns() // S * S
        lines = []
        for n in range(60):
            level = "error" if n % 5 == 0 else "info"
            text = json.dumps({"level": level, "took_ms": n, "msg": "주문"}, ensure_ascii=False)
            lines.append((end_ns - n * S, text, [("trace_id", f"{n:032x}")] if level == "error" else []))
        body = bytes(cramjam.snappy.compress_raw(encode([('{app="shop", env="prod"}', lines)])))
        assert httpx.post(f"{server.url}/loki/api/v1/push", content=body, headers=PROTO).status_code == 204
        yield Filled(server, end_ns)
        assert "Traceback" not in server.log, server.log


@pytest.fixture(params=["", "/loki"], ids=["root", "under /loki"])
def grafana(filled: Filled, request: pytest.FixtureRequest) -> Iterator[httpx.Client]:
    headers = {"User-Agent": "Grafana/11.2.0", "X-Grafana-Org-Id": "1", "Accept-Encoding": "gzip", **CATEGORIZE}
    base = f"{filled.server.url}{request.param}"
    with httpx.Client(base_url=base, headers=headers, timeout=30) as client:
        yield client


def data(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json; charset=UTF-8"
    assert answer.json()["status"] == "success"
    return answer.json()["data"]


def test_the_health_check(grafana: httpx.Client) -> None:
    found = data(grafana.get("/loki/api/v1/query", params={"query": "vector(1)+vector(1)", "time": "4000000000"}))
    assert (found["resultType"], [row["value"][1] for row in found["result"]]) == ("vector", ["2"])
    assert grafana.get("/loki/api/v1/status/buildinfo").json()["version"].startswith("3.")


def test_explore_finds_labels_then_lines_then_the_histogram(grafana: httpx.Client, filled: Filled) -> None:
    window = filled.window
    assert data(grafana.get("/loki/api/v1/labels", params=window)) == ["app", "env", "service_name"]
    assert data(grafana.get("/loki/api/v1/label/app/values", params=window)) == ["shop"]
    chosen = {**window, "query": '{app="shop"}'}
    assert data(grafana.get("/loki/api/v1/label/env/values", params=chosen)) == ["prod"]
    assert data(grafana.get("/loki/api/v1/series", params={**window, "match[]": '{app="shop"}'})) == [
        {"app": "shop", "env": "prod", "service_name": "shop"}
    ]
    stats = grafana.get("/loki/api/v1/index/stats", params=chosen).json()
    assert (stats["streams"], stats["entries"]) == (1, 60)
    volume = data(grafana.get("/loki/api/v1/index/volume", params=chosen))
    assert (volume["resultType"], volume["result"][0]["metric"]) == ("vector", {"app": "shop"})
    lines = data(grafana.get("/loki/api/v1/query_range", params={**chosen, "limit": "1000", "direction": "backward"}))
    assert (lines["resultType"], lines["encodingFlags"]) == ("streams", ["categorize-labels"])
    (stream,) = lines["result"]
    assert stream["stream"] == {"app": "shop", "env": "prod", "service_name": "shop"}
    assert len(stream["values"]) == 60
    assert stream["values"][0][2]["structuredMetadata"] == {"detected_level": "error", "trace_id": "0" * 32}
    assert lines["stats"]["summary"]["totalEntriesReturned"] == 60
    asked = 'sum by (level, detected_level) (count_over_time({app="shop"} | drop __error__ [1m]))'
    bars = data(grafana.get("/loki/api/v1/query_range", params={**window, "query": asked, "step": "60s"}))
    assert {row["metric"]["detected_level"] for row in bars["result"]} == {"error", "info"}


def test_drilldown_asks_for_what_was_detected(grafana: httpx.Client, filled: Filled) -> None:
    asked = {**filled.window, "query": '{app="shop"}'}
    labels = grafana.get("/loki/api/v1/detected_labels", params=asked).json()["detectedLabels"]
    assert {"label": "app", "cardinality": 1} in labels
    fields = grafana.get("/loki/api/v1/detected_fields", params=asked).json()["fields"]
    kinds = {field["label"]: (field["type"], field["parsers"]) for field in fields}
    assert kinds["took_ms"] == ("int", ["json"])
    assert kinds["msg"] == ("string", ["json"])
    values = grafana.get("/loki/api/v1/detected_field/level/values", params=asked).json()["values"]
    assert sorted(values) == ["error", "info"]
    assert grafana.get("/loki/api/v1/patterns", params=asked).status_code == 200


def test_an_error_is_plain_text_in_lokis_words(grafana: httpx.Client) -> None:
    answer = grafana.get("/loki/api/v1/query_range", params={"query": '{app="shop"'})
    assert (answer.status_code, answer.headers["content-type"]) == (400, "text/plain; charset=utf-8")
    assert answer.text.startswith("parse error at line 1, col 12: syntax error: unexpected $end")


@pytest.fixture
def logcli(filled: Filled) -> Iterator[httpx.Client]:
    headers = {"User-Agent": "loki-logcli/3.1.0", "X-Query-Tags": "source=logcli"}
    with httpx.Client(base_url=filled.server.url, headers=headers, timeout=30) as client:
        yield client


def test_logcli_pages_through_lines_both_ways(logcli: httpx.Client, filled: Filled) -> None:
    """It asks for a batch, then for what is older than the last line; forward for what is newer."""
    for direction in ("BACKWARD", "FORWARD"):
        start_ns, end_ns, seen = filled.end_ns - 60 * S, filled.end_ns + S, []
        for _ in range(10):
            asked = {
                "query": '{app="shop"}',
                "limit": "25",
                "start": str(start_ns),
                "end": str(end_ns),
                "direction": direction,
            }
            result = data(logcli.get("/loki/api/v1/query_range", params=asked))["result"]
            batch = sorted(int(value[0]) for stream in result for value in stream["values"])
            if not batch:
                break
            seen += batch
            start_ns, end_ns = (start_ns, batch[0]) if direction == "BACKWARD" else (batch[-1] + 1, end_ns)
        assert sorted(seen) == [filled.end_ns - n * S for n in reversed(range(60))]


def test_logcli_asks_with_since_and_for_numbers(logcli: httpx.Client, filled: Filled) -> None:
    asked = {"query": '{app="shop"} |= "주문" | json | took_ms < 3', "since": "24h", "direction": "BACKWARD"}
    result = data(logcli.get("/loki/api/v1/query_range", params=asked))["result"]
    assert sum(len(stream["values"]) for stream in result) == 3
    assert {stream["stream"]["detected_level"] for stream in result} == {"error", "info"}, "merged where nobody asks"
    at = str(filled.end_ns)
    found = data(
        logcli.get("/loki/api/v1/query", params={"query": 'sum(count_over_time({app="shop"}[1h]))', "time": at})
    )
    assert [row["value"][1] for row in found["result"]] == ["60"]
    assert data(logcli.get("/loki/api/v1/labels", params={"start": str(filled.end_ns - 60 * S), "end": at}))
    assert data(logcli.get("/loki/api/v1/series", params={"match": "{}", "start": str(filled.end_ns - 60 * S)}))


async def test_logcli_tails(filled: Filled) -> None:
    """Lines of before, then those that come, each once."""
    websockets = pytest.importorskip("websockets.asyncio.client", reason="websockets is not installed")
    url = filled.server.url.replace("http:", "ws:")
    path = f"{url}/loki/api/v1/tail?query=%7Bapp%3D%22tailed%22%7D&limit=10&delay_for=0"

    def send(text: str) -> None:
        body = bytes(cramjam.snappy.compress_raw(encode([('{app="tailed"}', [(time.time_ns(), text, [])])])))
        assert httpx.post(f"{filled.server.url}/loki/api/v1/push", content=body, headers=PROTO).status_code == 204

    send("before")
    seen: list[str] = []
    async with websockets.connect(path) as socket:
        while len(seen) < 4:
            frame = json.loads(await socket.recv())
            seen += [value[1] for stream in frame["streams"] for value in stream["values"]]
            if len(seen) == 1:
                for number in range(3):
                    send(f"line {number}")
    assert seen == ["before", "line 0", "line 1", "line 2"]
