"""The protobuf decoder of the hot path: one compiled scan; what a stream is called is read only when it is new."""

from __future__ import annotations

import secrets

import numpy as np
from numpy.typing import NDArray

from hannun.model.errors import WireError
from hannun.wire.loki import scan
from hannun.wire.loki.columns import Bytes, Pairs, PushColumns
from hannun.wire.loki.encode import encode
from hannun.wire.loki.labels import read_labels
from hannun.wire.loki.limits import PushLimits
from hannun.wire.loki.room import Room


class FastDecoder:
    """Safe to use from several threads at once; the scan runs without the GIL."""

    def __init__(self, limits: PushLimits | None = None) -> None:
        self._limits = limits or PushLimits()
        self._seed = np.uint64(secrets.randbits(64))

    def decode(self, body: bytes) -> PushColumns:
        """Raises WireError, or TooLarge for more streams, lines or metadata than one push may bring."""
        view = np.frombuffer(body, dtype=np.uint8)
        room = Room(self._limits, len(body))
        while True:
            status = int(scan.scan(view, self._seed, *room.arrays()))
            if status == scan.OK:
                return room.filled(view, _Labels(view, room.labels))
            if status in scan.FAULTS:
                raise WireError(f"push: {scan.FAULTS[status]} at byte {int(room.tally[scan.AT])}")
            room.grow(status)


class _Labels:
    """Reads the labels of a stream from the bytes of the body."""

    def __init__(self, view: Bytes, spans: NDArray[np.int64]) -> None:
        self._view = view
        self._spans = spans

    def __call__(self, index: int) -> Pairs:
        start, end = self._spans[index].tolist()
        return read_labels(self._view[start:end].tobytes().decode("utf-8", "replace"))


def warm() -> None:
    """Compile (or load from numba's cache) the scan, so that no request waits for it."""
    FastDecoder().decode(encode([('{warm="1"}', [(1, "line", ())])]))
