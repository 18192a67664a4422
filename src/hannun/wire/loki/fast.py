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

# First guesses of how many entries `bytes / this` a body holds; a wrong one costs a second scan with twice the room.
_BYTES_PER_STREAM, _BYTES_PER_LINE, _PAIR_ROOM = 4_096, 100, 64


class FastDecoder:
    """Safe to use from several threads at once; the scan runs without the GIL."""

    def __init__(self, limits: PushLimits | None = None) -> None:
        self._limits = limits or PushLimits()
        self._seed = np.uint64(secrets.randbits(64))

    def decode(self, body: bytes) -> PushColumns:
        """Raises WireError, or TooLarge for more streams, lines or metadata than one push may bring."""
        view = np.frombuffer(body, dtype=np.uint8)
        most = self._limits
        streams = min(len(body) // _BYTES_PER_STREAM + 16, most.streams_max)
        lines = min(len(body) // _BYTES_PER_LINE + 16, most.lines_max)
        pairs = min(_PAIR_ROOM, most.pairs_max)
        while True:
            room = _Room(streams, lines, pairs)
            match room.fill(view, self._seed):
                case scan.OK:
                    return room.filled(view)
                case scan.MORE_STREAMS:
                    most.check_streams(streams + 1)
                    streams = min(4 * streams, most.streams_max)
                case scan.MORE_LINES:
                    most.check_lines(lines + 1)
                    lines = min(4 * lines, most.lines_max)
                case scan.MORE_PAIRS:
                    most.check_pairs(pairs + 1)
                    # The first line with metadata says that all of them have some.
                    pairs = min(max(16 * pairs, lines), most.pairs_max)
                case fault:
                    raise WireError(f"push: {scan.FAULTS[fault]} at byte {int(room.tally[scan.AT])}")


class _Room:
    """Arrays for one scan, uninitialised: only what is filled is ever read."""

    def __init__(self, streams: int, lines: int, pairs: int) -> None:
        self.keys = np.empty((streams, 2), dtype=np.uint64)
        self.labels = np.empty((streams, 2), dtype=np.int64)
        self.counts = np.empty(streams, dtype=np.int64)
        self.ts_ns = np.empty(lines, dtype=np.int64)
        self.lines = np.empty((lines, 2), dtype=np.int64)
        self.pairs = np.empty((pairs, 4), dtype=np.int64)
        self.pair_offsets = np.zeros(lines + 1, dtype=np.int64)
        self.tally = np.zeros(scan.TALLY_SLOTS, dtype=np.int64)

    def fill(self, view: Bytes, seed: np.uint64) -> int:
        return int(
            scan.scan(
                view,
                seed,
                self.keys,
                self.labels,
                self.counts,
                self.ts_ns,
                self.lines,
                self.pairs,
                self.pair_offsets[1:],
                self.tally,
            )
        )

    def filled(self, view: Bytes) -> PushColumns:
        streams, lines, pairs = self.tally[:3].tolist()
        return PushColumns(
            text=view,
            keys=self.keys[:streams],
            counts=self.counts[:streams],
            ts_ns=self.ts_ns[:lines],
            lines=self.lines[:lines],
            pairs_of=_Labels(view, self.labels[:streams]),
            pairs=self.pairs[:pairs] if pairs else None,
            pair_offsets=self.pair_offsets[: lines + 1] if pairs else None,
        )


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
