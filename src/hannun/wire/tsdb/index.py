"""A block's `index` file, formats 1 and 2: its series with their labels and the places of their chunks.

The tables of postings and label values are for questions; whoever wants everything walks the series section.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hannun.model.errors import WireError
from hannun.model.labels import Labels
from hannun.wire.tsdb.numbers import Bytes, Cursor

MAGIC = 0xBAAAD700
HEAD_BYTES, TOC_BYTES = 5, 6 * 8 + 4
SERIES_ALIGN = 16
LABELS_MAX, CHUNKS_MAX = 4096, 1 << 22


@dataclass(frozen=True, slots=True)
class ChunkRef:
    """`segment` counts the files of `chunks/` from 0."""

    min_ms: int
    max_ms: int
    segment: int
    offset: int


@dataclass(frozen=True, slots=True)
class Series:
    """`ref` is what tombstones call the series."""

    ref: int
    labels: Labels
    chunks: tuple[ChunkRef, ...]


class Index:
    """Raises WireError for what is not an index."""

    def __init__(self, data: Bytes) -> None:
        if len(data) < HEAD_BYTES + TOC_BYTES or int.from_bytes(data[:4], "big") != MAGIC:
            raise WireError("index: this is no index of a Prometheus block")
        self.version = data[4]
        if self.version not in (1, 2):
            raise WireError(f"index: format {self.version} is not known (1 and 2 are)")
        self._data = data
        toc = Cursor(data, len(data) - TOC_BYTES, len(data), "index")
        symbols, self._series_at, self._series_end = toc.be64(), toc.be64(), toc.be64()
        self._symbols = self._read_symbols(symbols)

    def series(self) -> Iterator[Series]:
        """Every series, in the order of the file."""
        data = self._data
        cursor = Cursor(data, self._series_at, self._series_end, "index")
        while cursor.left():
            if data[cursor.at] == 0:  # padding; no series is empty
                cursor.at += 1
                continue
            begin = cursor.at
            length = cursor.uvarint()
            inner = Cursor(data, cursor.at, cursor.at + length, "index")
            cursor.take(length + 4)  # and its checksum
            ref = begin // SERIES_ALIGN if self.version == 2 else begin
            yield Series(ref, self._labels(inner), tuple(self._chunks(inner)))

    def _labels(self, at: Cursor) -> Labels:
        count = at.uvarint()
        if count > LABELS_MAX:
            raise WireError(f"index: a series of {count} labels at byte {at.at}")
        pairs = [(self._symbol(at.uvarint()), self._symbol(at.uvarint())) for _ in range(count)]
        return Labels.from_pairs(pairs)

    def _symbol(self, ref: int) -> str:
        found = self._symbols.get(ref)
        if found is None:
            raise WireError(f"index: symbol {ref} is not there")
        return found

    def _chunks(self, at: Cursor) -> Iterator[ChunkRef]:
        count = at.uvarint()
        if count > CHUNKS_MAX:
            raise WireError(f"index: a series of {count} chunks at byte {at.at}")
        max_ms = ref = 0
        for number in range(count):
            if number == 0:
                min_ms = at.varint()
                max_ms = min_ms + at.uvarint()
                ref = at.uvarint()
            else:
                min_ms = max_ms + at.uvarint()
                max_ms = min_ms + at.uvarint()
                ref += at.varint()
            yield ChunkRef(min_ms, max_ms, ref >> 32, ref & 0xFFFF_FFFF)

    def _read_symbols(self, start: int) -> dict[int, str]:
        head = Cursor(self._data, start, min(start + 4, len(self._data)), "index")
        length = head.be32()
        at = Cursor(self._data, start + 4, start + 4 + length, "index")
        count = at.be32()
        if count > length:
            raise WireError(f"index: {count} symbols in {length} bytes")
        found: dict[int, str] = {}
        for number in range(count):
            # Format 1 refers to symbols by their place in the file, format 2 by their number.
            key = number if self.version == 2 else at.at
            found[key] = at.text()
        return found
