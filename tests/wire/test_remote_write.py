"""Remote write 1.0: the compiled decoder means what the plain one means, and both mean what protobuf says."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cramjam
import numpy as np
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hannun.model.errors import TooLarge, WireError
from hannun.model.exemplar import Exemplar
from hannun.model.histogram import HistogramSample
from hannun.model.labels import Labels
from hannun.model.metric import STALE_NAN_BITS, MetricMetadata
from hannun.testing.histograms import histograms
from hannun.wire.compression import Room, snappy_block, snappy_view
from hannun.wire.remote_write import (
    FastDecoder,
    PlainDecoder,
    Refusal,
    Refused,
    RequestLimits,
    Sample,
    SeriesLimits,
    WriteColumns,
    encode,
)
from hannun.wire.remote_write.encode import varint

Decoder = FastDecoder | PlainDecoder
UP = (("__name__", "up"), ("instance", "a:9100"), ("job", "node"))


def proto_classes() -> Callable[[], Any]:
    """`prometheus.WriteRequest` from a descriptor that is built here: the third, independent reading of the bytes."""
    file = descriptor_pb2.FileDescriptorProto(name="remote.proto", package="prometheus", syntax="proto3")
    kinds = descriptor_pb2.FieldDescriptorProto

    def message(name: str, *fields: tuple[str, int, int, str]) -> None:
        made = file.message_type.add(name=name)
        for field, number, kind, of in fields:
            label = kinds.LABEL_REPEATED if of.endswith("*") else kinds.LABEL_OPTIONAL
            made.field.add(name=field, number=number, type=kind, label=label, type_name=of.rstrip("*") or None)

    # Text is `bytes` here: gogo's proto3 strings, which real receivers use, do not check UTF-8 either.
    message("Label", ("name", 1, kinds.TYPE_BYTES, ""), ("value", 2, kinds.TYPE_BYTES, ""))
    message("Sample", ("value", 1, kinds.TYPE_DOUBLE, ""), ("timestamp", 2, kinds.TYPE_INT64, ""))
    message("Other")
    message(
        "TimeSeries",
        ("labels", 1, kinds.TYPE_MESSAGE, ".prometheus.Label*"),
        ("samples", 2, kinds.TYPE_MESSAGE, ".prometheus.Sample*"),
        ("exemplars", 3, kinds.TYPE_MESSAGE, ".prometheus.Other*"),
        ("histograms", 4, kinds.TYPE_MESSAGE, ".prometheus.Other*"),
    )
    message("WriteRequest", ("timeseries", 1, kinds.TYPE_MESSAGE, ".prometheus.TimeSeries*"))
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("prometheus.WriteRequest"))


WriteRequest = proto_classes()


@pytest.fixture(params=[FastDecoder, PlainDecoder], ids=["fast", "plain"])
def decoder(request: pytest.FixtureRequest) -> Decoder:
    return request.param()


def flat(columns: WriteColumns) -> dict[str, Any]:
    """Everything that two equal answers share, comparable with ==; values as bits, because NaN differs from itself."""
    return {
        "labels": [columns.labels(index) for index in range(len(columns.ids))],
        "ids": columns.ids.tolist(),
        "counts": columns.counts.tolist(),
        "series": columns.series().tolist(),
        "ts_ms": columns.ts_ms.tolist(),
        "bits": columns.value.view(np.uint64).tolist(),
        "metadata": columns.metadata,
        "refused": dict(columns.refused),
        "metadata_refused": columns.metadata_refused,
        "exemplars": [(one.series, one.labels, struct.pack("<d", one.value), one.ts_ms) for one in columns.exemplars],
        "exemplars_refused": columns.exemplars_refused,
        "shapes": columns.shapes.tolist(),
    }


def outcome(decoder: Decoder, body: bytes) -> dict[str, Any] | None:
    """None: refused with an error of ours. Any other exception is the bug this file looks for."""
    try:
        return flat(decoder.decode(body))
    except (WireError, TooLarge):
        return None


def nested(number: int, payload: bytes) -> bytes:
    return bytes([number << 3 | 2]) + varint(len(payload)) + payload


def test_samples_come_out_as_columns(decoder: Decoder) -> None:
    down = (*UP[:1], ("instance", "b:9100"), UP[2])
    found = decoder.decode(encode([(UP, [Sample(1_000, 1.0), Sample(2_000, 0.5)]), (down, [Sample(-3, -0.0)])]))
    assert [found.labels(0), found.labels(1)] == [Labels.from_pairs(UP), Labels.from_pairs(down)]
    assert found.ids.tolist() == [Labels.from_pairs(UP).series_id(), Labels.from_pairs(down).series_id()]
    assert found.series().tolist() == [found.ids[0], found.ids[0], found.ids[1]]
    assert found.ts_ms.tolist() == [1_000, 2_000, -3]
    assert found.value.tolist() == [1.0, 0.5, -0.0]
    assert (found.ids.dtype, found.ts_ms.dtype, found.value.dtype) == (np.uint64, np.int64, np.float64)


def test_the_bits_of_a_staleness_marker_are_kept(decoder: Decoder) -> None:
    stale = struct.unpack("<d", struct.pack("<Q", STALE_NAN_BITS))[0]
    found = decoder.decode(encode([(UP, [Sample(1, stale)])]))
    assert found.value.view(np.uint64).tolist() == [STALE_NAN_BITS]


def test_unsorted_labels_and_empty_values_name_the_same_series(decoder: Decoder) -> None:
    odd = (("job", "node"), ("empty", ""), ("instance", "a:9100"), ("__name__", "up"))
    found = decoder.decode(encode([(odd, [Sample(1, 1.0)])]))
    assert found.ids.tolist() == [Labels.from_pairs(UP).series_id()]


@pytest.mark.parametrize(
    ("pairs", "why"),
    [
        pytest.param((("job", "node"),), Refusal.NO_NAME, id="no __name__"),
        pytest.param((("__name__", ""), ("job", "node")), Refusal.NO_NAME, id="empty __name__"),
        pytest.param((("__name__", "up"), ("a", "1"), ("a", "2")), Refusal.DOUBLED_NAME, id="label named twice"),
        pytest.param((("__name__", "up"), ("", "1")), Refusal.EMPTY_NAME, id="label without a name"),
        pytest.param((("__name__", "up"), ("a", "1"), ("b", "2"), ("c", "3")), Refusal.TOO_MANY_LABELS, id="labels"),
        pytest.param((("__name__", "up"), ("n" * 21, "1")), Refusal.NAME_TOO_LONG, id="long name"),
        pytest.param((("__name__", "up"), ("n", "v" * 31)), Refusal.VALUE_TOO_LONG, id="long value"),
        pytest.param((), Refusal.NO_NAME, id="no labels at all"),
    ],
)
@pytest.mark.parametrize("make", [FastDecoder, PlainDecoder], ids=["fast", "plain"])
def test_a_bad_series_is_counted_and_its_neighbours_are_taken(
    make: type[FastDecoder] | type[PlainDecoder], pairs: tuple[tuple[str, str], ...], why: Refusal
) -> None:
    decoder = make(SeriesLimits(labels_max=3, name_bytes_max=20, value_bytes_max=30))
    body = encode([(UP, [Sample(1, 1.0)]), (pairs, [Sample(2, 2.0), Sample(3, 3.0)]), (UP, [Sample(4, 4.0)])])
    for _ in range(2):  # the second time from the cache
        found = decoder.decode(body)
        assert found.ts_ms.tolist() == [1, 4]
        assert found.refused == {why: Refused(series=1, samples=2)}


def test_a_label_that_is_not_utf8_is_refused(decoder: Decoder) -> None:
    broken = nested(1, nested(1, b"__name__") + nested(2, b"\xea\xb0")) + nested(2, b"")
    found = decoder.decode(nested(1, broken))
    assert found.refused == {Refusal.NOT_UTF8: Refused(series=1, samples=1)}


def test_metadata_is_read(decoder: Decoder) -> None:
    entry = MetricMetadata("up", "gauge", "1: 살아 있다", "")
    assert decoder.decode(encode([], [entry])).metadata == (entry,)


@pytest.mark.parametrize(
    ("message", "read", "refused"),
    [
        pytest.param(b"", (), 1, id="names no metric"),
        pytest.param(b"\x08\x63" + nested(2, b"x"), (MetricMetadata("x", "unknown"),), 0, id="type of the future"),
        pytest.param(nested(2, b"\xff"), (), 1, id="not UTF-8"),
    ],
)
def test_odd_metadata(decoder: Decoder, message: bytes, read: tuple[MetricMetadata, ...], refused: int) -> None:
    found = decoder.decode(nested(3, message))
    assert (found.metadata, found.metadata_refused) == (read, refused)


def test_native_histograms_are_found(decoder: Decoder) -> None:
    series = nested(1, nested(1, b"__name__") + nested(2, b"up")) + nested(4, b"\x08\x01") + nested(4, b"")
    found = decoder.decode(nested(1, series))
    assert (len(found.ids), len(found.ts_ms)) == (1, 0)
    assert [found.body[start:end] for _, start, end in found.shapes.tolist()] == [b"\x08\x01", b""]
    assert found.shapes[:, 0].tolist() == [0, 0]


def exemplar(pairs: dict[str, str], value: float, ts_ms: int) -> bytes:
    labels = [nested(1, nested(1, name.encode()) + nested(2, text.encode())) for name, text in pairs.items()]
    return nested(3, b"".join(labels) + b"\x11" + struct.pack("<d", value) + b"\x18" + bytes([ts_ms]))


def test_exemplars_belong_to_their_series(decoder: Decoder) -> None:
    names = [nested(1, nested(1, b"__name__") + nested(2, name)) for name in (b"a", b"b")]
    body = nested(1, names[0] + exemplar({"trace_id": "x"}, 0.5, 7)) + nested(1, exemplar({}, 1.0, 8) + names[1])
    found = decoder.decode(body)
    series = found.ids.tolist()
    assert found.exemplars == (
        Exemplar(series[0], Labels.of(trace_id="x"), 0.5, 7),
        Exemplar(series[1], Labels(), 1.0, 8),
    )


@pytest.mark.parametrize(
    "told",
    [
        pytest.param(exemplar({"trace_id": "x" * 121}, 1.0, 1), id="129 letters"),
        pytest.param(exemplar({"": "x"}, 1.0, 1), id="no label name"),
        pytest.param(exemplar({"__name__": "x"}, 1.0, 1), id="a metric name"),
        pytest.param(nested(3, nested(1, nested(1, b"\xff") + nested(2, b"x"))), id="not UTF-8"),
        pytest.param(nested(3, nested(1, nested(1, b"a")) * 2), id="doubled"),
    ],
)
def test_a_bad_exemplar_costs_itself_and_not_its_sample(decoder: Decoder, told: bytes) -> None:
    series = nested(1, nested(1, b"__name__") + nested(2, b"up")) + told + nested(2, b"\x10\x07")
    found = decoder.decode(nested(1, series))
    assert (found.exemplars, found.exemplars_refused, found.ts_ms.tolist()) == ((), 1, [7])


def test_the_exemplar_of_a_refused_series_is_refused_too(decoder: Decoder) -> None:
    found = decoder.decode(nested(1, exemplar({"trace_id": "x"}, 1.0, 1)))
    assert (found.exemplars, found.exemplars_refused) == ((), 1)


DATA = Path(__file__).parent.parent / "data" / "remote_write"


@pytest.mark.parametrize(
    ("file", "series", "stale", "described", "one"),
    [
        pytest.param("samples", 387, 0, 0, 'up{instance="127.0.0.1:19390", job="p"}', id="first batch"),
        pytest.param("metadata", 0, 0, 202, None, id="metadata alone"),
        pytest.param("stale", 5, 5, 0, 'up{instance="127.0.0.1:1", job="gone"}', id="a target was taken away"),
    ],
)
def test_what_prometheus_2_42_really_sent(
    decoder: Decoder, file: str, series: int, stale: int, described: int, one: str | None
) -> None:
    found = decoder.decode(snappy_block((DATA / f"prometheus-2.42-{file}.snappy").read_bytes(), 1 << 20))
    assert (len(found.ids), len(found.ts_ms), len(found.metadata)) == (series, series, described)
    assert int((found.value.view(np.uint64) == STALE_NAN_BITS).sum()) == stale
    assert (dict(found.refused), found.metadata_refused, found.exemplars, len(found.shapes)) == ({}, 0, (), 0)
    names = [str(found.labels(index)) for index in range(series)]
    assert one is None or one in names
    assert found.ids.tolist() == [found.labels(index).series_id() for index in range(series)]
    assert flat(found) == flat(PlainDecoder().decode(found.body))


BROKEN = {
    "truncated tag": b"\x80",
    "truncated length": b"\x0a",
    "length beyond the end": b"\x0a\x05\x00",
    "length of 2^64-1": b"\x0a" + b"\xff" * 9 + b"\x01",
    "length of 2^63": b"\x0a" + b"\x80" * 9 + b"\x01",
    "varint of 11 bytes": b"\x0a" + b"\x80" * 10 + b"\x01",
    "varint above 64 bits": b"\x08" + b"\xff" * 9 + b"\x02",
    "field number 0": b"\x02\x00",
    "field number 2^29": b"\x82\x80\x80\x80\x10\x00",
    "start of a group": b"\x2b",
    "wire type 7": b"\x2f",
    "series as a number": b"\x08\x01",
    "metadata as a number": b"\x18\x01",
    "sample with a text value": nested(1, nested(2, nested(1, b""))),
    "sample with a fixed timestamp": nested(1, nested(2, b"\x11" + bytes(8))),
    "sample cut in its value": nested(1, nested(2, b"\x09" + bytes(7))),
    "sample cut in its timestamp": nested(1, nested(2, b"\x09" + bytes(8) + b"\x10\x80")),
    "label with a number for a name": nested(1, nested(1, b"\x08\x01")),
    "exemplar as a number": nested(1, b"\x18\x01"),
    "label longer than its series": nested(1, b"\x0a\x05ab"),
    "label of a long length": nested(1, b"\x0a\xff\xff\xff\xff\x0f"),
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN.keys())
def test_broken_bytes_are_the_senders_fault_and_name_the_byte(decoder: Decoder, body: bytes) -> None:
    with pytest.raises(WireError, match=r"protobuf|remote write.*at byte \d+"):
        decoder.decode(body)


def test_an_unknown_field_is_passed_over(decoder: Decoder) -> None:
    extra = nested(15, b"later") + b"\x78\x05" + b"\x7d" + bytes(4) + b"\x79" + bytes(8)
    series = extra + nested(1, nested(1, b"__name__") + extra + nested(2, b"up")) + nested(2, extra + b"\x10\x07")
    found = decoder.decode(extra + nested(1, series + extra))
    assert (found.labels(0).metric, found.ts_ms.tolist()) == ("up", [7])


def test_the_last_of_a_repeated_scalar_wins(decoder: Decoder) -> None:
    label = nested(1, nested(1, b"x") + nested(1, b"__name__") + nested(2, b"down") + nested(2, b"up"))
    found = decoder.decode(nested(1, label + nested(2, b"\x10\x01\x10\x02")))
    assert (found.labels(0).metric, found.ts_ms.tolist()) == ("up", [2])


def test_labels_between_samples_belong_to_the_same_series(decoder: Decoder) -> None:
    name, job = (nested(1, nested(1, key) + nested(2, value)) for key, value in ((b"__name__", b"up"), (b"job", b"a")))
    found = decoder.decode(nested(1, name + nested(2, b"\x10\x01") + job + nested(2, b"\x10\x02")))
    assert (found.labels(0), found.ts_ms.tolist()) == (Labels.of(__name__="up", job="a"), [1, 2])


@pytest.mark.parametrize(
    ("body", "limits"),
    [
        pytest.param(b"\x0a\x00" * 1000, RequestLimits(series_max=999), id="series"),
        pytest.param(nested(1, b"\x12\x00" * 60) * 20, RequestLimits(samples_max=1199), id="samples"),
        pytest.param(b"\x1a\x00" * 1000, RequestLimits(metadata_max=999), id="metadata"),
        pytest.param(nested(1, b"\x1a\x00" * 50) * 20, RequestLimits(exemplars_max=999), id="exemplars"),
    ],
)
@pytest.mark.parametrize("make", [FastDecoder, PlainDecoder], ids=["fast", "plain"])
def test_a_request_of_too_many_things_names_the_limit(
    make: type[FastDecoder] | type[PlainDecoder], body: bytes, limits: RequestLimits
) -> None:
    with pytest.raises(TooLarge, match=r"more than (999|1199) .*max_samples_per_send"):
        make(None, limits).decode(body)
    more = RequestLimits(series_max=1000, samples_max=1200, metadata_max=1000, exemplars_max=1000)
    make(None, more).decode(body)


def test_more_series_than_the_cache_holds_are_all_decoded() -> None:
    decoder = FastDecoder(entries_max=100)
    for start in (0, 80, 160, 0, 500):
        series = [((("__name__", f"m{number}"),), [Sample(1, 1.0)]) for number in range(start, start + 80)]
        found = decoder.decode(encode(series))
        assert [found.labels(index).metric for index in range(80)] == [f"m{n}" for n in range(start, start + 80)]
        assert found.ids.tolist() == [Labels.of(__name__=f"m{n}").series_id() for n in range(start, start + 80)]
        assert decoder.known <= 100
    decoder.forget()
    assert decoder.known == 0


def test_a_body_may_lie_where_the_one_before_lay() -> None:
    decoder, room = FastDecoder(), Room()
    bodies = [
        encode([((*UP, ("path", f"/{number}" * width)), (Sample(number, float(number)),)) for number in range(count)])
        for count, width in ((3, 9), (40, 1), (40, 1), (2, 50), (300, 3), (0, 0))
    ]
    for body in bodies * 2:
        found = decoder.decode(snappy_view(cramjam.snappy.compress_raw(body), 1 << 20, room=room))
        wanted = PlainDecoder().decode(body)
        assert [found.labels(index) for index in range(len(found.ids))] == [
            wanted.labels(index) for index in range(len(wanted.ids))
        ]
        np.testing.assert_array_equal(found.ids, wanted.ids)
        np.testing.assert_array_equal(found.value, wanted.value)


def test_many_known_series_are_found_again() -> None:
    decoder = FastDecoder()
    body = encode([((("__name__", "m"), ("n", str(number))), [Sample(number, 1.0)]) for number in range(20_000)])
    first, second = decoder.decode(body), decoder.decode(body)
    assert decoder.known == 20_000
    assert first.ids.tolist() == second.ids.tolist()
    assert len(set(first.ids.tolist())) == 20_000


names = st.sampled_from(["__name__", "job", "a", "b", "", "이름"])
pairs = st.lists(st.tuples(names, st.sampled_from(["", "x", "값", "y" * 200])), max_size=6)
times = st.integers(-(2**63), 2**63 - 1)
points = st.lists(
    st.builds(Sample, times, st.floats(allow_nan=True)) | st.builds(HistogramSample, st.just(0), times, histograms()),
    max_size=4,
)
told = st.builds(exemplar, st.dictionaries(names, st.sampled_from(["", "x", "값"])), st.floats(), st.integers(0, 127))
extra = st.builds(
    lambda told: nested(1, nested(1, nested(1, b"__name__") + nested(2, b"up")) + b"".join(told)), st.lists(told)
)
requests = st.builds(bytes.__add__, st.lists(st.tuples(pairs, points), max_size=6).map(encode), extra)
SHARED = FastDecoder(entries_max=64)


@settings(max_examples=300, deadline=None)
@given(body=requests)
def test_fast_and_plain_give_the_same_answer(body: bytes) -> None:
    assert flat(PlainDecoder().decode(body)) == flat(SHARED.decode(body)) == flat(FastDecoder().decode(body))


@settings(max_examples=200, deadline=None)
@given(body=requests)
def test_both_read_what_protobuf_reads(body: bytes) -> None:
    message = WriteRequest()
    message.ParseFromString(body)
    found = SHARED.decode(body)
    expected = []
    for series in message.timeseries:
        read = [(label.name.decode(), label.value.decode()) for label in series.labels]
        keys = [name for name, _ in read]
        labels = Labels.from_pairs(read)
        if labels.metric and "" not in keys and len(set(keys)) == len(keys):
            bits = [struct.unpack("<Q", struct.pack("<d", sample.value))[0] for sample in series.samples]
            expected += [(labels.series_id(), s.timestamp, b) for s, b in zip(series.samples, bits, strict=True)]
    got = zip(found.series().tolist(), found.ts_ms.tolist(), found.value.view(np.uint64).tolist(), strict=True)
    assert list(got) == expected


@settings(max_examples=600, deadline=None)
@given(
    body=st.one_of(st.binary(max_size=80), requests),
    flips=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=4),
    cut=st.integers(0, 60),
)
@example(body=b"\x0a\x04\x0a\x02\x0a\x7f", flips=[], cut=0)
def test_any_bytes_give_the_same_model_or_the_same_refusal(body: bytes, flips: list[tuple[int, int]], cut: int) -> None:
    spoiled = bytearray(body[: len(body) - cut] if cut < len(body) else body)
    for at, byte in flips:
        if spoiled:
            spoiled[at % len(spoiled)] = byte
    dirty = bytes(spoiled)
    plain = outcome(PlainDecoder(), dirty)
    assert outcome(SHARED, dirty) == plain
    assert outcome(FastDecoder(), dirty) == plain
    if plain is not None:
        try:
            WriteRequest().ParseFromString(dirty)
        except DecodeError as err:
            raise AssertionError("we read what protobuf cannot") from err


@pytest.mark.long
@settings(max_examples=30_000, deadline=None)
@given(body=requests, flips=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), min_size=1, max_size=8))
def test_spoiled_requests_for_a_long_time(body: bytes, flips: list[tuple[int, int]]) -> None:
    spoiled = bytearray(body)
    for at, byte in flips:
        if spoiled:
            spoiled[at % len(spoiled)] = byte
    assert outcome(SHARED, bytes(spoiled)) == outcome(PlainDecoder(), bytes(spoiled))


BOUNDS_CHECKED = """
import random
import numpy as np
from hannun.model.errors import TooLarge, WireError
from hannun.wire.remote_write import FastDecoder, Sample, encode, scan

try:
    scan._word(np.zeros(4, np.uint8), 0)
    raise SystemExit("bounds are not checked at all")
except IndexError:
    pass
random.seed({seed})
decoder = FastDecoder(entries_max=64)
pairs = (("__name__", "up"), ("job", "node"), ("n", "v" * 150))
whole = encode([(pairs[:k], [Sample(-1, 1.0)] * k) for k in range(4)])
for _ in range(20_000):
    body = bytearray(whole[: random.randrange(len(whole) + 1)])
    for _ in range(random.randrange(5)):
        if body:
            odd = random.choice((0, 1, 2, 8, 9, 10, 16, 18, 127, 128, 255, random.randrange(256)))
            body[random.randrange(len(body))] = odd
    try:
        decoder.decode(bytes(body))
    except (WireError, TooLarge):
        pass
print("within bounds")
"""


@pytest.mark.long
def test_the_compiled_scan_never_reads_out_of_bounds(tmp_path: Path) -> None:
    """The same machine code, with a check at every index that production leaves out."""
    env = {**os.environ, "NUMBA_BOUNDSCHECK": "1", "NUMBA_CACHE_DIR": str(tmp_path)}
    src = Path(__file__).parents[2] / "src"
    env["PYTHONPATH"] = os.pathsep.join([str(src), env.get("PYTHONPATH", "")])
    script = BOUNDS_CHECKED.format(seed=7)
    done = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True, timeout=300)
    assert done.stdout == "within bounds\n", done.stderr
