"""POST /api/v1/write answers as Prometheus's senders expect, and loses nothing without counting it."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import cramjam
import httpx
import pytest

from hannun.model.access import Access
from hannun.model.errors import DiskFull, Overloaded, StoreUnavailable
from hannun.model.exemplar import Exemplar
from hannun.model.histogram import Buckets, HistogramSample, NativeHistogram
from hannun.model.identity import Identity
from hannun.model.labels import Labels
from hannun.model.metric import STALE_NAN, MetricMetadata
from hannun.observe.outcomes import Outcomes
from hannun.receive.limits import ReceiveLimits
from hannun.receive.remote_write import HISTOGRAM_BYTES_INLINE_MAX, routes
from hannun.wire.remote_write import FastDecoder, Sample, encode, v2

HEADERS = {
    "content-encoding": "snappy",
    "content-type": "application/x-protobuf",
    "x-prometheus-remote-write-version": "0.1.0",
}
UP = (("__name__", "up"), ("instance", "db-1:9100"), ("job", "node"))


def packed(raw: bytes) -> bytes:
    return bytes(cramjam.snappy.compress_raw(raw))


BODY = packed(encode([(UP, [Sample(1_000, 1.0), Sample(2_000, 0.0)])], [MetricMetadata("up", "gauge", "alive")]))


@pytest.fixture
def outcomes() -> Outcomes:
    return Outcomes()


def counted(outcomes: Outcomes) -> dict[tuple[str, str], int]:
    return {(tally.outcome.value, tally.reason): count for tally, count in outcomes.rows()}


async def test_an_accepted_request_is_written_once_and_answered_204(serve, sink, outcomes) -> None:
    async with serve(routes(sink, outcomes)) as client:
        answer = await client.post("/api/v1/write", content=BODY, headers=HEADERS)
    assert (answer.status_code, answer.content) == (204, b"")
    (batch,) = sink.batches
    assert (batch.ts_ms.tolist(), batch.value.tolist()) == ([1_000, 2_000], [1.0, 0.0])
    assert batch.series.tolist() == [Labels.from_pairs(UP).series_id()] * 2
    (new,) = batch.introduced
    assert (new.labels, new.identity) == (Labels.from_pairs(UP), Identity(service="node", host="db-1"))
    assert batch.metadata == (MetricMetadata("up", "gauge", "alive"),)
    assert counted(outcomes) == {("accepted", ""): 2}


async def test_a_known_series_is_not_introduced_again_until_the_sink_forgets_it(serve, sink, outcomes) -> None:
    async with serve(routes(sink, outcomes)) as client:
        for _ in range(2):
            await client.post("/api/v1/write", content=BODY, headers=HEADERS)
        sink.known.clear()
        await client.post("/prometheus/api/v1/write", content=BODY, headers=HEADERS)
    assert [len(batch.introduced) for batch in sink.batches] == [1, 0, 1]


async def test_pushing_asks_for_the_right_to_push(sink, outcomes) -> None:
    assert [(end.method, end.access, end.prefix) for end in routes(sink, outcomes)] == [
        ("POST", Access.PUSH, "/prometheus")
    ]


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        pytest.param({"content-type": "application/json"}, 'Content-Type "application/json"', id="json"),
        pytest.param(
            {"content-type": "application/x-protobuf;proto=io.prometheus.write.v3.Request"},
            "io.prometheus.write.v2.Request",
            id="a version of the future",
        ),
        pytest.param({"content-encoding": "gzip"}, 'Content-Encoding "gzip"', id="gzip"),
        pytest.param({"content-encoding": "snappy, snappy"}, "snappy, snappy", id="twice"),
    ],
)
async def test_what_is_not_remote_write_is_415_with_a_hint(serve, sink, outcomes, headers, said) -> None:
    async with serve(routes(sink, outcomes)) as client:
        answer = await client.post("/api/v1/write", content=BODY, headers=HEADERS | headers)
    assert answer.status_code == 415
    assert said in answer.text
    assert sink.batches == []


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"content-type": "application/x-protobuf;proto=prometheus.WriteRequest"}, id="named proto"),
        pytest.param({"content-type": "Application/X-Protobuf; charset=utf-8"}, id="any case and parameters"),
    ],
)
async def test_other_spellings_of_1_0_are_taken(serve, sink, outcomes, headers) -> None:
    async with serve(routes(sink, outcomes)) as client:
        assert (await client.post("/api/v1/write", content=BODY, headers=HEADERS | headers)).status_code == 204
        assert (await client.post("/api/v1/write", content=BODY)).status_code == 204
        zstd = bytes(cramjam.zstd.compress(cramjam.snappy.decompress_raw(BODY)))
        headers = HEADERS | {"content-encoding": "zstd"}
        assert (await client.post("/api/v1/write", content=zstd, headers=headers)).status_code == 204


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        pytest.param(b"garbage", 400, "snappy", id="not snappy"),
        pytest.param(b"", 400, "snappy", id="empty"),
        pytest.param(packed(b"\x0a\x05\x00"), 400, "truncated at byte 0", id="not protobuf"),
        pytest.param(b"\xff\xff\xff\xff\x0f" + bytes(9), 413, "receive.body_bytes_max", id="declares 4 GiB"),
    ],
)
async def test_bytes_that_cannot_be_read(serve, sink, outcomes, body: bytes, status: int, said: str) -> None:
    async with serve(routes(sink, outcomes)) as client:
        answer = await client.post("/api/v1/write", content=body, headers=HEADERS)
    assert (answer.status_code, sink.batches) == (status, [])
    assert said in answer.text
    assert answer.headers["content-type"].startswith("text/plain")
    reason = ("limited", "request that is too large") if status == 413 else ("invalid", "request that cannot be read")
    assert counted(outcomes) == {reason: 1}


@pytest.mark.parametrize(
    ("error", "status", "retry_after", "count"),
    [
        pytest.param(Overloaded("the queue is full", retry_after_s=2), 503, "2", ("limited", "queue full"), id="queue"),
        pytest.param(StoreUnavailable("engine out of memory"), 503, "5", ("limited", "store unavailable"), id="engine"),
        pytest.param(DiskFull("1.0 GiB free"), 507, "30", ("limited", "disk reserve"), id="disk"),
    ],
)
async def test_a_refusing_sink_becomes_the_answer_that_the_sender_understands(
    serve, sink, outcomes, error: Exception, status: int, retry_after: str | None, count: tuple[str, str]
) -> None:
    sink.fails = error
    async with serve(routes(sink, outcomes)) as client:
        answer = await client.post("/api/v1/write", content=BODY, headers=HEADERS)
    assert (answer.status_code, answer.text) == (status, f"{error}\n")
    assert answer.headers.get("retry-after") == retry_after
    ((outcome, reason), counts) = next(iter(counted(outcomes).items()))
    assert (outcome, counts) == (count[0], 2)
    assert count[1] in reason


async def test_a_target_with_a_wrong_clock_does_not_cost_its_neighbours(serve, sink, outcomes) -> None:
    sink.within = (1_000, 2_000)
    raw = encode([(UP, [Sample(1_500, 1.0), Sample(5, 2.0)]), ((("__name__", "late"),), [Sample(9_999, 3.0)])])
    async with serve(routes(sink, outcomes)) as client:
        answer = await client.post("/api/v1/write", content=packed(raw), headers=HEADERS)
    assert answer.status_code == 400
    assert "(1000, 2000)" in answer.text
    assert [(batch.ts_ms.tolist(), batch.value.tolist()) for batch in sink.batches] == [([1_500], [1.0])]
    assert [new.labels.metric for new in sink.batches[0].introduced] == ["up"]
    assert counted(outcomes) == {("invalid", "timestamp out of bounds"): 2, ("accepted", ""): 1}


async def test_what_is_left_out_is_counted_and_the_rest_is_taken(serve, sink, outcomes) -> None:
    raw = encode([((("job", "node"),), [Sample(1, 1.0)] * 3), (UP, [Sample(1, 1.0)])])
    raw += b"\x1a\x00"  # metadata that names nothing
    async with serve(routes(sink, outcomes)) as client:
        assert (await client.post("/api/v1/write", content=packed(raw), headers=HEADERS)).status_code == 204
    assert [len(batch) for batch in sink.batches] == [1]
    assert counted(outcomes) == {
        ("accepted", ""): 1,
        ("invalid", "series without __name__"): 3,
        ("invalid", "metadata without a readable name"): 1,
    }


LATENCY = (("__name__", "latency"), ("job", "api"))
HISTOGRAM = NativeHistogram(3, 5.0, 2.5, 0.001, 1.0, Buckets((-1, 4), (1.0, 3.0)))
HEADERS_OF = pytest.mark.parametrize("version", ["1.0", "2.0"])


def request_of(version: str, *series) -> dict[str, Any]:
    body = encode(series) if version == "1.0" else v2.encode([v2.TimeSeries(*one) for one in series])
    return {"content": packed(body), "headers": HEADERS if version == "1.0" else V2}


@HEADERS_OF
async def test_native_histograms_are_written_beside_floats(serve, sink, outcomes, version: str) -> None:
    sample = HistogramSample(Labels.from_pairs(LATENCY).series_id(), 1_000, HISTOGRAM)
    ended = HistogramSample(0, 2_000, NativeHistogram(0, 0.0, STALE_NAN))
    async with serve(routes(sink, outcomes)) as client:
        request = request_of(version, (UP, [Sample(1_000, 1.0)]), (LATENCY, [sample, ended]))
        answer = await client.post("/api/v1/write", **request)
    assert (answer.status_code, answer.text) == (204, "")
    (batch,) = sink.batches
    assert batch.histograms == (sample,)
    assert dict(zip(batch.series.tolist(), batch.ts_ms.tolist(), strict=True))[sample.series] == 2_000
    assert {new.labels.metric for new in batch.introduced} == {"up", "latency"}
    assert counted(outcomes) == {("accepted", ""): 3}
    if version == "2.0":
        assert written(answer) == ("1", "2", "0")


@HEADERS_OF
async def test_a_histogram_that_breaks_a_rule_is_named_and_the_rest_is_stored(serve, sink, outcomes, version) -> None:
    bad = HistogramSample(0, 1_000, NativeHistogram(60, 1.0, 1.0))
    async with serve(routes(sink, outcomes)) as client:
        request = request_of(version, (UP, [Sample(1_000, 1.0)]), (LATENCY, [bad]))
        answer = await client.post("/api/v1/write", **request)
    assert answer.status_code == 400
    assert 'left out: 1 native histograms, the first of latency{job="api"}: histogram has an invalid' in answer.text
    assert [(len(batch), batch.histograms) for batch in sink.batches] == [(1, ())]
    assert counted(outcomes) == {("accepted", ""): 1, ("invalid", "native histogram that breaks a rule"): 1}


async def test_a_histogram_of_an_impossible_time_costs_itself(serve, sink, outcomes) -> None:
    sink.within = (1_000, 2_000)
    points = [HistogramSample(0, ts, HISTOGRAM) for ts in (1_500, 9_999)]
    async with serve(routes(sink, outcomes)) as client:
        answer = await client.post("/api/v1/write", **request_of("1.0", (LATENCY, points)))
    assert (answer.status_code, [one.ts_ms for one in sink.batches[0].histograms]) == (400, [1_500])
    assert counted(outcomes) == {("invalid", "timestamp out of bounds"): 1, ("accepted", ""): 1}


async def test_many_histograms_are_read_beside_the_event_loop(serve, sink, outcomes) -> None:
    points = [HistogramSample(0, ts, HISTOGRAM) for ts in range(1, 601)]
    assert FastDecoder().decode(encode([(LATENCY, points)])).histogram_bytes > HISTOGRAM_BYTES_INLINE_MAX
    async with serve(routes(sink, outcomes)) as client:
        for _ in range(2):  # The first request loads the decoder in a thread anyway.
            request = request_of("1.0", (LATENCY, points))
            assert (await client.post("/api/v1/write", **request)).status_code == 204
    assert [len(batch.histograms) for batch in sink.batches] == [600, 600]


async def test_an_empty_request_is_fine_and_writes_nothing(serve, sink, outcomes) -> None:
    async with serve(routes(sink, outcomes)) as client:
        assert (await client.post("/api/v1/write", content=packed(b""), headers=HEADERS)).status_code == 204
    assert sink.batches == []


async def test_a_large_body_is_decoded_beside_the_event_loop(serve, sink, outcomes) -> None:
    series = [
        ((("__name__", "m"), ("n", f"{number:x}-{number * 7919:x}")), [Sample(1, 1.0)]) for number in range(60_000)
    ]
    body = packed(encode(series))
    turns_s: list[float] = []
    done = False

    async def watch() -> None:
        while not done:
            before_s = time.perf_counter()
            await asyncio.sleep(0.005)
            turns_s.append(time.perf_counter() - before_s)

    async with serve(routes(sink, outcomes)) as client:
        watching = asyncio.ensure_future(watch())
        answer = await client.post("/api/v1/write", content=body, headers=HEADERS, timeout=60)
        done = True
        await watching
    assert (answer.status_code, len(sink.batches[0])) == (204, 60_000)
    # The decoding takes a second; the loop goes on meanwhile. The median, because others use this machine too.
    assert len(turns_s) >= 10
    assert sorted(turns_s)[len(turns_s) // 2] < 0.1


async def test_many_requests_at_once_never_hold_more_than_the_bound(serve, sink, outcomes) -> None:
    limits = ReceiveLimits(in_flight_bytes_max=500)

    class SlowSink(type(sink)):
        async def write(self, batch) -> None:
            await asyncio.sleep(0.05)
            await super().write(batch)

    async with serve(routes(SlowSink(), outcomes, limits)) as client:
        posts = [client.post("/api/v1/write", content=BODY, headers=HEADERS) for _ in range(10)]
        answers: list[httpx.Response] = await asyncio.gather(*posts)
        statuses = {answer.status_code for answer in answers}
        assert statuses == {204, 503}
        assert (await client.post("/api/v1/write", content=BODY, headers=HEADERS)).status_code == 204


V2 = HEADERS | {
    "content-type": "application/x-protobuf;proto=io.prometheus.write.v2.Request",
    "x-prometheus-remote-write-version": "2.0.0",
}
TRACE = v2.Told((("trace_id", "abc"),), 0.5, 1_500)
SECOND = v2.TimeSeries(UP, [Sample(1_000, 1.0), Sample(2_000, 0.0)], [TRACE], "gauge", "alive")


def written(answer: httpx.Response) -> tuple[str, ...]:
    return tuple(
        answer.headers[f"x-prometheus-remote-write-{what}-written"] for what in ("samples", "histograms", "exemplars")
    )


async def test_2_0_says_how_much_was_written(serve, sink, outcomes) -> None:
    async with serve(routes(sink, outcomes)) as client:
        answers = [
            await client.post("/api/v1/write", content=packed(v2.encode([SECOND])), headers=V2) for _ in range(2)
        ]
    assert [(answer.status_code, written(answer)) for answer in answers] == [(204, ("2", "0", "1"))] * 2
    first, second = sink.batches
    assert (first.ts_ms.tolist(), first.value.tolist()) == ([1_000, 2_000], [1.0, 0.0])
    assert first.exemplars == (Exemplar(int(first.series[0]), Labels.of(trace_id="abc"), 0.5, 1_500),)
    assert first.metadata == (MetricMetadata("up", "gauge", "alive"),)
    assert (second.introduced, second.metadata) == ((), ()), "what is stored is not told again"
    accepted = {tally.signal: count for tally, count in outcomes.rows()}
    assert accepted == {"metrics": 4, "exemplars": 2}


async def test_2_0_stores_what_is_good_and_answers_400_for_the_rest(serve, sink, outcomes) -> None:
    bad = v2.TimeSeries((("job", "node"),), [Sample(1, 1.0)])
    async with serve(routes(sink, outcomes)) as client:
        answer = await client.post("/api/v1/write", content=packed(v2.encode([bad, SECOND])), headers=V2)
        assert (answer.status_code, written(answer)) == (400, ("2", "0", "1"))
        assert "1 series without __name__ (1 samples)" in answer.text
        sink.within = (1_500, 10_000)
        answer = await client.post("/api/v1/write", content=packed(v2.encode([SECOND])), headers=V2)
        assert (answer.status_code, written(answer)) == (400, ("1", "0", "1"))
    assert len(sink.batches) == 2


async def test_2_0_metadata_of_a_write_that_failed_come_again(serve, sink, outcomes) -> None:
    body = packed(v2.encode([SECOND]))
    sink.fails = StoreUnavailable("engine out of memory")
    async with serve(routes(sink, outcomes)) as client:
        answer = await client.post("/api/v1/write", content=body, headers=V2)
        assert (answer.status_code, written(answer)) == (503, ("0", "0", "0"))
        sink.fails = None
        await client.post("/api/v1/write", content=body, headers=V2)
    assert sink.batches[0].metadata == (MetricMetadata("up", "gauge", "alive"),)


async def test_a_1_0_message_sent_as_2_0_is_told_so(serve, sink, outcomes) -> None:
    async with serve(routes(sink, outcomes)) as client:
        answer = await client.post("/api/v1/write", content=BODY, headers=V2)
    assert answer.status_code == 400
    assert "field of a 1.0 message" in answer.text
    assert written(answer) == ("0", "0", "0")


async def test_an_exemplar_before_the_first_sample_of_its_series_is_stored(serve, sink, outcomes) -> None:
    alone = v2.TimeSeries(UP, (), [TRACE])
    async with serve(routes(sink, outcomes)) as client:
        answer = await client.post("/api/v1/write", content=packed(v2.encode([alone])), headers=V2)
    assert (answer.status_code, written(answer)) == (204, ("0", "0", "1"))
    assert [new.labels for new in sink.batches[0].introduced] == [Labels.from_pairs(UP)]
