"""A block's `tombstones` file: spans of time that were deleted from a series and not yet compacted away."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from hannun.model.errors import WireError
from hannun.model.metric import Ints
from hannun.wire.tsdb.numbers import Bytes, Cursor

MAGIC, VERSION = 0x0130BA30, 1


class Tombstones:
    """Spans by series reference, closed on both ends."""

    def __init__(self, spans: Mapping[int, list[tuple[int, int]]]) -> None:
        self._spans = spans

    def __len__(self) -> int:
        return sum(len(spans) for spans in self._spans.values())

    def alive(self, ref: int, ts_ms: Ints) -> NDArray[np.bool_] | None:
        """Which samples of the series are left; None: all."""
        spans = self._spans.get(ref)
        if not spans:
            return None
        alive = np.ones(len(ts_ms), np.bool_)
        for first, last in spans:
            alive &= (ts_ms < first) | (ts_ms > last)
        return alive


def read_tombstones(data: Bytes) -> Tombstones:
    """Raises WireError. An empty file is none, as Prometheus takes it."""
    if not len(data):
        return Tombstones({})
    if len(data) < 9 or int.from_bytes(data[:4], "big") != MAGIC or data[4] != VERSION:
        raise WireError("tombstones: this is no tombstones file of a Prometheus block")
    cursor = Cursor(data, 5, len(data) - 4, "tombstones")
    spans: dict[int, list[tuple[int, int]]] = {}
    while cursor.left():
        ref, first, last = cursor.uvarint(), cursor.varint(), cursor.varint()
        spans.setdefault(ref, []).append((first, last))
    return Tombstones(spans)
