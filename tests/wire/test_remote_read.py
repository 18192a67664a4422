"""Remote read: what clients ask is understood, and the compiled answer is byte for byte the plain one."""

from __future__ import annotations

import contextlib
import struct

import cramjam
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hannun.model.errors import BadQuery, HannunError, TooLarge, WireError
from hannun.model.histogram import Buckets, HistogramSeries, NativeHistogram
from hannun.model.labels import Labels
from hannun.model.matcher import Matcher, MatchOp
from hannun.model.metric import STALE_NAN, SeriesColumns
from hannun.testing.histograms import histograms
from hannun.wire.protobuf import fields, signed
from hannun.wire.remote_read import ReadQuery, ReadRequest, compress, decode, encode, encode_plain, encode_series, warm
from hannun.wire.remote_write import PlainDecoder
from hannun.wire.remote_write.encode import nested, text, varint


def matcher(kind: int, name: str, value: str) -> bytes:
    return nested(3, (b"\x08" + varint(kind) if kind else b"") + text(2, name) + text(3, value))


def query(start_ms: int, end_ms: int, *matchers: bytes) -> bytes:
    return nested(1, b"\x08" + varint(start_ms % 2**64) + b"\x10" + varint(end_ms % 2**64) + b"".join(matchers))


def columns(series: list[tuple[Labels, list[tuple[int, float]]]], *, base_ms: int = 0, wide: bool = True):
    offsets = np.cumsum([0, *(len(points) for _, points in series)], dtype=np.int64)
    times = np.array([ts - base_ms for _, points in series for ts, _ in points], np.int64 if wide else np.uint32)
    values = np.array([value for _, points in series for _, value in points], np.float64)
    return SeriesColumns(tuple(labels for labels, _ in series), offsets, base_ms, times, values)


UP = Labels.of(__name__="up", instance="서울:9100")


def test_a_request_as_prometheus_sends_it() -> None:
    body = query(-5, 7_000, matcher(0, "__name__", "up"), matcher(3, "job", "a.*"), nested(4, b"\x08\x01"))
    assert decode(body + b"\x10\x01\x10\x00") == ReadRequest(
        (ReadQuery(-5, 7_000, (Matcher("__name__", MatchOp.EQUAL, "up"), Matcher("job", MatchOp.NOT_REGEX, "a.*"))),),
        (1, 0),
    )
    assert decode(body + b"\x12\x02\x01\x00").accepts == (1, 0), "packed"
    assert decode(b"") == ReadRequest(())


@pytest.mark.parametrize(
    ("accepts", "takes"), [((), True), ((0,), True), ((1, 0), True), ((1,), False)], ids=["none", "0", "both", "chunks"]
)
def test_who_takes_samples(accepts: tuple[int, ...], takes: bool) -> None:
    assert ReadRequest((), accepts).takes_samples is takes


@pytest.mark.parametrize(
    ("body", "error", "said"),
    [
        pytest.param(b"\x0a\x05\x00", WireError, "3 bytes|left|long", id="truncated"),
        pytest.param(
            query(1, 2, matcher(4, "a", "b")), WireError, "unknown matcher type 4", id="matcher of the future"
        ),
        pytest.param(query(1, 2, nested(3, nested(2, b"\xff"))), WireError, "not UTF-8", id="not UTF-8"),
        pytest.param(query(1, 2, matcher(2, "a", "(")), BadQuery, "error parsing regexp", id="bad regex"),
        pytest.param(query(1, 2, matcher(0, "", "b")), BadQuery, "names no label", id="no label"),
        pytest.param(query(1, 2) * 1_001, TooLarge, "1000 queries", id="queries"),
        pytest.param(query(1, 2, *[matcher(0, "a", "b")] * 1_001), TooLarge, "1000 matchers", id="matchers"),
    ],
)
def test_requests_that_cannot_be_answered(body: bytes, error: type[HannunError], said: str) -> None:
    with pytest.raises(error, match=said):
        decode(body)


def test_the_answer_in_protobuf() -> None:
    found = encode([columns([(UP, [(1_000, 1.0), (2_000, STALE_NAN)])], base_ms=500, wide=False)])
    (result,) = fields(found, 0, len(found))
    (series,) = fields(found, result.start, result.end)
    parts = list(fields(found, series.start, series.end))
    assert [part.number for part in parts] == [1, 1, 2, 2]
    samples = []
    for part in parts[2:]:
        value, when = fields(found, part.start, part.end)
        samples.append((signed(when.value), value.value))
    bits = struct.unpack("<Q", struct.pack("<d", STALE_NAN))[0]
    assert samples == [(1_000, struct.unpack("<Q", struct.pack("<d", 1.0))[0]), (2_000, bits)]
    assert cramjam.snappy.decompress_raw(compress(found)).read() == found


def test_an_answer_beyond_its_bound_is_not_begun() -> None:
    with pytest.raises(TooLarge, match="larger than 100 bytes"):
        encode([columns([(UP, [(1_000, 1.0)] * 5)])], bytes_max=100)


names = st.sampled_from(["up", "http_requests_total", "한글 이름"])
sets = st.builds(lambda name, job: Labels.of(__name__=name, job=job), names, st.text(max_size=200))
times = st.integers(-(2**62), 2**62)
results = st.lists(
    st.lists(st.tuples(sets, st.lists(st.tuples(times, st.floats()), min_size=1, max_size=4)), max_size=4).map(columns),
    max_size=3,
)


@settings(max_examples=150, deadline=None)
@given(results=results)
def test_the_compiled_encoder_writes_what_the_plain_one_writes(results: list[SeriesColumns]) -> None:
    assert encode(results) == encode_plain(results)


@settings(max_examples=400, deadline=None)
@given(
    body=st.one_of(
        st.binary(max_size=60), st.just(query(-5, 7_000, matcher(2, "job", "a.*"), matcher(0, "__name__", "up")))
    ),
    flips=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 255)), max_size=4),
    cut=st.integers(0, 30),
)
def test_any_bytes_give_a_request_or_an_error_of_ours(body: bytes, flips: list[tuple[int, int]], cut: int) -> None:
    spoiled = bytearray(body[: max(len(body) - cut, 0)])
    for at, byte in flips:
        if spoiled:
            spoiled[at % len(spoiled)] = byte
    with contextlib.suppress(WireError, BadQuery, TooLarge):
        assert isinstance(decode(bytes(spoiled)), ReadRequest)


def test_warming_compiles() -> None:
    warm()


ONE = NativeHistogram(3, 5.0, 2.5, 0.001, 1.0, Buckets((-1, 4), (1.0, 3.0)), reset_hint="gauge")


def test_histograms_stand_among_the_floats_in_the_order_of_labels() -> None:
    names = [Labels.of(__name__="m", a=letter) for letter in "abcde"]
    floats = columns([(names[index], [(1_000, float(index))]) for index in (4, 0, 2)], base_ms=500)
    shaped = [HistogramSeries(names[3], (1_000, 2_000), (ONE, ONE)), HistogramSeries(names[1], (1_000,), (ONE,))]
    body = encode_series(floats, shaped)
    found = PlainDecoder().decode(body)
    assert [found.labels(index) for index in range(5)] == names
    assert found.counts.tolist() == [1, 0, 1, 0, 1]
    read = found.histograms().samples
    assert [(one.series, one.ts_ms) for one in read] == [
        (names[1].series_id(), 1_000),
        (names[3].series_id(), 1_000),
        (names[3].series_id(), 2_000),
    ]
    assert {one.histogram for one in read} == {ONE}
    assert encode([floats], [shaped]) == nested(1, body)


def test_of_a_float_and_a_histogram_at_one_time_the_histogram_goes_out() -> None:
    floats = columns([(UP, [(1_000, 1.0), (2_000, STALE_NAN)])])
    found = PlainDecoder().decode(encode_series(floats, [HistogramSeries(UP, (1_000,), (ONE,))]))
    assert (found.ts_ms.tolist(), [one.ts_ms for one in found.histograms().samples]) == ([2_000], [1_000])


def test_large_histograms_count_against_the_answer() -> None:
    wide = NativeHistogram(0, 1.0, 1.0, positive=Buckets(tuple(range(1_000)), (1.0,) * 1_000))
    with pytest.raises(TooLarge, match="larger than 10000 bytes"):
        encode([columns([])], [[HistogramSeries(UP, (1,), (wide,))]], bytes_max=10_000)


@settings(max_examples=100, deadline=None)
@given(
    floats=st.dictionaries(st.sampled_from("abcd"), st.lists(st.integers(0, 9), unique=True).map(sorted)),
    shaped=st.dictionaries(st.sampled_from("abcd"), st.dictionaries(st.integers(0, 9), histograms(), min_size=1)),
)
def test_all_samples_of_any_mix_arrive_within_the_room_that_was_foreseen(
    floats: dict[str, list[int]], shaped: dict[str, dict[int, NativeHistogram]]
) -> None:
    def name(letter: str) -> Labels:
        return Labels.of(__name__=letter)

    result = columns([(name(one), [(ts, 1.0) for ts in times]) for one, times in floats.items() if times])
    series = [
        HistogramSeries(name(one), tuple(sorted(of)), tuple(of[ts] for ts in sorted(of))) for one, of in shaped.items()
    ]
    found = PlainDecoder().decode(encode_series(result, series))
    expected = {(name(one).series_id(), ts) for one, times in floats.items() for ts in times}
    held = {(name(one).series_id(), ts): of[ts] for one, of in shaped.items() for ts in of}
    assert set(zip(found.series().tolist(), found.ts_ms.tolist(), strict=True)) == expected - held.keys()
    assert {(one.series, one.ts_ms): one.histogram for one in found.histograms().samples} == held
