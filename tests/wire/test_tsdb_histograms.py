"""Native histograms in Prometheus's storage files: chunks and log records, as written and spoiled."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hannun.model.errors import WireError
from hannun.model.histogram import CUSTOM_SCHEMA, Buckets, NativeHistogram
from hannun.model.metric import STALE_NAN_BITS
from hannun.testing.histograms import custom_histograms, float_histograms, whole_histograms
from hannun.wire.native_histogram import RESET_HINTS, spans_of
from hannun.wire.tsdb import WalHistogram, WalReader
from hannun.wire.tsdb.histograms import Kind, Point, decode

ONE = NativeHistogram(3, 5.0, 2.5, 0.001, 1.0, Buckets((-1, 4), (1.0, 3.0)), Buckets((2,), (1.0,)))
ONE = NativeHistogram(3, 6.0, 2.5, 0.001, 1.0, ONE.positive, ONE.negative)


class Bits:
    """Writes bits as tsdb/chunkenc does."""

    def __init__(self) -> None:
        self.number = self.count = 0

    def put(self, value: int, count: int) -> None:
        self.number = self.number << count | value & ((1 << count) - 1)
        self.count += count

    def varint(self, value: int) -> None:
        for ones, size in enumerate((0, 3, 6, 9, 12, 18, 25, 56)):
            low, high = -((1 << size) // 2 - 1), (1 << size) // 2
            if (size == 0 and value == 0) or (size and low <= value <= high):
                self.put((1 << (ones + 1)) - 2, ones + 1)
                self.put(value, size)
                return
        self.put(0xFF, 8)
        self.put(value, 64)

    def uvarint(self, value: int) -> None:
        for ones, size in enumerate((0, 3, 6, 9, 12, 18, 25, 56)):
            if value < 1 << size:
                self.put((1 << (ones + 1)) - 2, ones + 1)
                self.put(value, size)
                return
        self.put(0xFF, 8)
        self.put(value, 64)

    def bytes(self) -> bytes:
        fill = -self.count % 8
        return (self.number << fill).to_bytes((self.count + fill) // 8, "big")


def word(value: float) -> int:
    found: int = struct.unpack("<Q", struct.pack("<d", value))[0]
    return found


class Xor:
    """One float of a chunk; `reuse` writes a later one within the window of bits before it where that is possible."""

    def __init__(self, value: float) -> None:
        self.bits, self.leading, self.trailing = word(value), 255, 0

    def put(self, bits: Bits, now: int) -> None:
        change, self.bits = self.bits ^ now, now
        if not change:
            bits.put(0, 1)
            return
        bits.put(1, 1)
        leading, trailing = min(64 - change.bit_length(), 31), (change & -change).bit_length() - 1
        if self.leading != 255 and leading >= self.leading and trailing >= self.trailing:
            bits.put(0, 1)
        else:
            bits.put(1, 1)
            self.leading, self.trailing = leading, trailing
            bits.put(leading, 5)
            bits.put(64 - leading - trailing, 6)
        bits.put(change >> self.trailing, 64 - self.leading - self.trailing)


def layout(bits: Bits, samples: int, one: NativeHistogram, header: int = 0) -> None:
    bits.put(samples, 16)
    bits.put(header, 8)
    fraction, exponent = math.frexp(one.zero_threshold)
    if one.zero_threshold == 0:
        bits.put(0, 8)
    elif fraction == 0.5 and -242 <= exponent <= 11:
        bits.put(exponent + 243, 8)
    else:
        bits.put(255, 8)
        bits.put(word(one.zero_threshold), 64)
    bits.varint(one.schema)
    for side in (one.positive, one.negative):
        spans = spans_of(side.index)
        bits.uvarint(len(spans))
        for offset, length in spans:
            bits.uvarint(length)
            bits.varint(offset)
    if one.schema == CUSTOM_SCHEMA:
        bits.uvarint(len(one.custom_values))
        for bound in one.custom_values:
            thousandths = bound * 1000
            if 0 <= thousandths <= 33554430 and thousandths == math.floor(thousandths) and thousandths / 1000 == bound:
                bits.uvarint(int(thousandths) + 1)
            else:
                bits.put(0, 1)
                bits.put(word(bound), 64)


def deltas(counts: Sequence[float]) -> list[int]:
    whole = [0, *(int(count) for count in counts)]
    return [now - before for before, now in pairwise(whole)]


def whole_chunk(samples: Sequence[tuple[int, NativeHistogram | None]], header: int = 0) -> bytes:
    """All of one layout, that of the first; None: the series ends."""
    first = samples[0][1]
    assert first is not None
    bits = Bits()
    layout(bits, len(samples), first, header)
    total = Xor(first.sum)
    ts = count = zero = ts_change = count_change = zero_change = 0
    values = changes = [0] * first.buckets
    for number, (at, one) in enumerate(samples):
        if number == 0:
            ts, count, zero = at, int(first.count), int(first.zero_count)
            bits.varint(ts)
            bits.uvarint(count)
            bits.uvarint(zero)
            bits.put(total.bits, 64)
            values = deltas(first.positive.count) + deltas(first.negative.count)
            for value in values:
                bits.varint(value)
            continue
        now = (at, int(one.count), int(one.zero_count)) if one else (at, 0, 0)
        change = tuple(after - before for after, before in zip(now, (ts, count, zero), strict=True))
        for after, before in zip(change, (ts_change, count_change, zero_change), strict=True):
            bits.varint(after - before)
        (ts, count, zero), (ts_change, count_change, zero_change) = now, change
        total.put(bits, word(one.sum) if one else STALE_NAN_BITS)
        if one:
            fresh = deltas(one.positive.count) + deltas(one.negative.count)
            steps = [after - before for after, before in zip(fresh, values, strict=True)]
            for after, before in zip(steps, changes, strict=True):
                bits.varint(after - before)
            values, changes = fresh, steps
    return bits.bytes()


def float_chunk(samples: Sequence[tuple[int, NativeHistogram | None]], header: int = 0) -> bytes:
    first = samples[0][1]
    assert first is not None
    bits = Bits()
    layout(bits, len(samples), first, header)
    head = [Xor(value) for value in (first.count, first.zero_count, first.sum)]
    buckets = [Xor(value) for value in (*first.positive.count, *first.negative.count)]
    ts = ts_change = 0
    for number, (at, one) in enumerate(samples):
        if number == 0:
            bits.varint(at)
            for value in (*head, *buckets):
                bits.put(value.bits, 64)
            ts = at
            continue
        bits.varint(at - ts - ts_change)
        ts, ts_change = at, at - ts
        told = (word(one.count), word(one.zero_count), word(one.sum)) if one else (0, 0, STALE_NAN_BITS)
        for value, now in zip(head, told, strict=True):
            value.put(bits, now)
        for value, count in zip(buckets, (*one.positive.count, *one.negative.count) if one else (), strict=False):
            value.put(bits, word(count))
    return bits.bytes()


def grown(one: NativeHistogram, by: int) -> NativeHistogram:
    """The same layout with more in it."""
    positive = Buckets(one.positive.index, tuple(count + by for count in one.positive.count))
    negative = Buckets(one.negative.index, tuple(count + 2 * by for count in one.negative.count))
    total = sum(positive.count) + sum(negative.count) + one.zero_count
    return NativeHistogram(
        one.schema, total, one.sum + by, one.zero_threshold, one.zero_count, positive, negative, one.custom_values
    )


@pytest.mark.parametrize("kind", ["whole", "float"])
def test_samples_of_one_layout_and_the_end_of_a_series(kind: Kind) -> None:
    write = whole_chunk if kind == "whole" else float_chunk
    samples = [(1_000, ONE), (2_000, grown(ONE, 1)), (2_500, None), (9_000, grown(ONE, 7)), (9_001, grown(ONE, 7))]
    assert list(decode(write(samples), kind)) == samples
    hints = {one.reset_hint for _, one in decode(write(samples[:2], header=0b11000000), kind) if one is not None}
    assert hints == {"gauge"}
    assert [one.reset_hint for _, one in decode(write(samples[:1], header=0b10000000), kind) if one] == ["unknown"]


@settings(max_examples=150, deadline=None)
@given(
    first=st.one_of(whole_histograms(), custom_histograms()),
    steps=st.lists(st.tuples(st.integers(1, 1 << 40), st.integers(0, 1 << 20)), max_size=4),
    start_ms=st.integers(-(2**40), 2**42),
)
def test_whole_chunks_are_read_as_they_were_written(
    first: NativeHistogram, steps: list[tuple[int, int]], start_ms: int
) -> None:
    samples = [(start_ms, grown(first, 0))]
    for more_ms, by in steps:
        samples.append((samples[-1][0] + more_ms, grown(first, by)))
    assert list(decode(whole_chunk(samples), "whole")) == samples


@settings(max_examples=150, deadline=None)
@given(first=float_histograms(), counts=st.lists(st.floats(0, 1e300, exclude_min=True), max_size=4))
def test_float_chunks_are_read_as_they_were_written(first: NativeHistogram, counts: list[float]) -> None:
    samples = [(0, first)]
    for number, count in enumerate(counts, 1):
        positive = Buckets(first.positive.index, (count,) * len(first.positive))
        samples.append(
            (
                number * 15_000,
                NativeHistogram(first.schema, count, -count, first.zero_threshold, 0.5, positive, first.negative),
            )
        )
    found = [(ts, one) for ts, one in decode(float_chunk(samples), "float")]
    assert [(ts, one and (one.count, one.sum, one.positive, one.negative)) for ts, one in found] == [
        (ts, (one.count, one.sum, one.positive, one.negative)) for ts, one in samples
    ]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        pytest.param(b"\x00", "truncated", id="nothing"),
        pytest.param(b"\x00\x01\x00\x00", "truncated", id="no layout"),
        pytest.param(bytes(2 << 20), "at most 1048576 are read", id="two megabytes"),
    ],
)
def test_chunks_that_cannot_be_read(data: bytes, said: str) -> None:
    with pytest.raises(WireError, match=said):
        list(decode(data, "whole"))


def test_a_layout_that_claims_too_many_buckets() -> None:
    bits = Bits()
    bits.put(1, 16)
    bits.put(0, 16)
    bits.varint(0)
    bits.uvarint(1)
    bits.uvarint((1 << 32) - 1)
    bits.varint(0)
    bits.uvarint(0)
    with pytest.raises(WireError, match="more buckets than it can hold"):
        list(decode(bits.bytes(), "float"))


@settings(max_examples=400, deadline=None)
@given(
    first=st.one_of(whole_histograms(), custom_histograms()),
    flips=st.lists(st.tuples(st.integers(0, 300), st.integers(0, 255)), max_size=4),
    cut=st.integers(0, 20),
    kind=st.sampled_from(["whole", "float"]),
)
def test_spoiled_chunks_give_samples_or_a_wire_error(
    first: NativeHistogram, flips: list[tuple[int, int]], cut: int, kind: Kind
) -> None:
    made = whole_chunk([(0, first), (1, grown(first, 3))]) if kind == "whole" else float_chunk([(0, first), (1, first)])
    data = bytearray(made[: max(len(made) - cut, 0)])
    for at, byte in flips:
        if data:
            data[at % len(data)] = byte
    found: list[Point] = []
    try:
        found.extend(decode(bytes(data), kind))
    except WireError:
        return
    assert all(-(1 << 63) <= ts < 1 << 63 for ts, _ in found)


def uvarint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def varint(value: int) -> bytes:
    return uvarint(value << 1 if value >= 0 else (-value << 1) - 1)


def record(kind: int, rows: Sequence[tuple[int, int, NativeHistogram]]) -> bytes:
    first_ref, first_ms, _ = rows[0]
    out = bytes([kind]) + struct.pack(">Qq", first_ref, first_ms)
    for ref, ts_ms, one in rows:
        out += varint(ref - first_ref) + varint(ts_ms - first_ms)
        out += bytes([RESET_HINTS.index(one.reset_hint)]) + varint(one.schema) + struct.pack(">d", one.zero_threshold)
        if kind in (7, 9):
            out += uvarint(int(one.zero_count)) + uvarint(int(one.count))
        else:
            out += struct.pack(">dd", one.zero_count, one.count)
        out += struct.pack(">Q", word(one.sum))
        for side in (one.positive, one.negative):
            spans = spans_of(side.index)
            out += uvarint(len(spans)) + b"".join(varint(offset) + uvarint(length) for offset, length in spans)
        for side in (one.positive, one.negative):
            out += uvarint(len(side))
            if kind in (7, 9):
                out += b"".join(varint(delta) for delta in deltas(side.count))
            else:
                out += struct.pack(f">{len(side)}d", *side.count)
        if one.schema == CUSTOM_SCHEMA:
            out += uvarint(len(one.custom_values)) + struct.pack(f">{len(one.custom_values)}d", *one.custom_values)
    return out


@settings(max_examples=150, deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.integers(0, 1 << 60), st.integers(-(1 << 60), 1 << 60), whole_histograms() | custom_histograms()),
        min_size=1,
        max_size=4,
    ),
    kind=st.sampled_from([7, 8, 9, 10]),
)
def test_records_of_a_log_are_read_as_they_were_written(
    rows: list[tuple[int, int, NativeHistogram]], kind: int
) -> None:
    assert WalReader().read(record(kind, rows)) == [WalHistogram(*row) for row in rows]


def test_the_end_of_a_series_in_a_log() -> None:
    ended = NativeHistogram(0, 0.0, struct.unpack("<d", struct.pack("<Q", STALE_NAN_BITS))[0])
    assert WalReader().read(record(7, [(3, 1_000, ended)])) == [WalHistogram(3, 1_000, None)]
    assert WalReader().read(b"\x07") == []


@settings(max_examples=300, deadline=None)
@given(
    one=whole_histograms() | float_histograms(),
    kind=st.sampled_from([7, 8, 9, 10]),
    flips=st.lists(st.tuples(st.integers(1, 200), st.integers(0, 255)), max_size=4),
    cut=st.integers(0, 30),
)
def test_spoiled_records_give_samples_or_a_wire_error(
    one: NativeHistogram, kind: int, flips: list[tuple[int, int]], cut: int
) -> None:
    whole = NativeHistogram(one.schema, 1.0, one.sum, 0.0, 1.0)
    data = bytearray(record(kind, [(1, 1, one if kind in (8, 10) else whole)]))
    data = data[: max(len(data) - cut, 1)]
    for at, byte in flips:
        data[at % len(data)] = data[0] if at % len(data) == 0 else byte
    try:
        found = WalReader().read(bytes(data))
    except WireError:
        return
    assert isinstance(found, list)
