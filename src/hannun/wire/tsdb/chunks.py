"""Segment files of a block's `chunks/`: a chunk at its offset, checked against its sum and decoded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit

from hannun.model.errors import WireError
from hannun.model.metric import Floats, Ints
from hannun.wire.tsdb import histograms, xor
from hannun.wire.tsdb.index import ChunkRef
from hannun.wire.tsdb.numbers import Bytes, Cursor

MAGIC, VERSION, HEAD_BYTES = 0x85BD40DD, 1, 8
XOR, HISTOGRAM, FLOAT_HISTOGRAM = 1, 2, 3
CHUNK_BYTES_MAX = 1 << 24


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """Samples of one chunk: floats, or native histograms that are read while they are asked for."""

    ts_ms: Ints
    value: Floats
    histograms: Iterator[histograms.Point] | None = None


class Chunks:
    """All segments of one block, in the order of their file names. Raises WireError for what is no segment."""

    def __init__(self, segments: Sequence[Bytes]) -> None:
        for number, segment in enumerate(segments, 1):
            if len(segment) < HEAD_BYTES or int.from_bytes(segment[:4], "big") != MAGIC:
                raise WireError(f"chunks/{number:06d}: this is no segment of a Prometheus block")
            if segment[4] != VERSION:
                raise WireError(f"chunks/{number:06d}: format {segment[4]} is not known")
        self._segments = segments

    def read(self, ref: ChunkRef) -> Decoded:
        """Raises WireError: a chunk that is not there, whose sum is wrong, or of an unknown encoding."""
        where = f"chunks/{ref.segment + 1:06d}"
        if ref.segment >= len(self._segments):
            raise WireError(f"{where}: the index names this file and it is not there")
        data = self._segments[ref.segment]
        cursor = Cursor(data, min(ref.offset, len(data)), len(data), where)
        length = cursor.uvarint()
        if length > CHUNK_BYTES_MAX:
            raise WireError(f"{where}: a chunk of {length} bytes at byte {ref.offset}")
        body = cursor.take(1 + length)
        if castagnoli(body) != cursor.be32():
            raise WireError(f"{where}: the chunk at byte {ref.offset} is damaged (its checksum differs)")
        if body[0] == XOR:
            return Decoded(*xor.decode(body[1:]))
        if body[0] in (HISTOGRAM, FLOAT_HISTOGRAM):
            kind: histograms.Kind = "whole" if body[0] == HISTOGRAM else "float"
            return Decoded(np.empty(0, np.int64), np.empty(0), histograms.decode(body[1:], kind))
        raise WireError(f"{where}: a chunk of the unknown encoding {body[0]} at byte {ref.offset}")


def castagnoli(data: Bytes) -> int:
    """CRC-32C, which neither zlib nor binascii has."""
    return int(_crc(np.frombuffer(data, dtype=np.uint8), _TABLE))


def _table() -> Any:
    words = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        words = np.where(words & 1, words >> 1 ^ np.uint32(0x82F63B78), words >> 1).astype(np.uint32)
    return words


_TABLE = _table()


@njit(nogil=True, cache=True, error_model="numpy")
def _crc(data: Any, table: Any) -> Any:
    crc = np.uint32(0xFFFFFFFF)
    for byte in data:
        crc = table[(crc ^ np.uint32(byte)) & np.uint32(0xFF)] ^ (crc >> np.uint32(8))
    return crc ^ np.uint32(0xFFFFFFFF)
