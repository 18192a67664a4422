"""Chunks of native histograms: a layout (spans, threshold, bounds) once, then what each number changed by, as bits.

Follows prometheus/tsdb/chunkenc (histogram.go, float_histogram.go, varbit.go). Plain Python and one sample at a time:
a chunk of a kilobyte may stand for megabytes of numbers.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from typing import Literal

from hannun.model.errors import WireError
from hannun.model.histogram import CUSTOM_SCHEMA, NativeHistogram
from hannun.model.metric import STALE_NAN_BITS
from hannun.wire.native_histogram import BadHistogram, RawHistogram, RawSide, checked
from hannun.wire.tsdb.numbers import Bytes

CHUNK_BYTES_MAX = 1 << 20
"""Prometheus begins a new chunk after a kilobyte."""
_GAUGE_HEADER, _GAUGE_HINT = 3, 3
_SIZES = (0, 3, 6, 9, 12, 18, 25, 56, 64)
"""Bits of a number by how many ones stand before it."""

Kind = Literal["whole", "float"]
Point = tuple[int, NativeHistogram | None]
"""Time in ms; None: the series ends here."""


def decode(data: Bytes, kind: Kind) -> Iterator[Point]:
    """The samples of one chunk (without its encoding byte). Raises WireError on the way, where the bytes go wrong.

    Of the chunk's counter reset header only "gauge" is kept: what came before a chunk may not be imported.
    """
    if len(data) > CHUNK_BYTES_MAX:
        raise WireError(f"chunk: {len(data)} bytes of native histograms; at most {CHUNK_BYTES_MAX} are read")
    bits = Bits(bytes(data))
    samples, header = bits.take(16), bits.take(8) >> 6
    layout = _layout(bits)
    layout.hint = _GAUGE_HINT if header == _GAUGE_HEADER else 0
    try:
        yield from (_whole if kind == "whole" else _floats)(bits, layout, samples)
    except BadHistogram as err:
        raise WireError(f"chunk: {err}") from err


def _layout(bits: Bits) -> RawHistogram:
    """What all samples of a chunk share."""
    found = RawHistogram(zero_threshold=_zero_threshold(bits), schema=bits.varint())
    for side in (found.positive, found.negative):
        for _ in range(bits.count(2)):
            length = bits.uvarint()
            side.spans.append((bits.varint(), length))
    # Each bucket of the first sample takes a bit at least, so a layout cannot claim more than there is room for.
    if sum(length for side in (found.positive, found.negative) for _, length in side.spans) > bits.left:
        raise WireError("chunk: its spans name more buckets than it can hold")
    if found.schema == CUSTOM_SCHEMA:
        found.custom_values = [_bound(bits) for _ in range(bits.count(1))]
    return found


def _whole(bits: Bits, layout: RawHistogram, samples: int) -> Iterator[Point]:
    """Counts as whole numbers: deltas of deltas, and buckets as deltas from bucket to bucket beside."""
    positive, negative = ([0] * sum(length for _, length in side.spans) for side in (layout.positive, layout.negative))
    changes = [0] * (len(positive) + len(negative))
    ts_ms = count = zero_count = ts_change = count_change = zero_change = 0
    total = _Xor()
    for number in range(samples):
        if number == 0:
            ts_ms, count, zero_count = bits.varint(), bits.uvarint(), bits.uvarint()
            total.bits = bits.take(64)
            for side in (positive, negative):
                side[:] = [bits.varint() for _ in side]
        else:
            ts_change += bits.varint()
            count_change += bits.varint()
            zero_change += bits.varint()
            ts_ms, count, zero_count = ts_ms + ts_change, count + count_change, zero_count + zero_change
            total.read(bits)
            if total.bits != STALE_NAN_BITS:
                changes = [change + bits.varint() for change in changes]
                positive = [value + change for value, change in zip(positive, changes, strict=False)]
                negative = [value + change for value, change in zip(negative, changes[len(positive) :], strict=True)]
        _check_time(ts_ms)
        if total.bits == STALE_NAN_BITS:
            yield ts_ms, None
            continue
        layout.count, layout.zero_count, layout.sum_bits = count, zero_count, total.bits
        layout.positive = RawSide(layout.positive.spans, positive)
        layout.negative = RawSide(layout.negative.spans, negative)
        yield ts_ms, checked(layout)


def _floats(bits: Bits, layout: RawHistogram, samples: int) -> Iterator[Point]:
    """Counts as floats: each number XORed with the one before, buckets absolute."""
    layout.floats = True
    positive, negative = (
        [_Xor() for _ in range(sum(length for _, length in side.spans))] for side in (layout.positive, layout.negative)
    )
    count, zero_count, total = _Xor(), _Xor(), _Xor()
    ts_ms = ts_change = 0
    for number in range(samples):
        if number == 0:
            ts_ms = bits.varint()
            for value in (count, zero_count, total, *positive, *negative):
                value.bits = bits.take(64)
        else:
            ts_change += bits.varint()
            ts_ms += ts_change
            for value in (count, zero_count, total):
                value.read(bits)
            if total.bits != STALE_NAN_BITS:
                for value in (*positive, *negative):
                    value.read(bits)
        _check_time(ts_ms)
        if total.bits == STALE_NAN_BITS:
            yield ts_ms, None
            continue
        layout.count, layout.zero_count, layout.sum_bits = count.value, zero_count.value, total.bits
        layout.positive = RawSide(layout.positive.spans, [], [one.value for one in positive])
        layout.negative = RawSide(layout.negative.spans, [], [one.value for one in negative])
        yield ts_ms, checked(layout)


class _Xor:
    """One number of a chunk as it changes from sample to sample."""

    __slots__ = ("_leading", "_trailing", "bits")

    def __init__(self) -> None:
        self.bits = self._leading = self._trailing = 0

    @property
    def value(self) -> float:
        found: float = struct.unpack("<d", struct.pack("<Q", self.bits))[0]
        return found

    def read(self, bits: Bits) -> None:
        if not bits.take(1):
            return
        if bits.take(1):
            self._leading, width = bits.take(5), bits.take(6) or 64
            self._trailing = 64 - self._leading - width
            if self._trailing < 0:
                raise WireError("chunk: a value wider than 64 bits")
        self.bits ^= bits.take(64 - self._leading - self._trailing) << self._trailing


def _check_time(ts_ms: int) -> None:
    if not -(1 << 63) <= ts_ms < 1 << 63:
        raise WireError("chunk: a time of more than 64 bits")


def _zero_threshold(bits: Bits) -> float:
    """A byte where it is a power of two, which it mostly is."""
    power = bits.take(8)
    if power == 255:
        value: float = struct.unpack("<d", struct.pack("<Q", bits.take(64)))[0]
        return value
    return math.ldexp(0.5, power - 243) if power else 0.0


def _bound(bits: Bits) -> float:
    """Thousandths where it is a whole number of them."""
    thousandths = bits.uvarint()
    if thousandths:
        return (thousandths - 1) / 1000
    value: float = struct.unpack("<d", struct.pack("<Q", bits.take(64)))[0]
    return value


class Bits:
    """A position in bits that never leaves the bytes. Every read raises WireError where they end."""

    __slots__ = ("_at", "_data", "_end")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self._end = 8 * len(data)

    @property
    def left(self) -> int:
        return self._end - self._at

    def take(self, count: int) -> int:
        end = self._at + count
        if end > self._end:
            raise WireError("chunk: truncated")
        last = (end + 7) >> 3
        piece = int.from_bytes(self._data[self._at >> 3 : last], "big")
        self._at = end
        return piece >> (8 * last - end) & ((1 << count) - 1)

    def uvarint(self) -> int:
        """Prometheus's varbit: ones up to a zero tell the size."""
        ones = 0
        while ones < 8 and self.take(1):
            ones += 1
        return self.take(_SIZES[ones])

    def varint(self) -> int:
        ones = 0
        while ones < 8 and self.take(1):
            ones += 1
        size = _SIZES[ones]
        value = self.take(size)
        if ones == 8:
            return value - (1 << 64) if value >> 63 else value
        return value - (1 << size) if size and value > 1 << (size - 1) else value

    def count(self, bits_each: int) -> int:
        """How many things follow that take so many bits at least; a lie is found before room is made for it."""
        count = self.uvarint()
        if count * bits_each > self.left:
            raise WireError("chunk: truncated")
        return count
