"""InfluxDB's clients are answered in the words and shapes of the version they speak."""

from __future__ import annotations

import gzip

import pytest

from hannun.model.access import Access
from hannun.model.errors import DiskFull, Overloaded, StoreUnavailable
from hannun.model.labels import Labels
from hannun.observe.outcomes import Outcomes
from hannun.receive.influx import routes
from hannun.receive.limits import ReceiveLimits

GOOD = 'cpu,host=a usage=0.5,state="ok" 1000000\n'


class HandClock:
    def now_ms(self) -> int:
        return 5_000

    def monotonic_s(self) -> float:
        return 0.0


@pytest.fixture
def outcomes() -> Outcomes:
    return Outcomes()


@pytest.fixture
def endpoints(sink, outcomes):
    return routes(sink, outcomes, ReceiveLimits(body_bytes_max=100_000), clock=HandClock())


def counted(outcomes: Outcomes) -> dict[tuple[str, str], int]:
    return {(tally.outcome.value, tally.reason): count for tally, count in outcomes.rows()}


@pytest.mark.parametrize("path", ["/write?db=telegraf&rp=x&u=a&p=b", "/influx/write?db=telegraf"])
async def test_v1_writes(serve, sink, outcomes, endpoints, path: str) -> None:
    async with serve(endpoints) as client:
        answer = await client.post(path, content=GOOD)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["x-influxdb-version"].startswith("1.8")
    (batch,) = sink.batches
    assert [new.labels for new in batch.introduced] == [Labels.of(__name__="cpu_usage", host="a", db="telegraf")]
    assert (batch.ts_ms.tolist(), batch.value.tolist()) == ([1], [0.5])
    assert counted(outcomes) == {("accepted", ""): 1, ("filtered", "texts are no samples"): 1}


async def test_v2_writes_and_gzip(serve, sink, endpoints) -> None:
    body = gzip.compress(b"m f=1 1\nm f=2\n")
    async with serve(endpoints) as client:
        answer = await client.post(
            "/api/v2/write?org=o&bucket=b&precision=s",
            content=body,
            headers={"content-encoding": "gzip", "authorization": "Token x"},
        )
    assert answer.status_code == 204
    assert sink.batches[0].ts_ms.tolist() == [1_000, 5_000]


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        pytest.param(
            "/write", {"error": "partial write: unable to parse 'bad': missing fields dropped=0"}, id="v1 in part"
        ),
        pytest.param("/api/v2/write", {"code": "invalid", "message": "unable to parse 'bad': missing fields"}, id="v2"),
    ],
)
async def test_a_bad_line_is_told_and_the_others_are_stored(serve, sink, outcomes, endpoints, path, shape) -> None:
    async with serve(endpoints) as client:
        answer = await client.post(path, content=GOOD + "bad\n" + GOOD)
    assert (answer.status_code, answer.json()) == (400, shape)
    assert len(sink.batches[0]) == 2
    assert counted(outcomes)[("invalid", "line that cannot be read")] == 1


async def test_nothing_but_bad_lines_in_v1(serve, sink, endpoints) -> None:
    async with serve(endpoints) as client:
        answer = await client.post("/write", content="나쁜 줄\nbad\0\x7f")
    assert answer.status_code == 400
    assert answer.json()["error"].splitlines() == [
        "unable to parse '나쁜 줄': missing field value",
        "unable to parse 'bad\0\x7f': missing fields",
    ]
    header = answer.headers["x-influxdb-error"]
    assert header.isascii()
    assert header.isprintable()
    assert sink.batches == []


@pytest.mark.parametrize("body", ["", "\n# nothing\n"], ids=["empty", "comments"])
async def test_nothing_at_all_is_fine(serve, sink, endpoints, body: str) -> None:
    async with serve(endpoints) as client:
        assert (await client.post("/write", content=body)).status_code == 204
    assert sink.batches == []


async def test_impossible_times_are_refused_and_their_neighbours_stored(serve, sink, endpoints) -> None:
    sink.within = (0, 10_000)
    async with serve(endpoints) as client:
        answer = await client.post("/api/v2/write?precision=ms", content="m f=1 1\nm f=2 20000")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert "timestamp outside" in answer.json()["message"]
    assert sink.batches[0].ts_ms.tolist() == [1]


@pytest.mark.parametrize(
    ("how", "status", "said"),
    [
        pytest.param({"params": {"precision": "y"}}, 400, "invalid precision", id="precision"),
        pytest.param({"params": {"db": "x" * 300}}, 400, "longer than 256", id="database"),
        pytest.param({"headers": {"content-encoding": "gzip"}}, 400, "gzip", id="not gzip"),
        pytest.param({"headers": {"content-encoding": "rot13"}}, 415, "rot13", id="unknown coding"),
        pytest.param({"content": b"x" * 100_001}, 413, "receive.body_bytes_max", id="large"),
        pytest.param(
            {"content": gzip.compress(b" " * 1_000_000), "headers": {"content-encoding": "gzip"}},
            413,
            "after decompression",
            id="bomb",
        ),
    ],
)
async def test_requests_that_cannot_be_read(serve, sink, outcomes, endpoints, how, status: int, said: str) -> None:
    async with serve(endpoints) as client:
        for path, key in (("/write", "error"), ("/api/v2/write", "message")):
            answer = await client.post(path, **{"content": GOOD, **how})
            assert answer.status_code == status
            assert said in answer.json()[key]
    assert sink.batches == []
    assert sum(counted(outcomes).values()) == 2


@pytest.mark.parametrize(
    ("error", "status"),
    [(Overloaded("full"), 429), (StoreUnavailable("memory"), 503), (DiskFull("disk"), 507)],
    ids=["queue", "engine", "disk"],
)
async def test_a_refusing_sink_asks_to_come_again(serve, sink, endpoints, error: Exception, status: int) -> None:
    sink.fails = error
    async with serve(endpoints) as client:
        answer = await client.post("/api/v2/write", content=GOOD)
    assert answer.status_code == status
    assert answer.headers["retry-after"].isdecimal()


async def test_what_clients_ask_before_they_write(serve, endpoints) -> None:
    async with serve(endpoints) as client:
        answer = await client.get("/ping")
        assert (answer.status_code, answer.content) == (204, b"")
        assert (await client.get("/ping?verbose=true")).json() == {"version": "1.8.10"}
        assert (await client.get("/influx/health")).json()["status"] == "pass"
        answer = await client.post("/query", params={"q": 'CREATE DATABASE "telegraf"'})
        assert answer.json() == {"results": [{"statement_id": 0}]}
        assert (await client.post("/query", data={"q": "create database x"})).status_code == 200
        assert (await client.get("/influx/query", params={"q": "SHOW DATABASES"})).status_code == 200
        answer = await client.post("/query", params={"q": "SELECT * FROM cpu"})
        assert (answer.status_code, "PromQL" in answer.json()["error"]) == (400, True)


def test_writing_asks_for_the_right_to_push(endpoints) -> None:
    access = {(end.method, end.path): end.access for end in endpoints}
    assert access[("POST", "/write")] is access[("POST", "/api/v2/write")] is Access.PUSH
    assert {end.prefix for end in endpoints} == {"/influx"}
    assert [end.path for end in endpoints if not end.at_root] == ["/query"]
