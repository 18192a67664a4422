"""Records of native histograms in the write-ahead log: each sample whole, with its spans, as the head got it."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from hannun.model.errors import WireError
from hannun.model.histogram import CUSTOM_SCHEMA, NativeHistogram
from hannun.wire.native_histogram import BadHistogram, RawHistogram, RawSide, checked
from hannun.wire.tsdb.numbers import Bytes, Cursor

WHOLE, FLOAT = (7, 9), (8, 10)
"""Kinds of records; 9 and 10 are those with custom bounds, which before had no kind of their own."""


@dataclass(frozen=True, slots=True)
class WalHistogram:
    """`ref` as WalSeries names it. `histogram` None: the series ends here."""

    ref: int
    ts_ms: int
    histogram: NativeHistogram | None


def read_record(record: Bytes) -> Iterator[WalHistogram]:
    """Raises WireError; a histogram that breaks a rule ends the record: nobody knows where the next one begins."""
    floats = record[0] in FLOAT
    at = Cursor(record, 1, len(record), "wal")
    if not at.left():
        return
    first_ref, first_ms = at.be64(), _signed(at.be64())
    while at.left():
        ref, ts_ms = first_ref + at.varint(), first_ms + at.varint()
        if not -(1 << 63) <= ts_ms < 1 << 63:
            raise WireError("wal: a time of more than 64 bits")
        raw = _histogram(at, floats=floats)
        try:
            yield WalHistogram(ref, ts_ms, None if raw.is_stale else checked(raw))
        except BadHistogram as err:
            raise WireError(f"wal: {err}") from err


def _histogram(at: Cursor, *, floats: bool) -> RawHistogram:
    found = RawHistogram(floats=floats, hint=at.byte(), schema=at.varint(), zero_threshold=_double(at))
    found.zero_count = _double(at) if floats else at.uvarint()
    found.count = _double(at) if floats else at.uvarint()
    found.sum_bits = at.be64()
    found.positive, found.negative = RawSide(), RawSide()
    for side in (found.positive, found.negative):
        side.spans = [(at.varint(), at.uvarint()) for _ in range(_count(at, 2))]
    for side in (found.positive, found.negative):
        if floats:
            side.counts = [_double(at) for _ in range(_count(at, 8))]
        else:
            side.deltas = [at.varint() for _ in range(_count(at, 1))]
    if found.schema == CUSTOM_SCHEMA:
        found.custom_values = [_double(at) for _ in range(_count(at, 8))]
    return found


def _count(at: Cursor, bytes_each: int) -> int:
    count = at.uvarint()
    if count * bytes_each > at.left():
        raise WireError(f"wal: truncated at byte {at.at}")
    return count


def _double(at: Cursor) -> float:
    value: float = struct.unpack(">d", at.take(8))[0]
    return value


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value
