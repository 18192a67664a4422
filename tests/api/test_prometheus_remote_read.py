"""Remote read gives another Prometheus raw samples, with this server's external labels on them."""

from __future__ import annotations

import math
import struct
from typing import Any

import cramjam
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hannun.api.limits import ApiLimits
from hannun.api.prometheus import routes
from hannun.model.histogram import Buckets, NativeHistogram
from hannun.model.labels import Labels
from hannun.model.metric import STALE_NAN
from hannun.query.promql import PromEngine
from hannun.wire.protobuf import fields, signed
from hannun.wire.remote_write import PlainDecoder
from hannun.wire.remote_write.encode import nested, text, varint

NOW_MS = 1_700_000_000_000
EQ, NEQ, RE, NRE = range(4)


def matcher(kind: int, name: str, value: str) -> bytes:
    return nested(3, b"\x08" + varint(kind) + text(2, name) + text(3, value))


def question(start_ms: int, end_ms: int, *matchers: bytes) -> bytes:
    return nested(1, b"\x08" + varint(start_ms) + b"\x10" + varint(end_ms) + b"".join(matchers))


def snappy(body: bytes) -> bytes:
    return bytes(cramjam.snappy.compress_raw(body))


def results(body: bytes) -> list[dict[Labels, list[tuple[int, float]]]]:
    """A ReadResponse, read field by field."""
    return [
        {
            labels: samples
            for series in fields(body, result.start, result.end)
            for labels, samples in [_series(body, series.start, series.end)]
        }
        for result in fields(body, 0, len(body))
    ]


def _series(body: bytes, start: int, end: int) -> tuple[Labels, list[tuple[int, float]]]:
    pairs, samples = [], []
    for field in fields(body, start, end):
        inner = {one.number: one for one in fields(body, field.start, field.end)}
        if field.number == 1:
            name, value = (body[inner[n].start : inner[n].end].decode() for n in (1, 2))
            pairs.append((name, value))
        else:
            bits = struct.pack("<Q", inner[1].value)
            samples.append((signed(inner[2].value), struct.unpack("<d", bits)[0]))
    return Labels.from_pairs(pairs), samples


@pytest.fixture
def read(serve, reader, runner, clock):
    async def asked(body: bytes, headers: dict[str, str] | None = None, **more: Any) -> Any:
        async with serve(routes(PromEngine(reader), reader, runner, clock=clock, **more)) as client:
            return await client.post("/api/v1/read", content=body, headers=headers)

    return asked


async def test_each_question_has_its_result(read, reader) -> None:
    reader.clear()
    one = Labels.of(__name__="m", a="1")
    two = Labels.of(__name__="m", a="2")
    reader.add(one, [(NOW_MS - 1, 0.5), (NOW_MS, 1.5), (NOW_MS + 10, 2.5), (NOW_MS + 11, 3.5)])
    reader.add(two, [(NOW_MS + 5, STALE_NAN)])
    asked = question(NOW_MS, NOW_MS + 10, matcher(EQ, "__name__", "m"))
    asked += question(NOW_MS, NOW_MS + 10, matcher(RE, "a", "1|3"), matcher(NEQ, "__name__", "x"))
    asked += question(0, 1, matcher(EQ, "__name__", "m"))
    answer = await read(snappy(asked))
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-protobuf"
    assert answer.headers["content-encoding"] == "snappy"
    first, second, third = results(bytes(cramjam.snappy.decompress_raw(answer.content)))
    assert first[one] == [(NOW_MS, 1.5), (NOW_MS + 10, 2.5)], "both ends belong to the range"
    (stale,) = first[two]
    assert np.float64(stale[1]).tobytes() == np.float64(STALE_NAN).tobytes(), "markers travel bit for bit"
    assert math.isnan(stale[1])
    assert list(second) == [one]
    assert third == {}


async def test_native_histograms_are_samples_too(read, reader) -> None:
    reader.clear()
    one = NativeHistogram(3, 4.0, 2.5, positive=Buckets((-1, 4), (1.0, 3.0)))
    labels = Labels.of(__name__="latency")
    reader.add_histograms(labels, [(NOW_MS - 1, one), (NOW_MS, one), (NOW_MS + 10, one)])
    asked = snappy(question(NOW_MS, NOW_MS + 10, matcher(EQ, "__name__", "latency"), matcher(EQ, "az", "a")))
    answer = await read(asked, external_labels=lambda: {"az": "a"})
    body = bytes(cramjam.snappy.decompress_raw(answer.content))
    (result,) = fields(body, 0, len(body))
    found = PlainDecoder().decode(body[result.start : result.end])
    assert found.labels(0) == Labels.of(__name__="latency", az="a")
    assert [(one.ts_ms, one.histogram) for one in found.histograms().samples] == [(NOW_MS, one), (NOW_MS + 10, one)]


async def test_external_labels_are_added_and_true_of_everything(read, reader) -> None:
    reader.clear()
    reader.add(Labels.of(__name__="m"), [(NOW_MS, 1.0)])
    reader.add(Labels.of(__name__="m", cluster="own"), [(NOW_MS, 2.0)])
    external = {"external_labels": lambda: {"cluster": "seoul", "az": "a"}}

    async def found(*matchers: bytes) -> dict[Labels, Any]:
        answer = await read(snappy(question(0, NOW_MS, matcher(EQ, "__name__", "m"), *matchers)), **external)
        return results(bytes(cramjam.snappy.decompress_raw(answer.content)))[0]

    seoul, own = (Labels.of(__name__="m", cluster=name, az="a") for name in ("seoul", "own"))
    assert set(await found()) == {seoul, own}
    assert set(await found(matcher(EQ, "cluster", "seoul"))) == {seoul, own}, "as Prometheus has it"
    assert set(await found(matcher(EQ, "cluster", "own"))) == {own}


@pytest.mark.parametrize(
    ("body", "headers", "code", "words"),
    [
        pytest.param(b"\xff\xff", {}, 400, "snappy", id="not snappy"),
        pytest.param(snappy(b"\x0a\xff"), {}, 400, "protobuf", id="cut off"),
        pytest.param(snappy(question(0, 1, matcher(RE, "a", "("))), {}, 400, "regexp", id="a regex that is none"),
        pytest.param(snappy(question(0, 1, matcher(9, "a", "b"))), {}, 400, "matcher type", id="an unknown matcher"),
        pytest.param(snappy(b"\x10\x01"), {}, 400, "SAMPLES", id="only streamed chunks"),
        pytest.param(b"", {"content-encoding": "gzip"}, 415, "snappy", id="another encoding"),
        pytest.param(b"\x80\x80\x80\x80\x01" + b"x" * 20, {}, 413, "ask for fewer", id="a header that claims 256 MiB"),
        pytest.param(snappy(b"x" * 9_000_000), {}, 413, "ask for fewer", id="inflates"),
    ],
)
async def test_refusals_are_lines_of_text(read, body: bytes, headers: dict[str, str], code: int, words: str) -> None:
    answer = await read(body, headers)
    assert (answer.status_code, answer.headers["content-type"]) == (code, "text/plain; charset=utf-8")
    assert words in answer.text


async def test_an_answer_has_a_bound(read) -> None:
    body = snappy(question(0, NOW_MS, matcher(EQ, "__name__", "up")))
    answer = await read(body, limits=ApiLimits(answer_bytes_max=100))
    assert answer.status_code == 413


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200))
async def test_any_bytes_are_answered(read, body: bytes) -> None:
    for sent in (body, snappy(body)):
        assert (await read(sent)).status_code in (200, 400, 413)
