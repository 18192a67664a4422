"""Native histograms on the wire: what is read, what is refused and with which words, and that no bytes break it."""

from __future__ import annotations

import math
import struct
from typing import Any

import numpy as np
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from hypothesis import given, settings
from hypothesis import strategies as st

from hannun.model.errors import TooLarge, WireError
from hannun.model.histogram import CUSTOM_SCHEMA, Buckets, HistogramSample, NativeHistogram
from hannun.model.labels import Labels
from hannun.model.metric import STALE_NAN, STALE_NAN_BITS
from hannun.testing.histograms import custom_histograms, histograms, whole_histograms
from hannun.wire.native_histogram import (
    EXPOSED,
    SENT,
    BadHistogram,
    RawHistogram,
    RawSide,
    checked,
    encode,
    read_message,
    spans_of,
)
from hannun.wire.protobuf_write import double, nested, packed_doubles, packed_zigzag, whole, zigzag
from hannun.wire.remote_write import FastDecoder, PlainDecoder, RequestLimits, Sample, v2
from hannun.wire.remote_write import encode as encode_request

UP = (("__name__", "latency"), ("job", "api"))
PLAIN = NativeHistogram(0, 6.0, 7.5, 0.001, 1.0, Buckets((0, 1, 3), (1.0, 2.0, 1.0)), Buckets((-2,), (1.0,)))


def proto_class() -> Any:
    """`prometheus.Histogram` from a descriptor that is built here: an independent reading of the bytes."""
    file = descriptor_pb2.FileDescriptorProto(name="types.proto", package="prometheus", syntax="proto3")
    kinds = descriptor_pb2.FieldDescriptorProto
    span = file.message_type.add(name="BucketSpan")
    span.field.add(name="offset", number=1, type=kinds.TYPE_SINT32, label=kinds.LABEL_OPTIONAL)
    span.field.add(name="length", number=2, type=kinds.TYPE_UINT32, label=kinds.LABEL_OPTIONAL)
    made = file.message_type.add(name="Histogram")
    names = "count_int count_float sum schema zero_threshold zero_count_int zero_count_float negative_spans "
    names += "negative_deltas negative_counts positive_spans positive_deltas positive_counts reset_hint timestamp "
    names += "custom_values"
    double_, sint, uint = kinds.TYPE_DOUBLE, kinds.TYPE_SINT64, kinds.TYPE_UINT64
    types = (
        uint,
        double_,
        double_,
        kinds.TYPE_SINT32,
        double_,
        uint,
        double_,
        None,
        sint,
        double_,
        None,
        sint,
        double_,
    )
    for number, (name, kind) in enumerate(
        zip(names.split(), (*types, kinds.TYPE_INT32, kinds.TYPE_INT64, double_), strict=True), 1
    ):
        many = name.endswith(("spans", "deltas", "counts", "values"))
        made.field.add(
            name=name,
            number=number,
            type=kind or kinds.TYPE_MESSAGE,
            type_name=None if kind else ".prometheus.BucketSpan",
            label=kinds.LABEL_REPEATED if many else kinds.LABEL_OPTIONAL,
        )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("prometheus.Histogram"))


ProtoHistogram = proto_class()


def read(message: bytes) -> NativeHistogram:
    return checked(read_message(message, 0, len(message), SENT))


def bits(value: float) -> int:
    found: int = struct.unpack("<Q", struct.pack("<d", value))[0]
    return found


def raw(**fields: Any) -> RawHistogram:
    sides = {side: RawSide(**fields.pop(side)) if side in fields else RawSide() for side in ("positive", "negative")}
    total = fields.pop("sum", 0.0)
    return RawHistogram(**fields, **sides, sum_bits=bits(total))


def test_an_integer_histogram_as_a_go_client_writes_it() -> None:
    message = bytes.fromhex(
        "0806"  # count_int 6
        "190000000000001e40"  # sum 7.5
        "29fca9f1d24d62503f"  # zero_threshold 0.001, schema 0 absent
        "3001"  # zero_count_int 1
        "420408031001"  # negative span: offset -2, one bucket
        "4a0102"  # negative delta +1
        "5a021002"  # positive span: offset 0, two buckets
        "5a0408021001"  # and one behind a gap of one
        "6203020201"  # positive deltas +1 +1 -1
        "78e807"  # timestamp 1000
    )
    found = read_message(message, 0, len(message), SENT)
    assert (found.ts_ms, checked(found)) == (1_000, PLAIN)
    assert encode(PLAIN, 1_000, whole=True) == message_in_our_order()


def message_in_our_order() -> bytes:
    """Protobuf leaves the order open; ours is head first."""
    return b"".join(
        [
            whole(1, 6),
            whole(6, 1),
            double(3, 7.5),
            double(5, 0.001),
            nested(8, whole(1, zigzag(-2)) + whole(2, 1)),
            packed_zigzag(9, [1]),
            nested(11, whole(2, 2)),
            nested(11, whole(1, zigzag(1)) + whole(2, 1)),
            packed_zigzag(12, [1, 1, -1]),
            whole(15, 1_000),
        ]
    )


def test_numbers_that_repeat_may_come_one_by_one_and_the_last_kind_of_count_wins() -> None:
    spans = nested(11, whole(2, 2))
    unpacked = spans + whole(12, zigzag(1)) + whole(12, zigzag(1)) + whole(1, 3)
    assert read(unpacked).positive == Buckets((0, 1), (1.0, 2.0))
    floats = spans + double(13, 0.5) + double(13, 1.5) + whole(1, 3) + double(2, 9.0)
    assert (read(floats).count, read(floats).positive) == (9.0, Buckets((0, 1), (0.5, 1.5)))


def test_empty_buckets_are_left_out() -> None:
    found = checked(raw(count=2, positive={"spans": [(0, 3)], "deltas": [1, -1, 1]}))
    assert found.positive == Buckets((0, 2), (1.0, 1.0))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        pytest.param(
            raw(count=1, positive={"spans": [(0, 2)], "deltas": [1]}),
            "positive side: spans need 2 buckets, have 1 buckets: histogram spans specify different number of buckets",
            id="fewer counts than the spans say",
        ),
        pytest.param(
            raw(negative={"spans": [(0, 1_000_000_000)], "deltas": [0]}),
            "negative side: spans need 1000000000 buckets, have 1 buckets",
            id="a span of a thousand million",
        ),
        pytest.param(
            raw(count=2, positive={"spans": [(0, 1), (-1, 1)], "deltas": [1, 0]}),
            "positive side: span number 2 with offset -1: histogram has a span whose offset is negative",
            id="a span that goes back",
        ),
        pytest.param(
            raw(count=0, positive={"spans": [(0, 2)], "deltas": [1, -2]}),
            "positive side: bucket number 2 has observation count of -1.0: histogram has a bucket whose observation",
            id="a count below zero",
        ),
        pytest.param(
            raw(floats=True, count=1.0, negative={"spans": [(0, 1)], "counts": [-0.5]}),
            "negative side: bucket number 1 has observation count of -0.5",
            id="a float count below zero",
        ),
        pytest.param(
            raw(count=3, positive={"spans": [(0, 1)], "deltas": [1]}, zero_count=1),
            "2 observations found in buckets, but the Count field is 3: histogram's observation count should equal",
            id="buckets that do not add up",
        ),
        pytest.param(
            raw(count=1, sum=math.nan, positive={"spans": [(0, 1)], "deltas": [2]}),
            "2 observations found in buckets, but the Count field is 1: histogram's observation count should be at",
            id="NaN was observed, and still too few",
        ),
        pytest.param(raw(floats=True, count=-1.0), "observation count is -1.0", id="a count below zero altogether"),
        pytest.param(
            raw(floats=True, zero_count=-1.0),
            "zero bucket has observation count of -1.0",
            id="a zero bucket below zero",
        ),
        pytest.param(
            raw(schema=-5), "histogram has an invalid schema -5, which must be between -4 and 8", id="schema -5"
        ),
        pytest.param(raw(schema=53), "histogram has an invalid schema 53", id="schema 53"),
        pytest.param(
            raw(custom_values=[1.0]),
            "histogram with exponential schema must not have custom bounds",
            id="bounds with powers",
        ),
        pytest.param(
            raw(floats=True, positive={"spans": [(2**31 - 1, 2)], "counts": [1.0, 1.0]}),
            "positive side: a bucket with the index 2147483648 cannot be",
            id="an index beyond 32 bits",
        ),
        pytest.param(
            raw(schema=CUSTOM_SCHEMA, custom_values=[1.0, 1.0]),
            "custom buckets: bound number 2 is 1.0 after 1.0: histogram custom bounds must be in strictly increasing",
            id="bounds that do not rise",
        ),
        pytest.param(
            raw(schema=CUSTOM_SCHEMA, custom_values=[1.0, math.inf]), "bounds must be finite", id="an infinite bound"
        ),
        pytest.param(
            raw(schema=CUSTOM_SCHEMA, custom_values=[math.nan]), "bounds must be finite", id="a bound that is no number"
        ),
        pytest.param(
            raw(schema=CUSTOM_SCHEMA, custom_values=[1.0], count=3, positive={"spans": [(0, 3)], "deltas": [1, 0, 0]}),
            "only 1 custom bounds defined which is insufficient to cover total span length of 3",
            id="more buckets than bounds",
        ),
        pytest.param(
            raw(schema=CUSTOM_SCHEMA, zero_count=1), "custom buckets: must have zero count of 0", id="custom with zeros"
        ),
        pytest.param(
            raw(schema=CUSTOM_SCHEMA, zero_threshold=0.1),
            "custom buckets: must have zero threshold of 0",
            id="custom with a threshold",
        ),
        pytest.param(
            raw(schema=CUSTOM_SCHEMA, negative={"spans": [(0, 0)]}),
            "custom buckets: must not have negative spans",
            id="custom with a negative side",
        ),
    ],
)
def test_what_breaks_a_rule_is_refused_in_the_words_of_prometheus(given: RawHistogram, words: str) -> None:
    with pytest.raises(BadHistogram) as caught:
        checked(given)
    assert words in str(caught.value)


def test_an_observation_of_nan_lies_in_no_bucket() -> None:
    found = checked(raw(count=3, sum=math.nan, positive={"spans": [(0, 1)], "deltas": [2]}))
    assert (found.count, math.isnan(found.sum)) == (3.0, True)


def test_a_finer_schema_than_ours_is_brought_down() -> None:
    """Schema 10 has four buckets where schema 8 has one: 1..4 are its first, 5..8 its second, -3..0 the one before."""
    fine = raw(schema=10, count=10, positive={"spans": [(-3, 9)], "deltas": [1, 0, 0, 0, 0, 0, 0, 0, 1]})
    found = checked(fine)
    assert (found.schema, found.positive) == (8, Buckets((0, 1, 2), (4.0, 4.0, 2.0)))


@pytest.mark.parametrize(
    ("index", "spans"),
    [
        pytest.param((), [], id="none"),
        pytest.param((-2, -1, 0, 4), [(-2, 3), (3, 1)], id="a gap of three"),
        pytest.param((7,), [(7, 1)], id="one"),
    ],
)
def test_spans_hold_exactly_the_buckets(index: tuple[int, ...], spans: list[tuple[int, int]]) -> None:
    assert spans_of(index) == spans


@settings(max_examples=200, deadline=None)
@given(histogram=histograms(), ts_ms=st.integers(-(2**63), 2**63 - 1))
def test_what_is_written_is_read_back(histogram: NativeHistogram, ts_ms: int) -> None:
    message = encode(histogram, ts_ms)
    found = read_message(message, 0, len(message), SENT)
    assert (found.ts_ms, checked(found)) == (ts_ms, histogram)


@settings(max_examples=200, deadline=None)
@given(histogram=st.one_of(whole_histograms(), custom_histograms()))
def test_whole_counts_survive_as_integers(histogram: NativeHistogram) -> None:
    message = encode(histogram, 7, whole=True)
    assert read(message) == histogram
    theirs = ProtoHistogram()
    theirs.ParseFromString(message)
    assert (theirs.count_int, theirs.schema, theirs.sum) == (histogram.count, histogram.schema, histogram.sum)
    assert sum(span.length for span in theirs.positive_spans) == len(histogram.positive)
    assert np.cumsum(theirs.positive_deltas).tolist() == list(histogram.positive.count)
    assert list(theirs.custom_values) == list(histogram.custom_values)


@settings(max_examples=500, deadline=None)
@given(
    histogram=histograms(),
    flips=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=4),
    cut=st.integers(0, 40),
    layout=st.sampled_from([SENT, EXPOSED]),
)
def test_any_bytes_give_a_histogram_or_a_wire_error(
    histogram: NativeHistogram, flips: list[tuple[int, int]], cut: int, layout: Any
) -> None:
    spoiled = bytearray(encode(histogram, 1))
    spoiled = spoiled[: max(len(spoiled) - cut, 0)]
    for at, byte in flips:
        if spoiled:
            spoiled[at % len(spoiled)] = byte
    body = bytes(spoiled)
    try:
        made = checked(read_message(body, 0, len(body), layout))
    except WireError:
        return
    assert made.schema == CUSTOM_SCHEMA or -4 <= made.schema <= 8
    assert list(made.positive.index) == sorted(set(made.positive.index))


@pytest.mark.parametrize("decoder", [FastDecoder, PlainDecoder, v2.FastDecoder, v2.PlainDecoder])
class TestRequests:
    """Histograms beside floats, through both versions' decoders."""

    @staticmethod
    def body(decoder: Any, *series: Any) -> bytes:
        if decoder in (FastDecoder, PlainDecoder):
            return encode_request(series)
        return v2.encode([v2.TimeSeries(pairs, list(points)) for pairs, points in series])

    def test_floats_and_histograms_of_one_request(self, decoder: Any) -> None:
        other = (("__name__", "other"),)
        body = self.body(
            decoder, (UP, [HistogramSample(0, 5, PLAIN), Sample(6, 1.5)]), (other, [HistogramSample(0, -7, PLAIN)])
        )
        columns = decoder().decode(body)
        found = columns.histograms()
        first, second = columns.ids.tolist()
        assert (columns.series().tolist(), columns.ts_ms.tolist()) == ([first], [6])
        assert found.samples == (HistogramSample(first, 5, PLAIN), HistogramSample(second, -7, PLAIN))
        assert (found.refused, found.fault) == (0, "")

    def test_the_marker_in_a_sum_ends_the_series(self, decoder: Any) -> None:
        ended = HistogramSample(0, 9, NativeHistogram(0, 0.0, STALE_NAN))
        columns = decoder().decode(self.body(decoder, (UP, [ended])))
        found = columns.histograms()
        assert (found.samples, found.ended_series.tolist(), found.ended_ts_ms.tolist()) == (
            (),
            columns.ids.tolist(),
            [9],
        )
        assert found.ended_value.view(np.uint64).tolist() == [STALE_NAN_BITS]

    def test_a_bad_one_names_its_series_and_costs_nobody_else(self, decoder: Any) -> None:
        bad = HistogramSample(0, 1, NativeHistogram(0, -1.0, 0.0))
        columns = decoder().decode(
            self.body(decoder, (UP, [bad, HistogramSample(0, 2, PLAIN)]), (UP, [Sample(3, 1.0)]))
        )
        found = columns.histograms()
        assert [one.ts_ms for one in found.samples] == [2]
        assert found.refused == 1
        assert found.fault == (
            'latency{job="api"}: observation count is -1.0: histogram\'s observation count is negative'
        )

    def test_those_of_a_refused_series_count_as_its_samples(self, decoder: Any) -> None:
        bad = HistogramSample(0, 2, NativeHistogram(0, -1.0, 0.0))
        nameless = ((("job", "x"),), [HistogramSample(0, 1, PLAIN), bad, Sample(3, 1.0)])
        columns = decoder().decode(self.body(decoder, nameless, (UP, [HistogramSample(0, 4, PLAIN)])))
        assert [(cost.series, cost.samples) for cost in columns.refused.values()] == [(1, 3)]
        found = columns.histograms()
        assert [(one.series, one.ts_ms) for one in found.samples] == [(columns.ids[0], 4)]
        assert (found.refused, found.fault) == (0, "")

    def test_more_than_a_request_may_hold(self, decoder: Any) -> None:
        many = self.body(decoder, *[(UP, [HistogramSample(0, ts, PLAIN) for ts in range(100)])] * 3)
        with pytest.raises(TooLarge, match="more than 299 native histograms"):
            decoder(request=RequestLimits(histograms_max=299)).decode(many)
        columns = decoder().decode(many)
        assert len(columns.histograms().samples) == 300
        with pytest.raises(TooLarge, match="more than 1000 buckets of native histograms"):
            columns.histograms(RequestLimits(buckets_max=1_000))
        with pytest.raises(TooLarge, match="more than 1000 bytes of native histograms"):
            columns.histograms(RequestLimits(histogram_bytes_max=1_000))

    @settings(max_examples=60, deadline=None)
    @given(rows=st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9), histograms()), max_size=5))
    def test_all_that_is_sent_arrives(self, decoder: Any, rows: list[tuple[str, int, NativeHistogram]]) -> None:
        series = [((("__name__", name),), [HistogramSample(0, ts, one)]) for name, ts, one in rows]
        found = decoder().decode(self.body(decoder, *series)).histograms()
        expected = tuple(HistogramSample(Labels.of(__name__=name).series_id(), ts, one) for name, ts, one in rows)
        assert found.samples == expected


def test_buckets_are_bounded_before_they_are_numbers() -> None:
    for message in (packed_doubles(13, [0.0] * 70_000), nested(12, bytes(70_000)), nested(11, b"") * 70_000):
        with pytest.raises(BadHistogram, match="more than 65536 buckets"):
            read_message(message, 0, len(message), SENT)
