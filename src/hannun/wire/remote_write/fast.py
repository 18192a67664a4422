"""The decoder of the hot path: compiled scan, then one lookup per series; Python reads labels of new series only."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from hannun.model.errors import WireError
from hannun.model.exemplar import Exemplar
from hannun.model.labels import Labels
from hannun.model.metric import Ids, Ints
from hannun.wire.remote_write import scan
from hannun.wire.remote_write.cache import ENTRIES_MAX, TAKEN, SeriesCache
from hannun.wire.remote_write.columns import WriteColumns, left_out, of_taken, whole
from hannun.wire.remote_write.encode import Sample, encode
from hannun.wire.remote_write.exemplars import read_exemplar
from hannun.wire.remote_write.labels import SeriesLimits, read_labels
from hannun.wire.remote_write.limits import RequestLimits
from hannun.wire.remote_write.metadata import read_metadata

# First guesses of how many entries `bytes / this` a body holds; a wrong one costs a second scan with twice the room.
# The requests of a fleet are alike, so the next guesses follow the body before, with half as much again.
_BYTES_PER_SERIES, _BYTES_PER_SAMPLE, _METADATA_ROOM, _EXEMPLAR_ROOM, _HISTOGRAM_ROOM = 64, 16, 256, 64, 64
_LEAST = 1 / 1024


class FastDecoder:
    """Safe to use from several threads at once; the scan runs without the GIL."""

    def __init__(
        self,
        limits: SeriesLimits | None = None,
        request: RequestLimits | None = None,
        *,
        entries_max: int = ENTRIES_MAX,
    ) -> None:
        self._limits = limits or SeriesLimits()
        self._request = request or RequestLimits()
        self._cache = SeriesCache(entries_max)
        self._seed = np.uint64(secrets.randbits(64))
        self._density = _Density(1 / _BYTES_PER_SERIES, 1 / _BYTES_PER_SAMPLE)

    @property
    def known(self) -> int:
        """How many series are remembered."""
        return len(self._cache)

    def forget(self) -> None:
        self._cache.clear()

    def decode(self, body: bytes | NDArray[np.uint8]) -> WriteColumns:
        """Raises WireError, or TooLarge for more series, samples or metadata than one request may bring.

        `body` may be a view of memory that is used again, once nothing will be asked of the columns' labels any more.
        """
        found = self._scan(body)
        ids, states, missing = self._cache.find(found.keys)
        if len(missing) or len(found.metadata) or len(found.told) or len(found.shapes):
            body = whole(body)
        fresh = self._learn(whole(body), found, ids, states, missing) if len(missing) else {}
        metadata = [read_metadata(whole(body), int(start), int(end)) for start, end in found.metadata]
        described = tuple(entry for entry in metadata if entry is not None)
        exemplars = _exemplars(whole(body), found.told, ids, states) if len(found.told) else ()
        return assembled(
            body,
            ids,
            states,
            found,
            metadata=described,
            metadata_refused=len(metadata) - len(described),
            exemplars=exemplars,
            exemplars_refused=len(found.told) - len(exemplars),
            fresh=fresh,
        )

    def _scan(self, body: bytes | NDArray[np.uint8]) -> _Scanned:
        view = np.frombuffer(body, dtype=np.uint8)
        most = self._request
        series = min(int(len(body) * self._density.series) + 16, most.series_max)
        samples = min(int(len(body) * self._density.samples) + 16, most.samples_max)
        metadata = min(_METADATA_ROOM, most.metadata_max)
        exemplars = min(_EXEMPLAR_ROOM, most.exemplars_max)
        histograms = min(_HISTOGRAM_ROOM, most.histograms_max)
        while True:
            room = _Room(series, samples, metadata, exemplars, histograms)
            match room.fill(view, self._seed):
                case scan.OK:
                    filled = room.filled()
                    self._density = _Density.seen(len(body), len(filled.counts), len(filled.ts_ms))
                    return filled
                case scan.MORE_SERIES:
                    most.check_series(series + 1)
                    series = min(2 * series, most.series_max)
                case scan.MORE_SAMPLES:
                    most.check_samples(samples + 1)
                    samples = min(2 * samples, most.samples_max)
                case scan.MORE_METADATA:
                    most.check_metadata(metadata + 1)
                    metadata = min(2 * metadata, most.metadata_max)
                case scan.MORE_EXEMPLARS:
                    most.check_exemplars(exemplars + 1)
                    exemplars = min(16 * exemplars, most.exemplars_max)
                case scan.MORE_HISTOGRAMS:
                    most.check_histograms(histograms + 1)
                    histograms = min(16 * histograms, most.histograms_max)
                case fault:
                    raise WireError(f"remote write: {scan.WORDS[fault]} at byte {int(room.tally[scan.AT])}")

    def _learn(
        self, body: bytes, found: _Scanned, ids: Ids, states: NDArray[np.uint8], missing: NDArray[np.int64]
    ) -> dict[int, Labels]:
        """Read the labels of the series at `missing`, fill their `ids` and `states`, and remember both."""
        fresh: dict[int, Labels] = {}
        for index in missing.tolist():
            start, end = found.spans[index].tolist()
            labels = read_labels(body, start, end, self._limits)
            if isinstance(labels, Labels):
                series = labels.series_id()
                fresh[series] = labels
                ids[index], states[index] = series, TAKEN
            else:
                states[index] = TAKEN + labels
        self._cache.put(found.keys[missing], ids[missing], states[missing])
        return fresh


def _exemplars(body: bytes, told: NDArray[np.int64], ids: Ids, states: NDArray[np.uint8]) -> tuple[Exemplar, ...]:
    """Those that can be stored, of series that are taken; all are read, so that broken bytes never hide."""
    series, taken = ids.tolist(), (states == TAKEN).tolist()
    read = [(of, read_exemplar(body, series[of], start, end)) for of, start, end in told.tolist()]
    return tuple(one for of, one in read if one is not None and taken[of])


class Scanned(Protocol):
    """What both versions' scans find of every series, taken or not."""

    @property
    def counts(self) -> Ints: ...
    @property
    def spans(self) -> NDArray[np.int64]: ...
    @property
    def ts_ms(self) -> Ints: ...
    @property
    def bits(self) -> NDArray[np.uint64]: ...
    @property
    def shapes(self) -> NDArray[np.int64]: ...


def assembled(
    body: bytes | NDArray[np.uint8], ids: Ids, states: NDArray[np.uint8], found: Scanned, **more: Any
) -> WriteColumns:
    """The columns of the series that are taken. `more`: the fields of WriteColumns that are not per series."""
    if not (states != TAKEN).any():
        values = found.bits.view(np.float64)
        return WriteColumns(body, ids, found.counts, found.spans, found.ts_ms, values, shapes=found.shapes, **more)
    taken = states == TAKEN
    rows = np.repeat(taken, found.counts)
    return WriteColumns(
        body,
        ids[taken],
        found.counts[taken],
        found.spans[taken],
        found.ts_ms[rows],
        found.bits[rows].view(np.float64),
        refused=left_out(states - np.uint8(TAKEN), found.counts, found.shapes),
        shapes=of_taken(found.shapes, taken),
        **more,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Scanned:
    """The arrays of `scan.scan`, cut to what was filled."""

    keys: scan.Keys
    counts: Ints
    spans: NDArray[np.int64]
    ts_ms: Ints
    bits: NDArray[np.uint64]
    metadata: NDArray[np.int64]
    told: NDArray[np.int64]
    shapes: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Density:
    """How many series and samples a byte of a body is expected to bring: less room is less memory to fault in."""

    series: float
    samples: float

    @staticmethod
    def seen(size: int, series: int, samples: int) -> _Density:
        per_byte = 1.5 / max(size, 1)
        return _Density(
            min(max(series * per_byte, _LEAST), 1 / _BYTES_PER_SERIES),
            min(max(samples * per_byte, _LEAST), 1 / _BYTES_PER_SAMPLE),
        )


class _Room:
    """Arrays for one scan, uninitialised: only what is filled is ever read."""

    def __init__(self, series: int, samples: int, metadata: int, exemplars: int, histograms: int) -> None:
        self.keys = np.empty((series, 2), dtype=np.uint64)
        self.counts = np.empty(series, dtype=np.int64)
        self.spans = np.empty((series, 2), dtype=np.int64)
        self.ts_ms = np.empty(samples, dtype=np.int64)
        self.bits = np.empty(samples, dtype=np.uint64)
        self.metadata = np.empty((metadata, 2), dtype=np.int64)
        self.told = np.empty((exemplars, 3), dtype=np.int64)
        self.shapes = np.empty((histograms, 3), dtype=np.int64)
        self.tally = np.zeros(scan.TALLY_SLOTS, dtype=np.int64)

    def fill(self, view: NDArray[np.uint8], seed: np.uint64) -> int:
        points = (self.keys, self.counts, self.spans, self.ts_ms, self.bits)
        return int(scan.scan(view, seed, *points, self.metadata, self.told, self.shapes, self.tally))

    def filled(self) -> _Scanned:
        series, samples = int(self.tally[scan.SERIES]), int(self.tally[scan.SAMPLES])
        return _Scanned(
            self.keys[:series],
            self.counts[:series],
            self.spans[:series],
            self.ts_ms[:samples],
            self.bits[:samples],
            self.metadata[: int(self.tally[scan.METADATA])],
            self.told[: int(self.tally[scan.EXEMPLARS])],
            self.shapes[: int(self.tally[scan.HISTOGRAMS])],
        )


def warm() -> None:
    """Compile (or load from numba's cache) everything this decoder calls, so that no request waits for it."""
    one = encode([((("__name__", "warm"),), (Sample(1, 1.0),))])
    FastDecoder().decode(one)
