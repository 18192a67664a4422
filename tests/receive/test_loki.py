"""The push API answers as Promtail, Alloy and logging libraries expect, and loses nothing without counting it."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import zlib

import cramjam
import pytest

from hannun.model.access import Access
from hannun.model.errors import DiskFull, Overloaded, StoreUnavailable
from hannun.model.http import Endpoint
from hannun.model.identity import Identity
from hannun.model.labels import Labels
from hannun.model.log import SEVERITIES
from hannun.observe.outcomes import Outcomes
from hannun.receive.limits import ReceiveLimits
from hannun.receive.log_door import LogDoor
from hannun.receive.log_intake import LogIntake
from hannun.receive.log_limits import LogLimits
from hannun.receive.loki import routes as routes_of
from hannun.wire.loki import encode

PROTO = {"content-type": "application/x-protobuf"}
JSON = {"content-type": "application/json"}
T = 1_700_000_000_000_000_001
API = '{app="api", env="prod"}'
PUSH = "/loki/api/v1/push"


def routes(intake: LogIntake, limits: ReceiveLimits | None = None) -> list[Endpoint]:
    return routes_of(LogDoor(intake, limits))


def packed(raw: bytes) -> bytes:
    return bytes(cramjam.snappy.compress_raw(raw))


def body(*streams: tuple[str, list[tuple[int, str | bytes, list[tuple[str, str]]]]]) -> bytes:
    return packed(encode(streams))


def lines(*texts: str | bytes) -> list[tuple[int, str | bytes, list[tuple[str, str]]]]:
    return [(T + at, text, []) for at, text in enumerate(texts)]


@pytest.fixture
def outcomes() -> Outcomes:
    return Outcomes()


@pytest.fixture
def intake(log_sink, outcomes) -> LogIntake:
    return LogIntake(log_sink, outcomes)


def counted(outcomes: Outcomes) -> dict[tuple[str, str], int]:
    return {(tally.outcome.value, tally.reason): count for tally, count in outcomes.rows()}


async def test_an_accepted_push_is_written_once_and_answered_204(serve, log_sink, intake, outcomes) -> None:
    sent = body((API, [(T, "level=error out of stock", [("trace_id", "a" * 32), ("detected_level", "warn")])]))
    async with serve(routes(intake)) as client:
        answer = await client.post(PUSH, content=sent, headers=PROTO)
    assert (answer.status_code, answer.content) == (204, b"")
    (batch,) = log_sink.batches
    (new,) = batch.introduced
    assert new.labels == Labels.of(app="api", env="prod", service_name="api")
    assert new.identity == Identity(service="api", environment="prod")
    assert (batch.stream.tolist(), batch.ts_ns.tolist()) == ([new.labels.series_id()], [T])
    assert batch.body[0] == "level=error out of stock"
    assert SEVERITIES[batch.severity[0]] == "warn"  # somebody found it before us
    assert batch.trace_id is not None
    assert batch.trace_id[0] == "a" * 32
    assert batch.attributes is not None
    assert [batch.attributes.keys[0], batch.attributes.values[0]] == ["trace_id", "a" * 32]
    assert len(batch.attributes.keys) == 1  # detected_level is derived from the severity
    assert counted(outcomes) == {("accepted", ""): 1}


async def test_json_and_protobuf_name_the_same_stream(serve, log_sink, intake) -> None:
    sent = {"streams": [{"stream": {"env": "prod", "app": "api"}, "values": [[str(T), "hello"]]}]}
    async with serve(routes(intake)) as client:
        assert (await client.post(PUSH, content=body((API, lines("hello"))), headers=PROTO)).status_code == 204
        assert (await client.post(PUSH, json=sent)).status_code == 204
    assert [len(batch.introduced) for batch in log_sink.batches] == [1, 0]
    assert log_sink.batches[0].stream.tolist() == log_sink.batches[1].stream.tolist()


async def test_the_oldest_json_form_is_taken(serve, log_sink, intake) -> None:
    sent = {"streams": [{"labels": API, "entries": [{"ts": "2023-11-14T22:13:20.000000001Z", "line": "hello"}]}]}
    async with serve(routes(intake)) as client:
        assert (await client.post("/api/prom/push", json=sent)).status_code == 204
    assert log_sink.lines() == [('{app="api", env="prod", service_name="api"}', T, "hello")]


@pytest.mark.parametrize(
    ("encoding", "encode_body"),
    [
        pytest.param("gzip", gzip.compress, id="gzip around snappy"),
        pytest.param("deflate", lambda raw: zlib.compress(raw)[2:-4], id="raw deflate"),
        pytest.param("snappy", lambda raw: raw, id="snappy said twice"),
        pytest.param("", lambda raw: raw, id="nothing said"),
    ],
)
async def test_codings_of_real_senders(serve, log_sink, intake, encoding, encode_body) -> None:
    headers = {**PROTO, "content-encoding": encoding} if encoding else PROTO
    async with serve(routes(intake)) as client:
        answer = await client.post(PUSH, content=encode_body(body((API, lines("hello")))), headers=headers)
    assert answer.status_code == 204
    assert [line for *_, line in log_sink.lines()] == ["hello"]


@pytest.mark.parametrize(
    ("content", "headers", "status", "said"),
    [
        pytest.param(b"", PROTO, 400, "snappy", id="empty"),
        pytest.param(b"\xff\xff\xff\xff\x0f", PROTO, 413, "4294967295 bytes", id="4 GiB declared"),
        pytest.param(body((API, lines("x"))), {"content-type": ""}, 400, "mime: no media type", id="no type"),
        pytest.param(
            body((API, lines("x"))), {**PROTO, "content-encoding": "zip"}, 400, '"zip" not supported', id="zip"
        ),
        pytest.param(gzip.compress(b"plain"), {**PROTO, "content-encoding": "gzip"}, 400, "snappy", id="gzip alone"),
        pytest.param(packed(b""), PROTO, 422, "at least one valid stream", id="no stream"),
        pytest.param(b'{"streams":[]}', JSON, 422, "at least one valid stream", id="no stream in JSON"),
        pytest.param(b'{"streams":', JSON, 400, "not JSON", id="half a document"),
        pytest.param(b"[" * 10_000, JSON, 400, "JSON", id="10,000 deep"),
        pytest.param(
            b'{"streams":[{"stream":{"a":"b"},"values":[[1,"x"]]}]}', JSON, 400, "string of nanoseconds", id="number"
        ),
        pytest.param(packed(b"\x0a\x7f"), PROTO, 400, "truncated", id="truncated"),
    ],
)
async def test_what_is_no_push_is_refused_and_counted(
    serve, log_sink, intake, outcomes, content, headers, status, said
) -> None:
    async with serve(routes(intake)) as client:
        answer = await client.post(PUSH, content=content, headers=headers)
    assert answer.status_code == status
    assert said in answer.text
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert not log_sink.batches
    assert sum(counted(outcomes).values()) == 1


async def test_good_streams_are_stored_beside_a_bad_one(serve, log_sink, intake, outcomes) -> None:
    sent = body((API, lines("one")), ('{app="api"', lines("two", "three")), ('{app="b"}', lines("four")))
    async with serve(routes(intake)) as client:
        for _ in range(2):  # the second time the refusal comes from memory
            answer = await client.post(PUSH, content=sent, headers=PROTO)
            assert answer.status_code == 400
            assert "error parsing labels '{app=\"api\"' with error: parse error at line 1, col 11" in answer.text
    assert [line for *_, line in log_sink.lines()] == ["one", "four"] * 2
    assert counted(outcomes) == {("accepted", ""): 4, ("invalid", "stream whose labels cannot be read"): 4}


LIMITS = LogLimits(labels_max=3, name_bytes_max=20, value_bytes_max=30)


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        pytest.param('{a="1", b="2", c="3", d="4"}', "has 4 label names; limit 3", id="many"),
        pytest.param(f'{{{"n" * 21}="1"}}', f"has label name too long: '{'n' * 21}'", id="long name"),
        pytest.param(f'{{a="{"v" * 31}"}}', f"has label value too long: '{'v' * 31}'", id="long value"),
        pytest.param('{a="1", a="2"}', "has duplicate label name: 'a'", id="doubled"),
    ],
)
async def test_limits_of_labels_in_lokis_words(serve, log_sink, outcomes, labels, said) -> None:
    async with serve(routes(LogIntake(log_sink, outcomes, LIMITS))) as client:
        answer = await client.post(PUSH, content=body((labels, lines("x")), (API, lines("y"))), headers=PROTO)
    assert answer.status_code == 400
    assert said in answer.text
    assert [line for *_, line in log_sink.lines()] == ["y"]


async def test_a_stream_without_labels_gets_a_service_name_unless_that_is_off(serve, log_sink, outcomes) -> None:
    async with serve(routes(LogIntake(log_sink, outcomes))) as client:
        assert (await client.post(PUSH, content=body(("{}", lines("x"))), headers=PROTO)).status_code == 204
    assert log_sink.lines() == [('{service_name="unknown_service"}', T, "x")]
    async with serve(routes(LogIntake(log_sink, outcomes, LogLimits(service_from=())))) as client:
        answer = await client.post(PUSH, content=body(("{}", lines("x"))), headers=PROTO)
    assert (answer.status_code, answer.text) == (400, "error at least one label pair is required per stream\n")


async def test_100_000_labels_are_one_clear_refusal(serve, log_sink, intake) -> None:
    labels = "{" + ", ".join(f'l{number}="v"' for number in range(60_000)) + "}"
    async with serve(routes(intake)) as client:
        answer = await client.post(PUSH, content=body((labels, lines("x"))), headers=PROTO)
    assert answer.status_code == 400
    assert len(answer.text) < 2_500
    assert "60000 label names; limit 64" in answer.text or "error parsing labels" in answer.text


async def test_times_out_of_bounds_cost_only_themselves(serve, log_sink, intake, outcomes) -> None:
    log_sink.within = (T, T + 10)
    sent = body((API, [(T - 1, "old", []), (T, "good", []), (1 << 62, "new", [])]))
    async with serve(routes(intake)) as client:
        answer = await client.post(PUSH, content=sent, headers=PROTO)
    assert answer.status_code == 400
    assert "has timestamp too new: 2116-02-20T23:53:38Z" in answer.text
    assert [line for *_, line in log_sink.lines()] == ["good"]
    assert counted(outcomes) == {
        ("accepted", ""): 1,
        ("invalid", "timestamp too old"): 1,
        ("invalid", "timestamp too new"): 1,
    }


async def test_old_lines_are_refused_where_a_loki_file_says_so(serve, log_sink, outcomes) -> None:
    class Clock:
        def now_ms(self) -> int:
            return T // 1_000_000

        def monotonic_s(self) -> float:
            return 0.0

    limits = LogLimits(oldest_ms=60_000, newest_ms=60_000)
    intake = LogIntake(log_sink, outcomes, limits, clock=Clock())
    sent = body((API, [(T - 61_000_000_000, "old", []), (T, "good", [])]))
    async with serve(routes(intake)) as client:
        answer = await client.post(PUSH, content=sent, headers=PROTO)
    assert answer.text == (
        'entry for stream \'{app="api", env="prod", service_name="api"}\' has timestamp too old: 2023-11-14T22:12:19Z, '
        "oldest acceptable timestamp is: 2023-11-14T22:12:20Z\n"
    )
    assert [line for *_, line in log_sink.lines()] == ["good"]


async def test_a_long_line_is_cut_with_a_remark_or_refused(serve, log_sink, outcomes) -> None:
    long = "가" * 50
    limits = LogLimits(line_bytes_max=100)
    async with serve(routes(LogIntake(log_sink, outcomes, limits))) as client:
        assert (await client.post(PUSH, content=body((API, lines(long))), headers=PROTO)).status_code == 204
    assert [line for *_, line in log_sink.lines()] == ["가" * 33 + " … [cut: the line had 150 bytes]"]
    limits = LogLimits(line_bytes_max=100, cut_lines=False)
    async with serve(routes(LogIntake(log_sink, outcomes, limits))) as client:
        answer = await client.post(PUSH, content=body((API, lines(long, "short"))), headers=PROTO)
    assert answer.status_code == 400
    assert "max entry size '100' bytes exceeded for stream" in answer.text
    assert "while adding an entry with length '150' bytes" in answer.text


async def test_metadata_has_its_limits(serve, log_sink, outcomes) -> None:
    limits = LogLimits(metadata_pairs_max=2, metadata_bytes_max=20)
    many = [("a", "1"), ("b", "2"), ("c", "3")]
    sent = body((API, [(T, "many", many), (T, "large", [("a", "1" * 20)]), (T, "good", many[:2]), (T, "bare", [])]))
    async with serve(routes(LogIntake(log_sink, outcomes, limits))) as client:
        answer = await client.post(PUSH, content=sent, headers=PROTO)
    assert "has too many structured metadata labels: '3', limit: '2'" in answer.text
    (batch,) = log_sink.batches
    assert [batch.body[index] for index in range(2)] == ["good", "bare"]
    assert batch.attributes is not None
    assert batch.attributes.offsets.tolist() == [0, 2, 2]
    assert [batch.attributes.keys[0], batch.attributes.values[1]] == ["a", "2"]


async def test_rates_of_a_loki_file_answer_429_in_its_words(serve, log_sink, outcomes) -> None:
    limits = LogLimits(rate_bytes_s=10, burst_bytes=10)
    async with serve(routes(LogIntake(log_sink, outcomes, limits))) as client:
        assert (await client.post(PUSH, content=body((API, lines("x" * 8))), headers=PROTO)).status_code == 204
        answer = await client.post(PUSH, content=body((API, lines("x" * 8, "y"))), headers=PROTO)
    assert answer.status_code == 429
    assert "ingestion rate limit exceeded for user fake (limit: 10 bytes/sec)" in answer.text
    assert "while attempting to ingest '2' lines totaling '9' bytes" in answer.text
    limits = LogLimits(stream_rate_bytes_s=1024, stream_burst_bytes=1024)
    sent = body((API, lines("x" * 2048)), ('{app="b"}', lines("y")))
    async with serve(routes(LogIntake(log_sink, outcomes, limits))) as client:
        answer = await client.post(PUSH, content=sent, headers=PROTO)
    assert answer.status_code == 429
    assert "Per stream rate limit exceeded (limit: 1KB/sec)" in answer.text
    assert "totaling 2KB" in answer.text
    assert log_sink.lines()[-1][2] == "y"


async def test_too_many_streams_are_429(serve, log_sink, outcomes) -> None:
    async with serve(routes(LogIntake(log_sink, outcomes, LogLimits(streams_max=1)))) as client:
        sent = body((API, lines("x")), ('{app="b"}', lines("y")), (API, lines("z")))
        answer = await client.post(PUSH, content=sent, headers=PROTO)
    assert answer.status_code == 429
    assert "maximum active stream limit exceeded when trying to create stream" in answer.text
    assert [line for *_, line in log_sink.lines()] == ["x", "z"]


@pytest.mark.parametrize(
    ("fails", "status", "retry"),
    [
        pytest.param(Overloaded("queue full"), 429, "1", id="a full queue is 429, which Promtail sends again"),
        pytest.param(DiskFull("1 GiB free"), 507, "30", id="disk"),
        pytest.param(StoreUnavailable("closing"), 503, "5", id="closing"),
    ],
)
async def test_nothing_is_acknowledged_that_is_not_stored(
    serve, log_sink, intake, outcomes, fails, status, retry
) -> None:
    log_sink.fails = fails
    async with serve(routes(intake)) as client:
        answer = await client.post(PUSH, content=body((API, lines("x"))), headers=PROTO)
    assert (answer.status_code, answer.headers["retry-after"]) == (status, retry)
    ((outcome, reason),) = counted(outcomes)
    assert outcome == "limited"
    assert reason.startswith("refused for now")


async def test_a_tenant_is_read_over_and_told_once(serve, intake, caplog) -> None:
    caplog.set_level(logging.INFO, "hannun.receive.loki")
    async with serve(routes(intake)) as client:
        for tenant in ("a", "b"):
            headers = {**PROTO, "x-scope-orgid": tenant}
            assert (await client.post(PUSH, content=body((API, lines("x"))), headers=headers)).status_code == 204
    assert len([record for record in caplog.records if "X-Scope-OrgID" in record.message]) == 1


async def test_odd_label_names_are_made_names(serve, log_sink, intake) -> None:
    sent = {"streams": [{"stream": {"k8s.pod": "p", "1st": "x", "empty": ""}, "values": [[str(T), "hello"]]}]}
    async with serve(routes(intake)) as client:
        assert (await client.post(PUSH, json=sent)).status_code == 204
    assert log_sink.lines()[0][0] == '{_1st="x", k8s_pod="p", service_name="unknown_service"}'


async def test_many_pushes_at_once_stay_whole(serve, log_sink, intake) -> None:
    def one(number: int) -> bytes:
        return body((f'{{app="a{number}"}}', lines(*[f"{number}-{line}" for line in range(200)])))

    async with serve(routes(intake)) as client:
        answers = await asyncio.gather(*[client.post(PUSH, content=one(n), headers=PROTO) for n in range(20)])
    assert {answer.status_code for answer in answers} == {204}
    assert sorted(line for *_, line in log_sink.lines()) == sorted(f"{n}-{i}" for n in range(20) for i in range(200))


async def test_a_body_beyond_the_limit_is_413(serve, intake) -> None:
    async with serve(routes(intake, ReceiveLimits(body_bytes_max=1_000))) as client:
        answer = await client.post(PUSH, content=body((API, lines("x" * 2_000))), headers=PROTO)
        assert (answer.status_code, "receive.body_bytes_max" in answer.text) == (413, True)
        answer = await client.post(PUSH, content=json.dumps({"a": "x" * 2_000}), headers=JSON)
        assert answer.status_code == 413


def test_pushing_asks_for_the_right_to_push(intake) -> None:
    assert {(end.method, end.path, end.access, end.prefix) for end in routes(intake)} == {
        ("POST", PUSH, Access.PUSH, "/loki"),
        ("POST", "/api/prom/push", Access.PUSH, "/loki"),
    }


async def test_a_small_body_of_many_new_streams_does_not_hold_up_the_others(serve, log_sink, intake) -> None:
    many = body(*[(f'{{app="a{number}"}}', []) for number in range(20_000)])
    slowest = 0.0

    async def watch() -> None:
        nonlocal slowest
        while True:
            before = asyncio.get_running_loop().time()
            await asyncio.sleep(0.001)
            slowest = max(slowest, asyncio.get_running_loop().time() - before)

    async with serve(routes(intake)) as client:
        assert (await client.post(PUSH, content=body((API, lines("x"))), headers=PROTO)).status_code == 204
        watching = asyncio.create_task(watch())
        assert (await client.post(PUSH, content=many, headers=PROTO)).status_code == 204
        watching.cancel()
    assert slowest < 0.25  # 0.6 s and more when it is read where everybody waits
