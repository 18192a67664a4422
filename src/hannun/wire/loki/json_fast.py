"""The JSON decoder of the hot path: one compiled scan of the usual form, and the plain decoder for all others."""

from __future__ import annotations

import json
import secrets

import numpy as np
from numpy.typing import NDArray

from hannun.model.errors import TooLarge
from hannun.wire.loki import json_scan, scan
from hannun.wire.loki.columns import Bytes, Pairs, PushColumns
from hannun.wire.loki.json_plain import PlainJsonDecoder, letters
from hannun.wire.loki.limits import PushLimits
from hannun.wire.loki.room import Room

PLAIN_BYTES_MAX = 4 << 20
"""The plain decoder holds the interpreter while it reads: 20 ms for so much. Who sends other forms sends little."""


class JsonDecoder:
    """Safe to use from several threads at once; the scan runs without the GIL."""

    def __init__(self, limits: PushLimits | None = None) -> None:
        self._limits = limits or PushLimits()
        self._plain = PlainJsonDecoder(self._limits)
        self._seed = np.uint64(secrets.randbits(64))

    def decode(self, body: bytes) -> PushColumns:
        """Raises WireError, or TooLarge for more streams, lines or metadata than one push may bring."""
        view = np.frombuffer(body, dtype=np.uint8)
        text = np.empty(len(body) + 8, dtype=np.uint8)
        room = Room(self._limits, len(body))
        while True:
            status = json_scan.scan(view, self._seed, text, *room.arrays())
            if status == scan.OK:
                return room.filled(text, _Labels(view, room.labels))
            if status == json_scan.UNUSUAL:
                break
            room.grow(int(status))
        if len(body) > PLAIN_BYTES_MAX:
            raise TooLarge(
                f"push: {len(body)} bytes of JSON that are not in the usual form; at most {PLAIN_BYTES_MAX} are read",
                "an object with streams, each with stream and values only, is the usual form",
            )
        return self._plain.decode(body)


class _Labels:
    """Reads the labels of a stream from the object that the scan proved to be one of strings."""

    def __init__(self, view: Bytes, spans: NDArray[np.int64]) -> None:
        self._view = view
        self._spans = spans

    def __call__(self, index: int) -> Pairs:
        start, end = self._spans[index].tolist()
        raw = self._view[start:end].tobytes().decode("utf-8", "replace")
        return [(letters(name), letters(value)) for name, value in json.loads(raw, strict=False).items()]


def warm() -> None:
    """Compile (or load from numba's cache) the scan, so that no request waits for it."""
    JsonDecoder().decode(b'{"streams":[{"stream":{"warm":"1"},"values":[["1","line",{"a":"b"}]]}]}')
