"""Real senders' requests, in their order and with their headers, against a real server; then a question finds them.

The sequences are those of Filebeat 8, Logstash 8, Fluent Bit 3, Vector 0.4x, Promtail 2 and 3, Docker's loki driver,
Python's logging handlers and OpenTelemetry's exporters.
"""

from __future__ import annotations

import gzip
import json
import struct
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import cramjam
import httpx
import pytest

from hannun.testing.server import Server
from hannun.wire.loki import encode

pytestmark = pytest.mark.xdist_group("log-clients")
ELASTIC = "/elasticsearch"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("senders") / "data", flags=("--no-self",)) as running:
        yield running
        assert "Traceback" not in running.log, running.log
        assert "ERROR" not in running.log, running.log


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=30) as made:
        yield made


def found(client: httpx.Client, query: str) -> list[dict[str, Any]]:
    """Streams with their lines; labels, metadata and parsed fields apart."""
    headers = {"X-Loki-Response-Encoding-Flags": "categorize-labels"}
    asked = {"query": query, "since": "24h", "direction": "forward"}
    answer = client.get("/loki/api/v1/query_range", params=asked, headers=headers)
    assert answer.status_code == 200, answer.text
    result: list[dict[str, Any]] = answer.json()["data"]["result"]
    return result


def only(client: httpx.Client, query: str) -> tuple[dict[str, str], int, str, dict[str, str]]:
    """Labels, time in ns, line and metadata of the one line that is there."""
    (stream,) = found(client, query)
    (value,) = stream["values"]
    return stream["stream"], int(value[0]), value[1], value[2].get("structuredMetadata", {})


def elastic(answer: httpx.Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    assert answer.headers["x-elastic-product"] == "Elasticsearch", "Elastic's clients hang up without it"
    return answer.json() if answer.content else None


def iso(ns: int) -> str:
    return datetime.fromtimestamp(ns // 10**9, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{ns // 10**6 % 1000:03}Z"


def now_ms_ns() -> int:
    """Now, in whole milliseconds."""
    return time.time_ns() // 10**6 * 10**6


def bulk(*pairs: tuple[dict[str, Any], dict[str, Any]]) -> bytes:
    lines = [json.dumps(part, ensure_ascii=False) for pair in pairs for part in pair]
    return ("\n".join(lines) + "\n").encode()


def test_filebeat_greets_asks_for_the_license_and_writes(client: httpx.Client) -> None:
    headers = {"User-Agent": "Elastic-filebeat/8.9.0 (linux; amd64)", "Accept": "application/json"}
    hello = elastic(client.get(f"{ELASTIC}/", headers={**headers, "X-Elastic-Product-Origin": "beats"}))
    assert int(hello["version"]["number"].split(".")[0]) >= 8
    assert hello["tagline"] == "You Know, for Search"
    assert elastic(client.get(f"{ELASTIC}/_license", headers=headers))["license"]["status"] == "active"
    # Without setup.*: false it goes on to put what means nothing here.
    elastic(client.get(f"{ELASTIC}/_ilm/policy/filebeat", headers=headers))
    elastic(client.put(f"{ELASTIC}/_ilm/policy/filebeat", json={"policy": {}}, headers=headers))
    elastic(client.put(f"{ELASTIC}/_index_template/filebeat-8.9.0", json={}, headers=headers))
    elastic(client.get(f"{ELASTIC}/_data_stream/filebeat-8.9.0", headers=headers))
    at_ns = now_ms_ns()
    document = {
        "@timestamp": iso(at_ns),
        "message": "filebeat says 결제 완료",
        "host": {"name": "web-1"},
        "service": {"name": "beat-shop"},
        "log": {"file": {"path": "/var/log/shop.log"}, "offset": 12},
        "agent": {"type": "filebeat", "version": "8.9.0"},
    }
    action = {"create": {"_index": "filebeat-8.9.0"}}
    sent = client.post(
        f"{ELASTIC}/_bulk?filter_path=errors%2Citems.*.error%2Citems.*.status",
        content=gzip.compress(bulk((action, document))),
        headers={**headers, "Content-Type": "application/x-ndjson", "Content-Encoding": "gzip"},
    )
    told = elastic(sent)
    assert told["errors"] is False
    assert [item["create"]["status"] for item in told["items"]] == [201]
    labels, ts_ns, line, metadata = only(client, '{service_name="beat-shop"} |= "결제"')
    assert labels == {"host": "web-1", "index": "filebeat-8.9.0", "service_name": "beat-shop"}
    assert (ts_ns, line) == (at_ns, "filebeat says 결제 완료")
    assert metadata["log.file.path"] == "/var/log/shop.log"


def test_logstash_looks_around_before_it_writes(client: httpx.Client) -> None:
    headers = {"User-Agent": "logstash/8.9.0", "Content-Type": "application/json"}
    assert client.head(f"{ELASTIC}/", headers=headers).status_code == 200
    elastic(client.get(f"{ELASTIC}/", headers=headers))
    elastic(client.get(f"{ELASTIC}/_license", headers=headers))
    elastic(client.get(f"{ELASTIC}/_xpack", headers=headers))
    assert client.head(f"{ELASTIC}/_index_template/ecs-logstash", headers=headers).status_code == 200
    elastic(client.put(f"{ELASTIC}/_index_template/ecs-logstash", json={}, headers=headers))
    elastic(client.get(f"{ELASTIC}/_ilm/policy/logstash-policy", headers=headers))
    at_ns = now_ms_ns()
    document = {"@timestamp": iso(at_ns), "@version": "1", "message": "from logstash", "service": {"name": "stash"}}
    action = {"index": {"_index": "logstash-2026.11", "_id": None, "routing": None}}
    told = elastic(client.post(f"{ELASTIC}/_bulk", content=bulk((action, document)), headers=headers))
    assert [item["index"]["status"] for item in told["items"]] == [201]
    assert only(client, '{service_name="stash"}')[1:3] == (at_ns, "from logstash")


def test_fluent_bit_needs_only_bulk_and_matches_items_by_position(client: httpx.Client) -> None:
    at_ns = now_ms_ns()
    record = {"@timestamp": iso(at_ns), "log": "from fluent bit", "kubernetes": {"container_name": "fluent-app"}}
    action = {"create": {"_index": "fluent-bit"}}
    sent = client.post(
        f"{ELASTIC}/_bulk",
        content=bulk(
            (action, record), (action, {**record, "@timestamp": iso(0)}), (action, record | {"log": "and again"})
        ),
        headers={"User-Agent": "Fluent-Bit", "Content-Type": "application/x-ndjson"},
    )
    told = elastic(sent)
    assert told["errors"] is True
    assert [item["create"]["status"] for item in told["items"]] == [201, 400, 201]
    texts = [value[1] for stream in found(client, '{service_name="fluent-app"}') for value in stream["values"]]
    assert sorted(texts) == ["and again", "from fluent bit"]


def test_vector_asks_for_its_health_and_writes(client: httpx.Client) -> None:
    assert elastic(client.get(f"{ELASTIC}/_cluster/health"))["status"] == "green"
    assert client.head(f"{ELASTIC}/_cluster/health").status_code == 200
    elastic(client.get(f"{ELASTIC}/"))
    elastic(client.get(f"{ELASTIC}/_nodes/http"))
    at_ns = now_ms_ns()
    document = {"timestamp": iso(at_ns), "message": "from vector", "service": "vector-app", "host": "db-1"}
    sent = client.post(
        f"{ELASTIC}/_bulk?timeout=60s",
        content=gzip.compress(bulk(({"create": {"_index": "vector-2026.11.20", "_type": None}}, document))),
        headers={"Content-Type": "application/x-ndjson", "Content-Encoding": "gzip", "Accept-Encoding": "identity"},
    )
    assert elastic(sent)["errors"] is False
    labels, ts_ns, line, _ = only(client, '{service_name="vector-app"}')
    assert (labels["host"], ts_ns, line) == ("db-1", at_ns, "from vector")


def loki_push(client: httpx.Client, labels: str, line: str, ts_ns: int, **headers: str) -> httpx.Response:
    body = bytes(cramjam.snappy.compress_raw(encode([(labels, [(ts_ns, line, [])])])))
    return client.post("/loki/api/v1/push", content=body, headers={"Content-Type": "application/x-protobuf", **headers})


def test_promtail_pushes_a_file_and_twice_is_once(client: httpx.Client) -> None:
    """The second push is the one that it sends again when the first answer was lost."""
    at_ns = time.time_ns()
    labels = '{filename="/var/log/shop.log", host="web-1", job="varlogs"}'
    for _ in range(2):
        sent = loki_push(
            client, labels, "from promtail", at_ns, **{"User-Agent": "promtail/2.7.4", "X-Scope-OrgID": "team-a"}
        )
        assert (sent.status_code, sent.content) == (204, b"")
    told, ts_ns, line, metadata = only(client, '{job="varlogs"}')
    assert told == {"filename": "/var/log/shop.log", "host": "web-1", "job": "varlogs", "service_name": "varlogs"}
    assert (ts_ns, line, metadata) == (at_ns, "from promtail", {"detected_level": "unknown"})


def test_dockers_loki_driver(client: httpx.Client) -> None:
    labels = (
        '{compose_project="shop", compose_service="web", container_name="shop-web-1", host="node-1", source="stderr"}'
    )
    assert loki_push(client, labels, "ERROR from docker", time.time_ns()).status_code == 204
    told, _, line, metadata = only(client, '{compose_service="web"} | detected_level="error"')
    assert (told["service_name"], line, metadata["detected_level"]) == ("shop-web-1", "ERROR from docker", "error")


def test_python_logging_loki_pushes_json(client: httpx.Client) -> None:
    at_ns = time.time_ns()
    stream = {"severity": "warning", "logger": "shop.orders", "application": "py-shop"}
    payload = {"streams": [{"stream": stream, "values": [[str(at_ns), "주문이 늦습니다"]]}]}
    assert client.post("/loki/api/v1/push", json=payload).status_code == 204
    told, ts_ns, line, metadata = only(client, '{application="py-shop"} |= "주문"')
    assert (ts_ns, line) == (at_ns, "주문이 늦습니다")
    assert (told["service_name"], metadata["detected_level"]) == ("py-shop", "warn")


def test_its_older_version_pushes_the_older_json(client: httpx.Client) -> None:
    at_ns = now_ms_ns()
    payload = {"streams": [{"labels": '{application="py-old"}', "entries": [{"ts": iso(at_ns), "line": "old form"}]}]}
    assert client.post("/api/prom/push", json=payload).status_code == 204
    assert only(client, '{application="py-old"}')[1:3] == (at_ns, "old form")


def test_curl_sends_a_file_as_it_is(client: httpx.Client) -> None:
    seconds = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
    page = f'{seconds},123 - shop - ERROR - failed\nTraceback (most recent call last):\n  File "x.py"\n'.encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}  # what curl says by itself
    sent = client.post("/api/hannun/v1/logs?service=curl-app&timezone=UTC", content=page, headers=headers)
    assert sent.json() == {"accepted": 3, "refused": 0, "cut": 0}
    texts = [value for stream in found(client, '{service_name="curl-app"}') for value in stream["values"]]
    assert [text for _, text, _ in sorted(texts, key=lambda value: int(value[0]))] == page.decode().splitlines()


def field(number: int, payload: bytes) -> bytes:
    """One length-delimited field of protobuf, of less than 16 KiB."""
    size = len(payload)
    return bytes([number << 3 | 2]) + (bytes([size]) if size < 128 else bytes([size & 127 | 128, size >> 7])) + payload


def attribute(key: str, value: str) -> bytes:
    return field(1, key.encode()) + field(2, field(1, value.encode()))


def otlp_request(at_ns: int) -> bytes:
    """ExportLogsServiceRequest with one record, as OpenTelemetry's Python exporter writes it."""
    record = (
        b"\x09" + struct.pack("<Q", at_ns)
        + b"\x10\x11" + field(3, b"ERROR") + field(5, field(1, "otlp 오류".encode()))
        + field(6, attribute("order.id", "42"))
        + field(9, bytes.fromhex("4bf92f3577b34da6a3ce929d0e0e4736")) + field(10, bytes.fromhex("00f067aa0ba902b7"))
        + b"\x59" + struct.pack("<Q", at_ns)
    )  # fmt: skip
    resource = field(1, attribute("service.name", "otlp-shop")) + field(
        1, attribute("telemetry.sdk.language", "python")
    )
    scope = field(1, field(1, b"shop.orders"))
    return field(1, field(1, resource) + field(2, scope + field(2, record)))


@pytest.mark.parametrize(("path", "status"), [("/v1/logs", 200), ("/otlp/v1/logs", 204)])
@pytest.mark.parametrize("encoding", ["", "gzip"])
def test_opentelemetrys_exporter(client: httpx.Client, path: str, status: int, encoding: str) -> None:
    at_ns = time.time_ns()
    body = otlp_request(at_ns)
    headers = {"Content-Type": "application/x-protobuf", "User-Agent": "OTel-OTLP-Exporter-Python/1.27.0"}
    if encoding:
        headers["Content-Encoding"], body = encoding, gzip.compress(body)
    sent = client.post(path, content=body, headers=headers)
    assert (sent.status_code, sent.content) == (status, b"")
    lines = [
        (stream["stream"], value)
        for stream in found(client, '{service_name="otlp-shop"} | trace_id="4bf92f3577b34da6a3ce929d0e0e4736"')
        for value in stream["values"]
        if value[0] == str(at_ns)
    ]
    ((labels, (_, line, more)),) = lines
    assert (labels, line) == ({"service_name": "otlp-shop"}, "otlp 오류")
    metadata = more["structuredMetadata"]
    assert {"order_id": "42", "detected_level": "error", "span_id": "00f067aa0ba902b7"}.items() <= metadata.items()


def test_a_tenant_is_said_once_in_the_log(server: Server, client: httpx.Client) -> None:
    for tenant in ("a", "b"):
        assert loki_push(client, '{app="tenant"}', "x", time.time_ns(), **{"X-Scope-OrgID": tenant}).status_code == 204
    assert server.log.count("X-Scope-OrgID") == 1
