"""ClickHouse's Native format, read without copies: fixed-width columns become NumPy views of the block's memory.

Only what our own hot queries select is understood; text travels as Arrow. A block is: varint columns, varint rows,
then per column its name, its type and the raw little-endian values.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from hannun.model.errors import StoreUnavailable

_WIDTHS: dict[str, type[np.generic]] = {
    "UInt8": np.uint8,
    "UInt16": np.uint16,
    "UInt32": np.uint32,
    "UInt64": np.uint64,
    "Int8": np.int8,
    "Int16": np.int16,
    "Int32": np.int32,
    "Int64": np.int64,
    "Float64": np.float64,
    "Date": np.uint16,
    "DateTime": np.uint32,
}


def blocks(memory: memoryview) -> Iterator[dict[str, NDArray[np.generic]]]:
    """Every block in `memory` (one fetch may carry several). Raises StoreUnavailable on a type we do not read."""
    at, end = 0, len(memory)
    while at < end:
        columns, at = _varint(memory, at)
        rows, at = _varint(memory, at)
        found: dict[str, NDArray[np.generic]] = {}
        for _ in range(columns):
            name, at = _text(memory, at)
            kind, at = _text(memory, at)
            dtype = np.dtype(_width(kind))
            size = dtype.itemsize * rows
            found[name] = np.frombuffer(memory, dtype, rows, at) if rows else np.empty(0, dtype)
            at += size
        if rows:
            yield found


def _width(kind: str) -> type[np.generic]:
    if kind.startswith("DateTime64("):
        return np.int64
    if kind.startswith("DateTime("):
        return np.uint32
    if kind not in _WIDTHS:
        raise StoreUnavailable(f"column type {kind} is not read from Native blocks")
    return _WIDTHS[kind]


def _varint(memory: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = memory[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _text(memory: memoryview, at: int) -> tuple[str, int]:
    size, at = _varint(memory, at)
    return bytes(memory[at : at + size]).decode(), at + size
