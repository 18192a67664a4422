"""The protobuf messages of a native histogram: remote write's (1.0 and 2.0 write the same) and the scraped page's.

Both say the same things under other numbers, so one reader takes the numbers as a table. Numbers that repeat may come
packed or one by one.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from enum import IntEnum, auto
from itertools import pairwise
from typing import TypeVar

from hannun.model.errors import WireError
from hannun.model.histogram import Buckets, NativeHistogram
from hannun.wire.native_histogram.raw import BUCKETS_MAX, RESET_HINTS, BadHistogram, RawHistogram, spans_of
from hannun.wire.protobuf import FIXED64, LENGTH, VARINT, Field, fields, signed, varint
from hannun.wire.protobuf_write import double, nested, packed_doubles, packed_zigzag, zigzag
from hannun.wire.protobuf_write import whole as number


class Part(IntEnum):
    COUNT = auto()
    COUNT_FLOAT = auto()
    SUM = auto()
    SCHEMA = auto()
    ZERO_THRESHOLD = auto()
    ZERO_COUNT = auto()
    ZERO_COUNT_FLOAT = auto()
    NEGATIVE_SPAN = auto()
    NEGATIVE_DELTA = auto()
    NEGATIVE_COUNT = auto()
    POSITIVE_SPAN = auto()
    POSITIVE_DELTA = auto()
    POSITIVE_COUNT = auto()
    RESET_HINT = auto()
    TIMESTAMP = auto()
    CUSTOM_VALUES = auto()


Layout = Mapping[int, Part]

SENT: Layout = {part.value: part for part in Part}
"""`prometheus.Histogram` and `io.prometheus.write.v2.Histogram`: numbered as above."""

EXPOSED: Layout = {
    1: Part.COUNT,
    2: Part.SUM,
    4: Part.COUNT_FLOAT,
    5: Part.SCHEMA,
    6: Part.ZERO_THRESHOLD,
    7: Part.ZERO_COUNT,
    8: Part.ZERO_COUNT_FLOAT,
    9: Part.NEGATIVE_SPAN,
    10: Part.NEGATIVE_DELTA,
    11: Part.NEGATIVE_COUNT,
    12: Part.POSITIVE_SPAN,
    13: Part.POSITIVE_DELTA,
    14: Part.POSITIVE_COUNT,
}
"""`io.prometheus.client.Histogram`; its other fields are the classic one's."""


def read_message(body: bytes, start: int, end: int, layout: Layout) -> RawHistogram:
    """What `body[start:end]` says, unchecked. Raises WireError for broken bytes. Absent numbers are 0."""
    raw = RawHistogram()
    whole: dict[Part, int] = {}
    float_count = float_zero = 0.0
    for found in fields(body, start, end):
        match layout.get(found.number):
            case None:
                continue
            case Part.SUM:
                raw.sum_bits = found.expect(FIXED64).value
            case Part.COUNT_FLOAT:
                float_count = _double(found)
                raw.floats = True
            case Part.ZERO_COUNT_FLOAT:
                float_zero = _double(found)
            case Part.ZERO_THRESHOLD:
                raw.zero_threshold = _double(found)
            case Part.POSITIVE_SPAN:
                _room(raw.positive.spans).append(_span(body, found.expect(LENGTH)))
            case Part.NEGATIVE_SPAN:
                _room(raw.negative.spans).append(_span(body, found.expect(LENGTH)))
            case Part.POSITIVE_DELTA:
                _add_deltas(body, found, raw.positive.deltas)
            case Part.NEGATIVE_DELTA:
                _add_deltas(body, found, raw.negative.deltas)
            case Part.POSITIVE_COUNT:
                _add_doubles(body, found, raw.positive.counts)
            case Part.NEGATIVE_COUNT:
                _add_doubles(body, found, raw.negative.counts)
            case Part.CUSTOM_VALUES:
                _add_doubles(body, found, raw.custom_values)
            case part:
                whole[part] = found.expect(VARINT).value
                if part is Part.COUNT:
                    raw.floats = False
    if layout is EXPOSED:
        # Not a oneof there: both may be told, and a float that is not 0 means it.
        raw.floats = float_count > 0 or float_zero > 0
    raw.schema = unzigzag(whole.get(Part.SCHEMA, 0))
    raw.hint = whole.get(Part.RESET_HINT, 0)
    raw.ts_ms = signed(whole.get(Part.TIMESTAMP, 0))
    raw.count = float_count if raw.floats else whole.get(Part.COUNT, 0)
    raw.zero_count = float_zero if raw.floats else whole.get(Part.ZERO_COUNT, 0)
    return raw


def unzigzag(value: int) -> int:
    """A sint32 or sint64 out of its varint."""
    return value >> 1 if not value & 1 else -(value >> 1) - 1


def _double(found: Field) -> float:
    value: float = struct.unpack("<d", found.expect(FIXED64).value.to_bytes(8, "little"))[0]
    return value


def _span(body: bytes, found: Field) -> tuple[int, int]:
    offset = length = 0
    for inner in fields(body, found.start, found.end):
        if inner.number == 1:
            offset = unzigzag(inner.expect(VARINT).value)
        elif inner.number == 2:
            length = inner.expect(VARINT).value
    if not -(1 << 31) <= offset < 1 << 31 or length >= 1 << 32:
        raise WireError(f"protobuf: a span at byte {found.tag_at} has numbers of more than 32 bits")
    return offset, length


def _add_deltas(body: bytes, found: Field, into: list[int]) -> None:
    if found.wire == VARINT:
        _room(into).append(unzigzag(found.value))
        return
    at, end = found.expect(LENGTH).start, found.end
    while at < end:
        byte = body[at]
        if byte < 0x80:
            at += 1
        else:
            byte, at = varint(body, at, end)
        _room(into).append(byte >> 1 if not byte & 1 else -(byte >> 1) - 1)


def _add_doubles(body: bytes, found: Field, into: list[float]) -> None:
    if found.wire == FIXED64:
        _room(into).append(_double(found))
        return
    size = found.expect(LENGTH).end - found.start
    if size % 8:
        raise WireError(f"protobuf: field {found.number} at byte {found.tag_at} holds a number that is cut off")
    if len(into) + size // 8 > BUCKETS_MAX:
        raise BadHistogram(_TOO_MANY)
    into.extend(struct.unpack_from(f"<{size // 8}d", body, found.start))


_TOO_MANY = f"histogram has more than {BUCKETS_MAX} buckets"
_Held = TypeVar("_Held")


def _room(into: list[_Held]) -> list[_Held]:
    """Raises BadHistogram when it holds as much as it may."""
    if len(into) >= BUCKETS_MAX:
        raise BadHistogram(_TOO_MANY)
    return into


def encode(histogram: NativeHistogram, ts_ms: int, *, whole: bool = False) -> bytes:
    """The Histogram message of remote write: with float counts, or as integers where all counts are `whole`."""
    if whole:
        head = number(Part.COUNT, int(histogram.count)), number(Part.ZERO_COUNT, int(histogram.zero_count))
    else:
        head = double(Part.COUNT_FLOAT, histogram.count), double(Part.ZERO_COUNT_FLOAT, histogram.zero_count)
    return b"".join(
        (
            *head,
            double(Part.SUM, histogram.sum),
            number(Part.SCHEMA, zigzag(histogram.schema)),
            double(Part.ZERO_THRESHOLD, histogram.zero_threshold),
            _side(histogram.negative, Part.NEGATIVE_SPAN, whole=whole),
            _side(histogram.positive, Part.POSITIVE_SPAN, whole=whole),
            number(Part.RESET_HINT, RESET_HINTS.index(histogram.reset_hint)),
            number(Part.TIMESTAMP, ts_ms),
            packed_doubles(Part.CUSTOM_VALUES, histogram.custom_values),
        )
    )


def _side(buckets: Buckets, spans: Part, *, whole: bool) -> bytes:
    """Spans, and behind them in the numbering deltas or counts."""
    told = b"".join(
        nested(spans, number(1, zigzag(offset)) + number(2, length)) for offset, length in spans_of(buckets.index)
    )
    if not whole:
        return told + packed_doubles(spans + 2, buckets.count)
    counts = [0, *(int(count) for count in buckets.count)]
    return told + packed_zigzag(spans + 1, (now - before for before, now in pairwise(counts)))
