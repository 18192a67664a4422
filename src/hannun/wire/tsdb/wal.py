"""The write-ahead log: what the head holds that no block has yet. Checkpoints and segments share one format.

A log that was cut off in the middle (a crash, a copy of a running server) is read up to where it is whole, as
Prometheus does after a crash.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit

from hannun.model.errors import TooLarge, WireError
from hannun.model.labels import Labels
from hannun.model.metric import Floats, Ids, Ints
from hannun.wire.compression import decompress
from hannun.wire.tsdb import wal_histograms
from hannun.wire.tsdb.chunks import castagnoli
from hannun.wire.tsdb.index import LABELS_MAX
from hannun.wire.tsdb.numbers import Bytes, Cursor
from hannun.wire.tsdb.wal_histograms import WalHistogram

PAGE_BYTES, HEAD_BYTES = 32 << 10, 7
RECORD_BYTES_MAX = 64 << 20
_TERM, _FULL, _FIRST, _MIDDLE, _LAST = range(5)
_SNAPPY, _ZSTD = 8, 16
SERIES, SAMPLES, TOMBSTONES, EXEMPLARS, MARKERS, METADATA = 1, 2, 3, 4, 5, 6
HISTOGRAMS = wal_histograms.WHOLE + wal_histograms.FLOAT


@dataclass(frozen=True, slots=True)
class WalSeries:
    ref: int
    labels: Labels


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """`ref` uint64[n] as WalSeries names them, `ts_ms` int64[n], `value` float64[n]."""

    ref: Ids
    ts_ms: Ints
    value: Floats


@dataclass(slots=True)
class WalReader:
    """Turns records into what they say, and counts those of kinds that it does not know."""

    other_records: int = 0

    def read(self, record: Bytes) -> list[WalSeries] | Samples | list[WalHistogram] | None:
        """None: a record of another kind. Raises WireError."""
        if not len(record):
            return None
        match record[0]:
            case kind if kind == SERIES:
                return list(_series(record))
            case kind if kind == SAMPLES:
                return _samples(record)
            case kind if kind in HISTOGRAMS:
                return list(wal_histograms.read_record(record))
            case kind if kind not in (TOMBSTONES, EXEMPLARS, MARKERS, METADATA):
                self.other_records += 1
        return None


def records(segment: Bytes) -> Iterator[Bytes]:
    """The whole records of one segment file. Raises WireError at the first that is damaged."""
    parts: list[Bytes] = []
    size = at = flags = 0
    while at + HEAD_BYTES <= len(segment):
        room = PAGE_BYTES - at % PAGE_BYTES
        head = segment[at]
        if head & 7 == _TERM or room < HEAD_BYTES:
            at += room  # The rest of the page is zeros.
            continue
        length = int.from_bytes(segment[at + 1 : at + 3], "big")
        body = segment[at + HEAD_BYTES : at + HEAD_BYTES + length]
        if len(body) < length or HEAD_BYTES + length > room:
            raise WireError(f"wal: a record that is cut off at byte {at}")
        if castagnoli(body) != int.from_bytes(segment[at + 3 : at + 7], "big"):
            raise WireError(f"wal: the record at byte {at} is damaged (its checksum differs)")
        at += HEAD_BYTES + length
        kind = head & 7
        if kind in (_FULL, _FIRST):
            parts, size, flags = [], 0, head & (_SNAPPY | _ZSTD)
        elif kind not in (_MIDDLE, _LAST) or not parts:
            raise WireError(f"wal: a part of a record without its beginning at byte {at}")
        parts.append(body)
        size += length
        if size > RECORD_BYTES_MAX:
            raise WireError(f"wal: a record of more than {RECORD_BYTES_MAX} bytes at byte {at}")
        if kind in (_FULL, _LAST):
            yield _inflated(parts[0] if len(parts) == 1 else b"".join(parts), flags)
            parts = []


def _inflated(body: Bytes, flags: int) -> Bytes:
    if not flags:
        return body
    try:
        return decompress(bytes(body), ["snappy" if flags & _SNAPPY else "zstd"], limit_bytes=RECORD_BYTES_MAX)
    except TooLarge as err:
        raise WireError(f"wal: a record of more than {RECORD_BYTES_MAX} bytes") from err


def _series(record: Bytes) -> Iterator[WalSeries]:
    at = Cursor(record, 1, len(record), "wal")
    while at.left():
        ref = at.be64()
        count = at.uvarint()
        if count > LABELS_MAX:
            raise WireError(f"wal: a series of {count} labels")
        yield WalSeries(ref, Labels.from_pairs([(at.text(), at.text()) for _ in range(count)]))


def _samples(record: Bytes) -> Samples:
    if len(record) == 1:
        return Samples(np.empty(0, np.uint64), np.empty(0, np.int64), np.empty(0))
    at = Cursor(record, 1, len(record), "wal")
    ref, ts = at.be64(), at.be64()
    rest = np.frombuffer(record, np.uint8)[at.at :]
    most = len(rest) // 10 + 1  # two varints and eight bytes
    refs, times, bits = np.empty(most, np.uint64), np.empty(most, np.int64), np.empty(most, np.uint64)
    count = int(_fill(rest, np.uint64(ref), np.uint64(ts).astype(np.int64), refs, times, bits))
    if count < 0:
        raise WireError("wal: a record of samples that is cut off")
    return Samples(refs[:count], times[:count], bits[:count].view(np.float64))


@njit(nogil=True, cache=True, error_model="numpy")
def _varint(raw: Any, at: Any) -> Any:
    """(value, position), zigzag; position -1 where the bytes end."""
    value = np.uint64(0)
    for index in range(10):
        if at >= len(raw):
            return np.int64(0), -1
        byte = np.uint64(raw[at])
        at += 1
        value |= (byte & np.uint64(0x7F)) << np.uint64(7 * index)
        if byte < np.uint64(0x80):
            half = np.int64(value >> np.uint64(1))
            return (-half - 1 if value & np.uint64(1) else half), at
    return np.int64(0), -1


@njit(nogil=True, cache=True, error_model="numpy")
def _fill(raw: Any, ref: Any, ts: Any, refs: Any, times: Any, bits: Any) -> Any:
    count = at = 0
    while at < len(raw):
        more_ref, at = _varint(raw, at)
        if at < 0:
            return -1
        more_ts, at = _varint(raw, at)
        if at < 0 or at + 8 > len(raw) or count >= len(refs):
            return -1
        word = np.uint64(0)
        for _ in range(8):
            word = word << np.uint64(8) | np.uint64(raw[at])
            at += 1
        refs[count] = ref + np.uint64(more_ref)
        times[count] = ts + more_ts
        bits[count] = word
        count += 1
    return count
