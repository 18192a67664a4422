"""Oversized, slow, lying and inflating requests cost only themselves: everybody else is served within 100 ms."""

from __future__ import annotations

import gzip
import socket
import time
from collections.abc import Iterator

import cramjam
import httpx
import pytest

from hannun.model.labels import Labels
from hannun.testing.server import Server
from hannun.testing.traffic import HEADERS, body_of
from hannun.testing.watcher import Watcher

pytestmark = pytest.mark.xdist_group("faults")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("hostile") / "data", flags=("--retention", "0", "--no-self")) as running:
        yield running


@pytest.mark.parametrize("encoding", ["zstd", "gzip", "snappy"])
def test_an_inflating_body_is_refused_before_it_is_inflated(server: Server, encoding: str) -> None:
    zeros = b"\0" * (512 << 20)
    bomb = {
        "zstd": lambda: bytes(cramjam.zstd.compress(zeros)),
        "gzip": lambda: gzip.compress(zeros, 1),
        "snappy": lambda: bytes(cramjam.snappy.compress_raw(zeros)),
    }[encoding]()
    before = server.private_bytes()
    with Watcher(server.url, pid=server.pid):
        answer = httpx.post(
            f"{server.url}/api/v1/write", content=bomb, headers={**HEADERS, "Content-Encoding": encoding}, timeout=30
        )
    assert answer.status_code in (413, 415), answer.text
    assert answer.text.strip()
    assert server.private_bytes() - before < 150 << 20


def test_a_snappy_header_that_declares_four_gigabytes_is_refused(server: Server) -> None:
    answer = httpx.post(f"{server.url}/api/v1/write", content=b"\xff\xff\xff\xff\x0f" + b"\0" * 64, headers=HEADERS)
    assert answer.status_code in (400, 413), answer.text
    assert answer.text.strip()


def test_an_endless_body_is_cut_off(server: Server) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(4096):
            yield b"\0" * (1 << 20)

    with Watcher(server.url, pid=server.pid):
        try:
            answer = httpx.post(f"{server.url}/api/v1/write", content=endless(), headers=HEADERS, timeout=60)
            assert answer.status_code == 413
        except httpx.TransportError:
            pass  # closed while we were still sending: as good an answer


def test_slow_senders_do_not_hold_others_up(server: Server) -> None:
    host, port = "127.0.0.1", server.port
    slow = []
    for _ in range(100):
        each = socket.create_connection((host, port))
        each.sendall(b"POST /api/v1/write HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n")
        slow.append(each)
    try:
        with Watcher(server.url, pid=server.pid):
            for _ in range(10):
                for each in slow:
                    each.sendall(b"X-A: b\r\n")
                time.sleep(0.1)
            now_ms = int(time.time() * 1000)
            body = body_of([Labels.of(__name__="beside_slow")], now_ms, [1.0])
            assert httpx.post(f"{server.url}/api/v1/write", content=body, headers=HEADERS).status_code == 204
    finally:
        for each in slow:
            each.close()


def test_a_lying_content_length_stores_nothing(server: Server) -> None:
    now_ms = int(time.time() * 1000)
    body = body_of([Labels.of(__name__="liar")], now_ms, [1.0])
    with socket.create_connection(("127.0.0.1", server.port)) as liar:
        head = (
            "POST /api/v1/write HTTP/1.1\r\nHost: localhost\r\nContent-Encoding: snappy\r\n"
            f"Content-Type: application/x-protobuf\r\nContent-Length: {len(body) + 50}\r\n\r\n"
        )
        liar.sendall(head.encode() + body)
    found = httpx.get(f"{server.url}/api/v1/query", params={"query": "liar"}).json()["data"]["result"]
    assert found == []


@pytest.mark.parametrize(
    "expr",
    [
        pytest.param("(" * 10_000 + "1" + ")" * 10_000, id="ten thousand parentheses"),
        pytest.param("-" * 100_000 + "1", id="a hundred thousand minus signs"),
        pytest.param("a" * (1 << 20), id="a megabyte of name"),
        pytest.param("sum(" * 5_000, id="never closed"),
        pytest.param('{__name__=~"(a+)+$"}[1y:1ms]', id="a subquery of a year at a millisecond"),
        pytest.param('{__name__=~"' + "(" * 5_000 + '"}', id="a broken regex"),
        pytest.param("up[5m] @ 1e300", id="a time beyond all times"),
        pytest.param("\x00\udcff".encode("utf-8", "surrogatepass").decode("latin-1"), id="bytes that mean nothing"),
    ],
)
def test_query_bombs_are_answered_and_cost_nobody_else(server: Server, expr: str) -> None:
    with Watcher(server.url, pid=server.pid):
        began = time.monotonic()
        answer = httpx.post(f"{server.url}/api/v1/query", data={"query": expr}, timeout=30)
        assert time.monotonic() - began < 10
        time.sleep(0.1)
    assert answer.status_code in (200, 400, 413, 422, 503), answer.text[:300]
    if answer.status_code != 200:
        assert answer.json()["status"] == "error"


def test_ten_years_at_a_second_are_refused_with_prometheus_words(server: Server) -> None:
    answer = httpx.get(
        f"{server.url}/api/v1/query_range",
        params={"query": '{__name__=~".+"}', "start": 1_500_000_000, "end": 1_800_000_000, "step": 1},
    )
    assert answer.status_code == 400
    assert "exceeded maximum resolution of 11,000 points per timeseries" in answer.json()["error"]


def test_wrong_promql_gets_prometheus_error_shape_with_its_position(server: Server) -> None:
    answer = httpx.get(f"{server.url}/api/v1/query", params={"query": "sum(rate(x)))"})
    assert answer.status_code == 400
    body = answer.json()
    assert body["status"] == "error"
    assert body["errorType"] == "bad_data"
    assert "1:" in body["error"]
    assert "parse error" in body["error"]


def test_random_bytes_to_every_door_are_clear_errors(server: Server) -> None:
    import random

    rng = random.Random(3)
    with Watcher(server.url, pid=server.pid), httpx.Client(base_url=server.url, timeout=10) as client:
        for _ in range(60):
            junk = rng.randbytes(rng.randrange(1, 4000))
            for content in (junk, bytes(cramjam.snappy.compress_raw(junk))):
                answer = client.post("/api/v1/write", content=content, headers=HEADERS)
                assert answer.status_code in (204, 400), (answer.status_code, answer.text[:200])
            path = "/" + rng.randbytes(12).hex() + "/..%2f..%2fetc%2fpasswd"
            assert client.get(path).status_code == 404
