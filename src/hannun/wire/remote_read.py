"""Prometheus remote read: a ReadRequest -> questions, columns -> a ReadResponse of raw samples.

Follows prometheus/prompb's remote.proto. Only the SAMPLES answer is written: every client takes it, and the streamed
chunks would need Prometheus's own encoding. Samples go from columns to bytes in compiled code, because an answer may
hold fifty million of them; `encode_plain` says the same in Python and a test holds both together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

import cramjam
import numpy as np
from numba import njit

from hannun.model.errors import BadQuery, TooLarge, WireError
from hannun.model.histogram import HistogramSeries
from hannun.model.labels import Labels
from hannun.model.matcher import Matcher, Matchers, MatchOp
from hannun.model.metric import SeriesColumns
from hannun.wire import native_histogram
from hannun.wire.protobuf import LENGTH, VARINT, fields, signed, varint
from hannun.wire.protobuf import text as read_text
from hannun.wire.protobuf_write import nested, text
from hannun.wire.protobuf_write import varint as put_varint

SAMPLES, STREAMED_XOR_CHUNKS = 0, 1
QUERIES_MAX = 1_000
MATCHERS_MAX = 1_000
CONTENT_TYPE = "application/x-protobuf"
CONTENT_ENCODING = "snappy"

_OPS = (MatchOp.EQUAL, MatchOp.NOT_EQUAL, MatchOp.REGEX, MatchOp.NOT_REGEX)
# Tags and lengths around one sample: 0x12 <length> 0x09 <8 bytes> 0x10 <timestamp, at most 10 bytes>.
_SAMPLE_BYTES_MAX = 2 + 9 + 1 + 10
_SERIES_HEAD_BYTES_MAX = 11
# Numbers of one histogram, and of each bucket a span and a count.
_HISTOGRAM_BYTES_MAX, _BUCKET_BYTES_MAX = 96, 24


@dataclass(frozen=True, slots=True)
class ReadQuery:
    """Raw samples of the series that match, in `[start_ms, end_ms]`: closed on both ends."""

    start_ms: int
    end_ms: int
    matchers: Matchers


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """`accepts`: answer kinds in the client's order of preference; none given means SAMPLES."""

    queries: tuple[ReadQuery, ...]
    accepts: tuple[int, ...] = ()

    @property
    def takes_samples(self) -> bool:
        return not self.accepts or SAMPLES in self.accepts


def decode(body: bytes) -> ReadRequest:
    """An uncompressed ReadRequest. Raises WireError; BadQuery for a regex that RE2 refuses; TooLarge."""
    queries: list[ReadQuery] = []
    accepts: list[int] = []
    for field in fields(body, 0, len(body)):
        if field.number == 1:
            if len(queries) >= QUERIES_MAX:
                raise TooLarge(f"remote read: more than {QUERIES_MAX} queries in one request")
            queries.append(_query(body, field.expect(LENGTH).start, field.end))
        elif field.number == 2 and len(accepts) < 16:
            accepts += _numbers(body, field.start, field.end) if field.wire == LENGTH else [field.expect(VARINT).value]
    return ReadRequest(tuple(queries), tuple(accepts))


def _numbers(body: bytes, at: int, end: int) -> list[int]:
    found = []
    while at < end:
        value, at = varint(body, at, end)
        found.append(value)
    return found


def _query(body: bytes, start: int, end: int) -> ReadQuery:
    start_ms = end_ms = 0
    matchers: list[Matcher] = []
    for field in fields(body, start, end):
        if field.number == 1:
            start_ms = signed(field.expect(VARINT).value)
        elif field.number == 2:
            end_ms = signed(field.expect(VARINT).value)
        elif field.number == 3:
            if len(matchers) >= MATCHERS_MAX:
                raise TooLarge(f"remote read: more than {MATCHERS_MAX} matchers in one query")
            matchers.append(_matcher(body, field.expect(LENGTH).start, field.end))
    return ReadQuery(start_ms, end_ms, tuple(matchers))


def _matcher(body: bytes, start: int, end: int) -> Matcher:
    kind, name, value = 0, "", ""
    try:
        for field in fields(body, start, end):
            if field.number == 1:
                kind = field.expect(VARINT).value
            elif field.number == 2:
                name = read_text(body, field)
            elif field.number == 3:
                value = read_text(body, field)
    except UnicodeDecodeError as err:
        raise WireError("remote read: a matcher is not UTF-8") from err
    if kind >= len(_OPS):
        raise WireError(f"remote read: unknown matcher type {kind}")
    if not name:
        raise BadQuery("remote read: a matcher names no label")
    return Matcher(name, _OPS[kind], value)


Shapes = Sequence[HistogramSeries]
"""The native histograms of one query's series."""


def encode(results: Sequence[SeriesColumns], histograms: Sequence[Shapes] = (), *, bytes_max: int = 1 << 31) -> bytes:
    """An uncompressed ReadResponse, one result per query, its series sorted by labels. `histograms`: those of each.

    Raises TooLarge when the answer could exceed `bytes_max`, before anything is allocated.
    """
    shapes = histograms or [()] * len(results)
    if sum(_room(result) for result in results) + sum(map(_room_of_shapes, shapes)) > bytes_max:
        raise TooLarge(f"the answer would be larger than {bytes_max} bytes", "ask for a shorter range or fewer series")
    return b"".join(nested(1, encode_series(result, some)) for result, some in zip(results, shapes, strict=True))


def encode_series(result: SeriesColumns, histograms: Shapes = ()) -> bytes:
    """TimeSeries messages in field 1, sorted by labels: a query's result, and just as well a WriteRequest of 1.0.

    Series with native histograms are few and are written in Python; the runs of floats between them are not.
    """
    order = _sorted(result)
    if not histograms:
        return _encode_run(result, order)
    shaped = {one.labels: one for one in histograms}
    floats: dict[Labels, list[int]] = {labels: [] for labels in shaped}
    rows: list[tuple[object, int, HistogramSeries | None]] = []
    for index in order:
        if (labels := result.labels[index]) in floats:
            floats[labels].append(index)
        else:
            rows.append((labels.pairs, index, None))
    rows += [(one.labels.pairs, 0, one) for one in shaped.values()]
    rows.sort(key=itemgetter(0))
    parts: list[bytes] = []
    for plain, some in groupby(rows, key=lambda row: row[2] is None):
        if plain:
            parts.append(_encode_run(result, [index for _, index, _ in some]))
        else:
            parts += [nested(1, _shaped_series(result, floats[one.labels], one)) for *_, one in some if one is not None]
    return b"".join(parts)


def compress(body: bytes) -> bytes:
    """The snappy block that remote read answers with."""
    return bytes(cramjam.snappy.compress_raw(body))


def encode_plain(results: Sequence[SeriesColumns]) -> bytes:
    """What `encode` writes, sample by sample: the reference."""
    return b"".join(
        nested(1, b"".join(nested(1, _plain_series(result, index)) for index in _sorted(result))) for result in results
    )


def _plain_series(result: SeriesColumns, index: int) -> bytes:
    return _labels(result.labels[index]) + _plain_points(result, index)


def _plain_points(result: SeriesColumns, index: int, but: frozenset[int] = frozenset()) -> bytes:
    """Without the floats at the times `but`."""
    begin, end = int(result.offsets[index]), int(result.offsets[index + 1])
    times = result.ts[begin:end].astype(np.int64) + result.base_ms
    return b"".join(
        nested(2, b"\x09" + value.tobytes() + b"\x10" + put_varint(ts_ms % (1 << 64)))
        for ts_ms, value in zip(times.tolist(), result.value[begin:end], strict=True)
        if ts_ms not in but
    )


def _shaped_series(result: SeriesColumns, floats: Sequence[int], shaped: HistogramSeries) -> bytes:
    """A series with native histograms. Of a float and a histogram at one time the histogram is the newer one."""
    taken = frozenset(shaped.ts_ms)
    points = [_plain_points(result, index, taken) for index in floats]
    points += [
        nested(4, native_histogram.encode(one, ts_ms))
        for ts_ms, one in zip(shaped.ts_ms, shaped.histograms, strict=True)
    ]
    return _labels(shaped.labels) + b"".join(points)


def _sorted(result: SeriesColumns) -> list[int]:
    return sorted(range(len(result)), key=lambda index: result.labels[index].pairs)


def _labels(labels: Labels) -> bytes:
    return b"".join(nested(1, text(1, name) + text(2, value)) for name, value in labels)


def _room(result: SeriesColumns) -> int:
    """An upper bound of the bytes of one result."""
    names = sum(16 + 4 * (len(name) + len(value)) for labels in result.labels for name, value in labels)
    return names + _SERIES_HEAD_BYTES_MAX * len(result) + _SAMPLE_BYTES_MAX * len(result.ts) + _SERIES_HEAD_BYTES_MAX


def _room_of_shapes(shapes: Shapes) -> int:
    names = sum(16 + 4 * (len(name) + len(value)) for one in shapes for name, value in one.labels)
    held = sum(
        _HISTOGRAM_BYTES_MAX + _BUCKET_BYTES_MAX * (one.buckets + len(one.custom_values))
        for series in shapes
        for one in series.histograms
    )
    return names + held + _SERIES_HEAD_BYTES_MAX * len(shapes)


def _encode_run(result: SeriesColumns, order: Sequence[int]) -> bytes:
    """The series at `order`, floats alone."""
    heads = [_labels(result.labels[index]) for index in order]
    ends = np.cumsum([0, *(len(head) for head in heads)], dtype=np.int64)
    joined = np.frombuffer(b"".join(heads), dtype=np.uint8)
    rows = int(sum(result.offsets[index + 1] - result.offsets[index] for index in order))
    size = len(joined) + _SERIES_HEAD_BYTES_MAX * len(order) + _SAMPLE_BYTES_MAX * rows
    out = np.empty(size, dtype=np.uint8)
    bits = np.ascontiguousarray(result.value).view(np.uint64)
    at = _fill(
        joined, ends, np.array(order, dtype=np.int64), result.offsets, result.ts, np.int64(result.base_ms), bits, out
    )
    return out[:at].tobytes()


@njit(nogil=True, cache=True, error_model="numpy")
def _width(number: Any) -> Any:
    """Bytes of a varint."""
    width = 1
    while number >= np.uint64(0x80):
        number >>= np.uint64(7)
        width += 1
    return width


@njit(nogil=True, cache=True, error_model="numpy")
def _put(out: Any, at: Any, number: Any) -> Any:
    while number >= np.uint64(0x80):
        out[at] = np.uint8(number & np.uint64(0x7F)) | np.uint8(0x80)
        number >>= np.uint64(7)
        at += 1
    out[at] = np.uint8(number)
    return at + 1


@njit(nogil=True, cache=True, error_model="numpy")
def _fill(heads: Any, ends: Any, order: Any, offsets: Any, ts: Any, base: Any, bits: Any, out: Any) -> Any:
    """Write every series (label bytes `heads[ends[i]:ends[i+1]]`, samples of series `order[i]`); returns the end."""
    at = 0
    for place in range(len(order)):
        first, last = offsets[order[place]], offsets[order[place] + 1]
        size = ends[place + 1] - ends[place]
        for row in range(first, last):
            size += 12 + _width(np.uint64(np.int64(ts[row]) + base))
        out[at] = 0x0A
        at = _put(out, at + 1, np.uint64(size))
        for byte in range(ends[place], ends[place + 1]):
            out[at] = heads[byte]
            at += 1
        for row in range(first, last):
            when = np.uint64(np.int64(ts[row]) + base)
            out[at] = 0x12
            out[at + 1] = np.uint8(10 + _width(when))
            out[at + 2] = 0x09
            at += 3
            word = bits[row]
            for _ in range(8):
                out[at] = np.uint8(word & np.uint64(0xFF))
                word >>= np.uint64(8)
                at += 1
            out[at] = 0x10
            at = _put(out, at + 1, when)
    return at


def warm() -> None:
    """Compile the encoder, so that no request waits for it."""
    for width in (np.uint32, np.int64):
        none = np.empty(0, dtype=np.float64)
        encode([SeriesColumns((), np.zeros(1, np.int64), 0, np.empty(0, width), none)])
