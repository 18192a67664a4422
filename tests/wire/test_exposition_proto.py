"""Delimited protobuf pages: the series that the text format would show, checked against protobuf's own reading."""

from __future__ import annotations

import random
import re
import shutil
import subprocess
import urllib.request
from typing import Any

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st

from hannun.model.errors import WireError
from hannun.model.histogram import Buckets, NativeHistogram
from hannun.model.metric import MetricMetadata
from hannun.wire.exposition_proto import decode_page
from hannun.wire.exposition_text import HistogramReading, PageDecoder, PageLimits

PROTOBUF = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"


def proto_class() -> Any:
    """`MetricFamily` from a descriptor that is built here: the independent reading of the bytes."""
    kinds = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="metrics.proto", package="m", syntax="proto2")
    scalars = {
        "double": kinds.TYPE_DOUBLE,
        "uint64": kinds.TYPE_UINT64,
        "int64": kinds.TYPE_INT64,
        "int32": kinds.TYPE_INT32,
        "sint32": kinds.TYPE_SINT32,
        "sint64": kinds.TYPE_SINT64,
        "string": kinds.TYPE_STRING,
    }

    def message(name: str, *fields: tuple[str, int, str]) -> None:
        made = file.message_type.add(name=name)
        for field, number, of in fields:
            label = kinds.LABEL_REPEATED if of.endswith("*") else kinds.LABEL_OPTIONAL
            bare = of.rstrip("*")
            kind = scalars.get(bare, kinds.TYPE_MESSAGE)
            made.field.add(
                name=field, number=number, type=kind, label=label, type_name=None if bare in scalars else f".m.{bare}"
            )

    message("LabelPair", ("name", 1, "string"), ("value", 2, "string"))
    message("Timestamp", ("seconds", 1, "int64"), ("nanos", 2, "int32"))
    message("Exemplar", ("label", 1, "LabelPair*"), ("value", 2, "double"), ("timestamp", 3, "Timestamp"))
    message("Simple", ("value", 1, "double"), ("exemplar", 2, "Exemplar"))
    message("Quantile", ("quantile", 1, "double"), ("value", 2, "double"))
    message("Summary", ("sample_count", 1, "uint64"), ("sample_sum", 2, "double"), ("quantile", 3, "Quantile*"))
    message(
        "Bucket",
        ("cumulative_count", 1, "uint64"),
        ("upper_bound", 2, "double"),
        ("exemplar", 3, "Exemplar"),
        ("cumulative_count_float", 4, "double"),
    )
    message("Span", ("offset", 1, "sint32"), ("length", 2, "uint64"))
    message(
        "Histogram",
        ("sample_count", 1, "uint64"),
        ("sample_sum", 2, "double"),
        ("bucket", 3, "Bucket*"),
        ("sample_count_float", 4, "double"),
        ("schema", 5, "sint32"),
        ("zero_threshold", 6, "double"),
        ("zero_count", 7, "uint64"),
        ("positive_span", 12, "Span*"),
        ("positive_delta", 13, "sint64*"),
    )
    message(
        "Metric",
        ("label", 1, "LabelPair*"),
        ("gauge", 2, "Simple"),
        ("counter", 3, "Simple"),
        ("summary", 4, "Summary"),
        ("untyped", 5, "Simple"),
        ("timestamp_ms", 6, "int64"),
        ("histogram", 7, "Histogram"),
    )
    message(
        "MetricFamily",
        ("name", 1, "string"),
        ("help", 2, "string"),
        ("type", 3, "uint64"),
        ("metric", 4, "Metric*"),
        ("unit", 5, "string"),
    )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("m.MetricFamily"))


MetricFamily = proto_class()
COUNTER, GAUGE, SUMMARY, UNTYPED, HISTOGRAM, GAUGE_HISTOGRAM = range(6)


def delimited(*families: Any) -> bytes:
    parts = []
    for family in families:
        raw = family.SerializeToString()
        size, prefix = len(raw), bytearray()
        while size > 0x7F:
            prefix.append(size & 0x7F | 0x80)
            size >>= 7
        prefix.append(size)
        parts.append(bytes(prefix) + raw)
    return b"".join(parts)


def shown(body: bytes) -> list[tuple[dict[str, str], float, int | None]]:
    return [(line.labels, line.value, line.ts_ms) for line in decode_page(body).samples]


def labels(**pairs: str) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs.items()]


@pytest.mark.parametrize(
    ("kind", "part", "word"),
    [(COUNTER, "counter", "counter"), (GAUGE, "gauge", "gauge"), (UNTYPED, "untyped", "unknown")],
)
def test_simple_metrics(kind: int, part: str, word: str) -> None:
    family = MetricFamily(name="x", help="What it is", type=kind)
    family.metric.add(label=labels(a="b", empty=""), timestamp_ms=1234, **{part: {"value": 1.5}})
    family.metric.add(**{part: {}})
    body = delimited(family)
    assert shown(body) == [
        ({"__name__": "x", "a": "b", "empty": ""}, 1.5, 1234),
        ({"__name__": "x"}, 0.0, None),
    ]
    assert decode_page(body).metadata == [MetricMetadata("x", word, "What it is")]


def test_a_summary_is_the_series_of_the_text_format() -> None:
    family = MetricFamily(name="s", type=SUMMARY)
    quantiles = [{"quantile": 0.5, "value": 7}, {"quantile": 1, "value": 9}]
    family.metric.add(label=labels(a="b"), summary={"sample_count": 3, "sample_sum": 20, "quantile": quantiles})
    assert shown(delimited(family)) == [
        ({"__name__": "s_count", "a": "b"}, 3.0, None),
        ({"__name__": "s_sum", "a": "b"}, 20.0, None),
        ({"__name__": "s", "a": "b", "quantile": "0.5"}, 7.0, None),
        ({"__name__": "s", "a": "b", "quantile": "1.0"}, 9.0, None),
    ]


def test_a_classic_histogram_gets_its_last_bucket() -> None:
    family = MetricFamily(name="h", type=HISTOGRAM)
    exemplar = {"label": labels(trace_id="t"), "value": 0.7, "timestamp": {"seconds": 12, "nanos": 345_999_999}}
    buckets = [
        {"upper_bound": 0.25, "cumulative_count": 1},
        {"upper_bound": 1, "cumulative_count_float": 2.5, "exemplar": exemplar},
    ]
    family.metric.add(histogram={"sample_count": 4, "sample_sum": 1.5, "bucket": buckets, "schema": 3})
    page = decode_page(delimited(family))
    assert [(line.labels["__name__"], line.labels.get("le"), line.value) for line in page.samples] == [
        ("h_count", None, 4.0),
        ("h_sum", None, 1.5),
        ("h_bucket", "0.25", 1.0),
        ("h_bucket", "1.0", 2.5),
        ("h_bucket", "+Inf", 4.0),
    ]
    assert [line.exemplar for line in page.samples if line.exemplar] == [({"trace_id": "t"}, 0.7, 12_345)]


def test_a_native_histogram_that_nobody_asked_for_is_a_classic_one() -> None:
    native = {"sample_count": 4, "schema": 3, "positive_span": [{"offset": 1, "length": 1}], "positive_delta": [4]}
    family = MetricFamily(name="h", type=HISTOGRAM)
    family.metric.add(histogram=native)
    family.metric.add(histogram={"sample_count": 0, "zero_threshold": 1e-128})
    family.metric.add(histogram={**native, "bucket": [{"upper_bound": 1, "cumulative_count": 2}]})
    page = decode_page(delimited(family))
    assert page.ignored == 3
    assert [(line.labels["__name__"], line.labels.get("le"), line.value) for line in page.samples] == [
        ("h_count", None, 4.0),
        ("h_sum", None, 0.0),
        ("h_bucket", "+Inf", 4.0),
        ("h_count", None, 0.0),
        ("h_sum", None, 0.0),
        ("h_bucket", "+Inf", 0.0),
        ("h_count", None, 4.0),
        ("h_sum", None, 0.0),
        ("h_bucket", "1.0", 2.0),
        ("h_bucket", "+Inf", 4.0),
    ]
    assert PageDecoder().decode(delimited(family), PROTOBUF).histograms == ()


NATIVE = {
    "sample_count": 5,
    "sample_sum": 2.5,
    "schema": 3,
    "zero_threshold": 0.001,
    "zero_count": 1,
    "positive_span": [{"offset": -1, "length": 1}, {"offset": 4, "length": 1}],
    "positive_delta": [1, 2],
}
READ = NativeHistogram(3, 5.0, 2.5, 0.001, 1.0, Buckets((-1, 4), (1.0, 3.0)))
CLASSIC = [{"upper_bound": 1, "cumulative_count": 2}, {"upper_bound": 2.5, "cumulative_count": 5}]
CUSTOM = NativeHistogram(-53, 5.0, 2.5, positive=Buckets((0, 1), (2.0, 3.0)), custom_values=(1.0, 2.5))
SERIES = ["h_count", "h_sum", "h_bucket", "h_bucket", "h_bucket"]


@pytest.mark.parametrize(
    ("reading", "told", "names", "histograms"),
    [
        pytest.param({"native": True}, NATIVE, ["h"], [READ], id="native alone"),
        pytest.param({"native": True}, {**NATIVE, "bucket": CLASSIC}, ["h"], [READ], id="native wins over classic"),
        pytest.param(
            {"native": True, "keep_classic": True},
            {**NATIVE, "bucket": CLASSIC},
            ["h", *SERIES],
            [READ],
            id="classic ones are kept beside",
        ),
        pytest.param({"native": True, "keep_classic": True}, NATIVE, ["h"], [READ], id="no classic ones to keep"),
        pytest.param(
            {"native": True},
            {"sample_count": 5, "sample_sum": 2.5, "bucket": CLASSIC},
            SERIES,
            [],
            id="nothing native to read",
        ),
        pytest.param(
            {"convert_classic": True},
            {"sample_count": 5, "sample_sum": 2.5, "bucket": CLASSIC},
            ["h"],
            [CUSTOM],
            id="classic becomes custom",
        ),
        pytest.param(
            {"convert_classic": True, "keep_classic": True},
            {"sample_count": 5, "sample_sum": 2.5, "bucket": CLASSIC},
            ["h", *SERIES],
            [CUSTOM],
            id="classic becomes custom and stays",
        ),
        pytest.param(
            {"native": True, "convert_classic": True, "keep_classic": True},
            {**NATIVE, "bucket": CLASSIC},
            ["h", *SERIES],
            [READ],
            id="a native one is not converted",
        ),
        pytest.param(
            {"convert_classic": True},
            {"sample_count": 9, "bucket": [{"upper_bound": 1, "cumulative_count": 2}, {"upper_bound": 2}]},
            [],
            [],
            id="buckets that fall make none",
        ),
    ],
)
def test_histograms_are_read_as_the_job_wants_them(
    reading: dict[str, bool], told: dict[str, Any], names: list[str], histograms: list[NativeHistogram]
) -> None:
    family = MetricFamily(name="h", type=HISTOGRAM)
    family.metric.add(label=labels(a="b"), histogram=told, timestamp_ms=7)
    decoder = PageDecoder(histograms=HistogramReading(**reading))
    for number in range(2):
        page = decoder.decode(delimited(family), PROTOBUF)
        assert [one.histogram for one in page.histograms] == histograms
        assert len(page) == len(names)
        assert len(page.new) == (0 if number else len(names))
        assert page.ts_ms.tolist() == [7] * len(names)
        if number == 0:
            assert [one.labels["__name__"] for one in page.new] == names


def test_a_gauge_histogram_says_so_and_floats_are_counts() -> None:
    family = MetricFamily(name="h", type=GAUGE_HISTOGRAM)
    family.metric.add(histogram={**NATIVE, "zero_threshold": 0.5})
    decoder = PageDecoder(histograms=HistogramReading(native=True))
    ((_, found),) = decoder.decode(delimited(family), PROTOBUF).histograms
    assert (found.reset_hint, found.zero_threshold) == ("gauge", 0.5)


def test_exemplars_with_a_time_come_with_a_native_histogram() -> None:
    timed = {"label": labels(trace_id="t"), "value": 0.7, "timestamp": {"seconds": 12}}
    timeless = {"label": labels(trace_id="u"), "value": 0.8}
    buckets = [
        {"upper_bound": 1, "cumulative_count": 2, "exemplar": timed},
        {"upper_bound": 2, "cumulative_count": 5, "exemplar": timeless},
    ]
    family = MetricFamily(name="h", type=HISTOGRAM)
    family.metric.add(histogram={**NATIVE, "bucket": buckets})
    page = PageDecoder(histograms=HistogramReading(native=True)).decode(delimited(family), PROTOBUF)
    assert [(one.row, one.labels, one.ts_ms) for one in page.exemplars] == [(0, {"trace_id": "t"}, 12_000)]


@pytest.mark.parametrize(
    ("told", "words"),
    [
        pytest.param(
            {**NATIVE, "sample_count": 6}, '"h": 5 observations found in buckets, but the Count field is 6', id="count"
        ),
        pytest.param(
            {**NATIVE, "positive_span": [{"length": 1 << 31}]}, "spans need 2147483648 buckets, have 2", id="bomb"
        ),
        pytest.param({**NATIVE, "schema": 100}, "invalid schema 100", id="schema"),
    ],
)
def test_a_native_histogram_that_breaks_a_rule_loses_the_page(told: dict[str, Any], words: str) -> None:
    family = MetricFamily(name="h", type=HISTOGRAM)
    family.metric.add(histogram=told)
    with pytest.raises(WireError, match=re.escape(words)):
        decode_page(delimited(family), None, HistogramReading(native=True))
    assert decode_page(delimited(family)).ignored == 1


def test_the_page_decoder_numbers_its_series_and_sees_what_is_new() -> None:
    decoder = PageDecoder()
    family = MetricFamily(name="x", type=GAUGE, help="one")
    for value in "ab":
        family.metric.add(label=labels(a=value), gauge={"value": 1})
    first, again = decoder.decode(delimited(family), PROTOBUF), decoder.decode(delimited(family), PROTOBUF)
    assert (first.index.tolist(), len(first.new), first.metadata_changed) == ([0, 1], 2, True)
    assert (again.index.tolist(), len(again.new), again.metadata_changed) == ([0, 1], 0, False)
    text = decoder.decode(b'x{a="a"} 1\n', "text/plain")
    assert (text.index.tolist(), text.metadata, text.metadata_changed) == ([2], (), True)
    assert len(decoder.decode(b"", PROTOBUF)) == 0


def family_of(**fields: Any) -> Any:
    made = MetricFamily(**{"name": "x", "type": GAUGE, **fields})
    if not made.metric:
        made.metric.add(gauge={"value": 1})
    return made


@pytest.mark.parametrize(
    ("body", "words"),
    [
        pytest.param(delimited(family_of())[:-3], "bytes long", id="truncated"),
        pytest.param(b"\xff" * 10, "number longer than 64 bits", id="endless length"),
        pytest.param(delimited(family_of(name="")), "family without a name", id="no name"),
        pytest.param(delimited(family_of(type=6)), 'unknown metric type 6 for metric "x"', id="unknown type"),
        pytest.param(delimited(family_of(unit="s")), 'unit "s" not a suffix of metric "x"', id="foreign unit"),
        pytest.param(delimited(family_of(metric=[{"label": labels(**{"": "v"})}])), "empty label name", id="no label"),
        pytest.param(delimited(family_of(metric=[{"label": labels(a="1") * 2}])), "not unique", id="doubled label"),
        pytest.param(
            delimited(family_of(metric=[{"label": labels(a="1", b="2", c="3")}])), "than 2 labels", id="labels"
        ),
        pytest.param(
            delimited(family_of(metric=[{"label": labels(a="v" * 33)}])), "at most 32 are taken", id="long value"
        ),
        pytest.param(delimited(family_of(name="n" * 33)), "at most 32 are taken", id="long name"),
        pytest.param(delimited(family_of(metric=[{"gauge": {}}] * 9)), "more than 8 lines", id="lines"),
        pytest.param(b"\x05\x0a\x01\xff\x22\x00", "not UTF-8", id="name that is not UTF-8"),
        pytest.param(b"\x03\x0a\x01x" * 20, "page of 80 bytes; at most 70 are taken", id="body"),
    ],
)
def test_what_is_wrong_is_named(body: bytes, words: str) -> None:
    limits = PageLimits(body_bytes_max=70, lines_max=8, labels_max=2, name_bytes_max=32, value_bytes_max=32)
    with pytest.raises(WireError, match=re.escape(words)):
        decode_page(body, limits)


def test_a_counters_unit_stands_before_total() -> None:
    family = family_of(name="x_seconds_total", type=COUNTER, unit="seconds")
    assert decode_page(delimited(family)).metadata == [MetricMetadata("x_seconds_total", "counter", "", "seconds")]


def numbers_of(family: Any) -> int:
    """How many series protobuf's own reading of a family holds, native histograms as classic ones."""
    count = 0
    for metric in family.metric:
        if family.type == SUMMARY:
            count += 2 + len(metric.summary.quantile)
        elif family.type in (HISTOGRAM, GAUGE_HISTOGRAM):
            bounds = [bucket.upper_bound for bucket in metric.histogram.bucket]
            count += 2 + len(bounds) + (not bounds or bounds[-1] != float("inf"))
        else:
            count += 1
    return count


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_mutated_families_give_a_page_or_a_wire_error(data: st.DataObject) -> None:
    exemplar = {"label": labels(trace_id="t"), "value": 0.7, "timestamp": {"seconds": 12}}
    family = MetricFamily(name="x", help="h", type=data.draw(st.integers(0, 5)))
    family.metric.add(
        label=labels(a="b"),
        counter={"value": 1, "exemplar": exemplar},
        summary={"sample_count": 1, "quantile": [{"quantile": 0.5, "value": 1}]},
        histogram={"sample_count": 1, "bucket": [{"upper_bound": 1, "cumulative_count": 1, "exemplar": exemplar}]},
        timestamp_ms=-5,
    )
    body = bytearray(delimited(family))
    for at, byte in data.draw(st.lists(st.tuples(st.integers(0, len(body) - 1), st.integers(0, 255)), max_size=3)):
        body[at] = byte
    body = body[: data.draw(st.integers(0, len(body)) | st.just(len(body)))]
    decoder = PageDecoder()
    for _ in range(2):
        try:
            page = decoder.decode(bytes(body), PROTOBUF)
        except WireError:
            assert decoder.known == 0
            return
    if len(body) > 1 and body[0] == len(body) - 1:
        try:
            parsed = MetricFamily.FromString(bytes(body[1:]))
        except (DecodeError, UnicodeDecodeError):
            return
        if 0 <= parsed.type <= 5:
            assert len(page) == numbers_of(parsed)


@given(body=st.binary(max_size=200), reading=st.builds(HistogramReading, st.booleans(), st.booleans(), st.booleans()))
def test_any_bytes_give_a_page_or_a_wire_error(body: bytes, reading: HistogramReading) -> None:
    try:
        decode_page(body, None, reading)
    except WireError:
        return


@pytest.mark.long
def test_deeply_broken_pages_at_length() -> None:
    dice = random.Random(5)
    family = MetricFamily(name="x", type=HISTOGRAM)
    for _ in range(20):
        family.metric.add(label=labels(a="b"), histogram={"bucket": [{"upper_bound": n} for n in range(9)]})
    whole = delimited(family)
    for _ in range(20_000):
        body = bytearray(whole)
        for _ in range(dice.randrange(1, 6)):
            body[dice.randrange(len(body))] = dice.randrange(256)
        try:
            decode_page(bytes(body))
        except WireError:
            continue


def test_a_real_page_says_the_same_in_both_formats() -> None:
    exporter = shutil.which("prometheus-node-exporter") or shutil.which("node_exporter")
    if exporter is None:
        pytest.skip("node_exporter is not installed")
    only = ["--collector.disable-defaults", "--collector.uname", "--collector.os", "--collector.dmi"]
    with subprocess.Popen(
        [exporter, *only, "--web.listen-address=127.0.0.1:0"], stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            address = address_of(process)
            text, protobuf = (page_of(address, accept) for accept in ("text/plain;version=0.0.4", PROTOBUF))
        finally:
            process.kill()
    decoder = PageDecoder()
    spoken, written = decoder.decode(protobuf, PROTOBUF), decoder.decode(text, "text/plain")
    assert len(spoken) > 30

    def series(page: Any) -> set[tuple[tuple[str, str], ...]]:
        return {tuple(sorted(told.items())) for _, told in page.new}

    assert series(spoken) == series(written)
    assert set(spoken.metadata) == set(written.metadata)


def address_of(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    for line in process.stderr:
        if (found := re.search(r"127\.0\.0\.1:[1-9][0-9]*", line)) is not None:
            return found[0]
    pytest.skip("node_exporter did not tell its address")


def page_of(address: str, accept: str) -> bytes:
    request = urllib.request.Request(f"http://{address}/metrics", headers={"Accept": accept})
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.headers["Content-Type"].split(";")[0] == accept.split(";")[0]
        return bytes(answer.read())
