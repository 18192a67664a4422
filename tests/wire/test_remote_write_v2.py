"""Remote write 2.0: the compiled decoder means what the plain one means, and both agree with 1.0 on equal data."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hannun.model.errors import TooLarge, WireError
from hannun.model.exemplar import Exemplar
from hannun.model.labels import Labels
from hannun.model.metric import STALE_NAN_BITS, MetricMetadata
from hannun.wire.remote_write import FastDecoder as First
from hannun.wire.remote_write import Refusal, Refused, RequestLimits, Sample, SeriesLimits, WriteColumns
from hannun.wire.remote_write import encode as encode_first
from hannun.wire.remote_write.encode import nested, varint
from hannun.wire.remote_write.v2 import FastDecoder, PlainDecoder, TimeSeries, Told, encode, warm

Decoder = FastDecoder | PlainDecoder
UP = (("__name__", "up"), ("instance", "a:9100"), ("job", "node"))


@pytest.fixture(params=[FastDecoder, PlainDecoder], ids=["fast", "plain"])
def decoder(request: pytest.FixtureRequest) -> Decoder:
    return request.param()


def flat(columns: WriteColumns) -> dict[str, Any]:
    return {
        "labels": [columns.labels(index) for index in range(len(columns.ids))],
        "ids": columns.ids.tolist(),
        "series": columns.series().tolist(),
        "ts_ms": columns.ts_ms.tolist(),
        "bits": columns.value.view(np.uint64).tolist(),
        "metadata": columns.metadata,
        "refused": dict(columns.refused),
        "exemplars": [(one.series, one.labels, struct.pack("<d", one.value), one.ts_ms) for one in columns.exemplars],
        "exemplars_refused": columns.exemplars_refused,
        "shapes": columns.shapes.tolist(),
    }


def outcome(decoder: Decoder, body: bytes) -> dict[str, Any] | None:
    try:
        return flat(decoder.decode(body))
    except (WireError, TooLarge):
        return None


def symbols(*words: str) -> bytes:
    return b"".join(nested(4, word.encode()) for word in ("", *words))


def test_series_samples_exemplars_and_metadata(decoder: Decoder) -> None:
    down = (*UP[:1], ("instance", "서울:9100"))
    told = Told((("trace_id", "abc"),), 0.25, 1_500)
    body = encode(
        [
            TimeSeries(UP, [Sample(1_000, 1.0), Sample(-3, -0.0)], [told], "gauge", "1: 살아 있다", "x"),
            TimeSeries(down, [Sample(2_000, 2.0)], (), "gauge", "1: 살아 있다", "x"),
        ]
    )
    for _ in range(2):  # the second time from the cache
        found = decoder.decode(body)
        assert [found.labels(0), found.labels(1)] == [Labels.from_pairs(UP), Labels.from_pairs(down)]
        assert found.ids.tolist() == [Labels.from_pairs(UP).series_id(), Labels.from_pairs(down).series_id()]
        assert found.ts_ms.tolist() == [1_000, -3, 2_000]
        assert found.value.tolist() == [1.0, -0.0, 2.0]
        assert found.exemplars == (Exemplar(int(found.ids[0]), Labels.of(trace_id="abc"), 0.25, 1_500),)
        assert found.metadata == (MetricMetadata("up", "gauge", "1: 살아 있다", "x"),)


def test_known_series_are_known_under_other_references() -> None:
    decoder = FastDecoder()
    one = decoder.decode(encode([TimeSeries(UP, [Sample(1, 1.0)])]))
    other = (("a", "b"), ("__name__", "zz"))
    two = decoder.decode(encode([TimeSeries(other, [Sample(1, 1.0)]), TimeSeries(UP, [Sample(2, 1.0)])]))
    assert two.ids.tolist()[1] == one.ids.tolist()[0]
    assert list(two.fresh.values()) == [Labels.from_pairs(other)]
    assert decoder.known == 2


def test_stored_metadata_are_not_read_again() -> None:
    decoder = FastDecoder()
    body = encode([TimeSeries(UP, [Sample(1, 1.0)], (), "gauge", "alive")])
    first = decoder.decode(body)
    assert len(decoder.decode(body).metadata) == 1, "not stored yet"
    decoder.stored(first)
    assert decoder.decode(body).metadata == ()
    changed = encode([TimeSeries(UP, [Sample(1, 1.0)], (), "gauge", "well")])
    assert decoder.decode(changed).metadata == (MetricMetadata("up", "gauge", "well"),)


@pytest.mark.parametrize(
    ("name", "kind", "family"),
    [
        pytest.param("x_bucket", "histogram", "x", id="bucket"),
        pytest.param("x_sum", "histogram", "x", id="sum of a histogram"),
        pytest.param("x_count", "summary", "x", id="count of a summary"),
        pytest.param("x", "summary", "x", id="quantile"),
        pytest.param("x_bucket", "summary", "x_bucket", id="no bucket of a summary"),
        pytest.param("x_total", "counter", "x_total", id="counter"),
        pytest.param("_sum", "histogram", "_sum", id="nothing but the suffix"),
    ],
)
def test_metadata_stand_under_the_family(decoder: Decoder, name: str, kind: str, family: str) -> None:
    found = decoder.decode(encode([TimeSeries((("__name__", name),), [Sample(1, 1.0)], (), kind, "h")]))
    assert found.metadata == (MetricMetadata(family, kind, "h"),)


@pytest.mark.parametrize(
    ("refs", "why"),
    [
        pytest.param(b"\x01\x07", Refusal.BAD_REFERENCE, id="beyond the table"),
        pytest.param(b"\x01", Refusal.BAD_REFERENCE, id="a name without a value"),
        pytest.param(b"\x01" + b"\xff" * 9 + b"\x01", Refusal.BAD_REFERENCE, id="2^64-1"),
        pytest.param(b"\x01\x00", Refusal.NO_NAME, id="empty metric name"),
        pytest.param(b"\x01\x02\x00\x02", Refusal.EMPTY_NAME, id="empty label name"),
        pytest.param(b"\x01\x02\x01\x02", Refusal.DOUBLED_NAME, id="doubled"),
        pytest.param(b"", Refusal.NO_NAME, id="no labels"),
    ],
)
def test_a_bad_series_is_counted_and_its_neighbours_are_taken(decoder: Decoder, refs: bytes, why: Refusal) -> None:
    good = nested(5, nested(1, b"\x01\x02") + nested(2, b"\x10\x05"))
    body = symbols("__name__", "up") + nested(5, nested(1, refs) + nested(2, b"\x10\x04")) + good
    for _ in range(2):
        found = decoder.decode(body)
        assert (found.refused, found.ts_ms.tolist()) == ({why: Refused(1, 1)}, [5])


def test_limits_on_series_hold(decoder: Decoder) -> None:
    made = type(decoder)(SeriesLimits(value_bytes_max=3))
    found = made.decode(encode([TimeSeries((("__name__", "long_name"),), [Sample(1, 1.0)])]))
    assert found.refused == {Refusal.VALUE_TOO_LONG: Refused(1, 1)}


def test_symbols_behind_the_series_and_unpacked_references(decoder: Decoder) -> None:
    series = nested(5, b"\x08\x01\x08\x02" + nested(2, b"\x10\x05") + nested(9, b"later"))
    found = decoder.decode(nested(9, b"later") + series + symbols("__name__", "up"))
    assert (found.labels(0), found.ts_ms.tolist()) == (Labels.of(__name__="up"), [5])


def test_start_timestamps_are_read_over_and_histograms_found(decoder: Decoder) -> None:
    sample = b"\x09" + struct.pack("<Q", STALE_NAN_BITS) + b"\x10\x07\x18\x03"
    series = nested(5, nested(1, b"\x01\x02") + nested(2, sample) + nested(3, b"\x08\x01") + b"\x30\x05")
    found = decoder.decode(symbols("__name__", "up") + series)
    assert found.value.view(np.uint64).tolist() == [STALE_NAN_BITS]
    assert (found.ts_ms.tolist(), found.shapes[:, 0].tolist()) == ([7], [0])


@pytest.mark.parametrize(
    "told",
    [
        pytest.param(nested(1, b"\x01\x09"), id="refers to nothing"),
        pytest.param(nested(1, b"\x01\x02"), id="names a metric"),
        pytest.param(nested(1, b"\x02"), id="a name without a value"),
    ],
)
def test_a_bad_exemplar_costs_itself(decoder: Decoder, told: bytes) -> None:
    body = symbols("__name__", "up") + nested(5, nested(1, b"\x01\x02") + nested(2, b"\x10\x05") + nested(4, told))
    found = decoder.decode(body)
    assert (found.exemplars, found.exemplars_refused, found.ts_ms.tolist()) == ((), 1, [5])


BROKEN = {
    "a 1.0 message": encode_first([(UP, [Sample(1, 1.0)])]),
    "truncated": symbols("a")[:-1],
    "symbol as a number": b"\x20\x01",
    "series as a number": b"\x28\x01",
    "references as a double": nested(5, b"\x09" + bytes(8)),
    "a reference that never ends": nested(5, nested(1, b"\x80")),
    "sample as a number": nested(5, b"\x10\x01"),
    "exemplar as a number": nested(5, b"\x20\x01"),
    "histogram as a number": nested(5, b"\x18\x01"),
    "metadata as a number": nested(5, b"\x28\x01"),
    "metadata type as text": nested(5, nested(5, nested(1, b"x"))),
    "help as text": nested(5, nested(5, nested(3, b"x"))),
    "exemplar value as a number": nested(5, nested(4, b"\x10\x01")),
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN.keys())
def test_broken_bytes_are_the_senders_fault(decoder: Decoder, body: bytes) -> None:
    with pytest.raises(WireError, match=r"protobuf|remote write 2.0: .*at byte \d+"):
        decoder.decode(body)


@pytest.mark.parametrize(
    ("body", "limits"),
    [
        pytest.param(b"\x2a\x00" * 1000, RequestLimits(series_max=999), id="series"),
        pytest.param(b"\x22\x00" * 1000, RequestLimits(symbols_max=999), id="symbols"),
        pytest.param(nested(5, b"\x12\x00" * 50) * 20, RequestLimits(samples_max=999), id="samples"),
        pytest.param(nested(5, b"\x22\x00" * 50) * 20, RequestLimits(exemplars_max=999), id="exemplars"),
    ],
)
@pytest.mark.parametrize("make", [FastDecoder, PlainDecoder], ids=["fast", "plain"])
def test_a_request_of_too_many_things_names_the_limit(
    make: type[FastDecoder] | type[PlainDecoder], body: bytes, limits: RequestLimits
) -> None:
    with pytest.raises(TooLarge, match=r"more than 999 .*max_samples_per_send"):
        make(None, limits).decode(body)
    make(None, RequestLimits(1000, 1000, 1000, 1000, 1000)).decode(body)


words = st.sampled_from(["__name__", "job", "a", "", "이름", "y" * 200])
pairs = st.lists(st.tuples(words, words), max_size=4)
times = st.integers(-(2**63), 2**63 - 1)
samples = st.lists(st.builds(Sample, times, st.floats()), max_size=3)
told = st.lists(st.builds(Told, pairs, st.floats(), times), max_size=2)
series = st.builds(TimeSeries, pairs, samples, told, st.sampled_from(["", "gauge", "histogram"]), words, words)
requests = st.lists(series, max_size=5).map(encode)
SHARED = FastDecoder(entries_max=64)


@settings(max_examples=300, deadline=None)
@given(body=requests)
def test_fast_and_plain_give_the_same_answer(body: bytes) -> None:
    assert flat(PlainDecoder().decode(body)) == flat(SHARED.decode(body)) == flat(FastDecoder().decode(body))


@settings(max_examples=150, deadline=None)
@given(rows=st.lists(st.tuples(pairs, samples), max_size=5))
def test_both_versions_store_the_same(rows: list[tuple[list[tuple[str, str]], list[Sample]]]) -> None:
    one = First().decode(encode_first(rows))
    two = SHARED.decode(encode([TimeSeries(pairs, samples) for pairs, samples in rows]))
    assert (one.series().tolist(), one.ts_ms.tolist()) == (two.series().tolist(), two.ts_ms.tolist())
    assert one.value.view(np.uint64).tolist() == two.value.view(np.uint64).tolist()
    assert dict(one.refused) == dict(two.refused)


@settings(max_examples=600, deadline=None)
@given(
    body=st.one_of(st.binary(max_size=80), requests),
    flips=st.lists(st.tuples(st.integers(0, 600), st.integers(0, 255)), max_size=4),
    cut=st.integers(0, 60),
)
def test_any_bytes_give_the_same_model_or_the_same_refusal(body: bytes, flips: list[tuple[int, int]], cut: int) -> None:
    spoiled = bytearray(body[: len(body) - cut] if cut < len(body) else body)
    for at, byte in flips:
        if spoiled:
            spoiled[at % len(spoiled)] = byte
    plain = outcome(PlainDecoder(), bytes(spoiled))
    assert outcome(SHARED, bytes(spoiled)) == plain
    assert outcome(FastDecoder(), bytes(spoiled)) == plain


@pytest.mark.long
@settings(max_examples=30_000, deadline=None)
@given(body=requests, flips=st.lists(st.tuples(st.integers(0, 600), st.integers(0, 255)), min_size=1, max_size=8))
def test_spoiled_requests_for_a_long_time(body: bytes, flips: list[tuple[int, int]]) -> None:
    spoiled = bytearray(body)
    for at, byte in flips:
        if spoiled:
            spoiled[at % len(spoiled)] = byte
    assert outcome(SHARED, bytes(spoiled)) == outcome(PlainDecoder(), bytes(spoiled))


BOUNDS_CHECKED = """
import random
from hannun.model.errors import TooLarge, WireError
from hannun.wire.remote_write import Sample
from hannun.wire.remote_write.v2 import FastDecoder, TimeSeries, Told, encode

random.seed(7)
decoder = FastDecoder(entries_max=64)
pairs = (("__name__", "up"), ("job", "node"), ("n", "v" * 150))
told = [Told((("trace_id", "x"),), 1.0, 5)]
whole = encode([TimeSeries(pairs[:k], [Sample(-1, 1.0)] * k, told, "gauge", "help") for k in range(4)])
for _ in range(20_000):
    body = bytearray(whole[: random.randrange(len(whole) + 1)])
    for _ in range(random.randrange(5)):
        if body:
            odd = random.choice((0, 1, 2, 8, 9, 10, 16, 18, 34, 42, 127, 128, 255, random.randrange(256)))
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
    done = subprocess.run([sys.executable, "-c", BOUNDS_CHECKED], env=env, capture_output=True, text=True, timeout=300)
    assert done.stdout == "within bounds\n", done.stderr


def test_warming_compiles() -> None:
    warm()
    assert varint(300) == b"\xac\x02"
