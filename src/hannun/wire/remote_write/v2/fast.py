"""The decoder of the hot path of 2.0: two compiled scans, one lookup per series, Python for new things only."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import overload

import numpy as np
from numpy.typing import NDArray

from hannun.model.errors import WireError
from hannun.model.exemplar import Exemplar
from hannun.model.labels import METRIC_NAME, Labels
from hannun.model.metric import Ids, Ints, MetricMetadata
from hannun.wire.remote_write import scan as first
from hannun.wire.remote_write.cache import ENTRIES_MAX, TAKEN, SeriesCache
from hannun.wire.remote_write.columns import NO_LIMITS, WriteColumns
from hannun.wire.remote_write.encode import Sample
from hannun.wire.remote_write.fast import assembled
from hannun.wire.remote_write.labels import Refusal, SeriesLimits
from hannun.wire.remote_write.limits import RequestLimits
from hannun.wire.remote_write.v2 import refs, scan
from hannun.wire.remote_write.v2.encode import TimeSeries, encode

# First guesses of how much a body holds; a wrong one costs a second scan with more room.
_BYTES_PER_SYMBOL, _BYTES_PER_SERIES, _BYTES_PER_SAMPLE, _EXEMPLAR_ROOM, _HISTOGRAM_ROOM = 16, 24, 16, 64, 64
DESCRIBED_MAX = 1 << 16


class Symbols(Sequence[bytes]):
    """The texts of one request, cut out of its bytes when somebody asks for one."""

    def __init__(self, body: bytes, spans: NDArray[np.int64]) -> None:
        self._body = body
        self._spans = spans
        self._cut: dict[int, bytes] = {}

    def __len__(self) -> int:
        return len(self._spans)

    @overload
    def __getitem__(self, index: int) -> bytes: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[bytes]: ...
    def __getitem__(self, index: int | slice) -> bytes | Sequence[bytes]:
        assert isinstance(index, int), "symbols are asked for one by one"
        found = self._cut.get(index)
        if found is None:
            start, end = self._spans[index].tolist()
            found = self._cut[index] = self._body[start:end]
        return found


class FastDecoder:
    """Safe to use from several threads at once; the scans run without the GIL.

    Metadata come with every request: those that were stored once (`stored`) are not read again.
    """

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
        self._described = SeriesCache(min(entries_max, DESCRIBED_MAX))
        self._seed = np.uint64(secrets.randbits(64))

    @cached_property
    def _name(self) -> NDArray[np.uint64]:
        """uint64[2]: the key of `__name__`. Made at the first request, which loads the compiled code anyway."""
        word = np.frombuffer(METRIC_NAME.encode(), dtype=np.uint8)
        name = np.empty((1, 2), dtype=np.uint64)
        scan.hash_symbols(word, np.array([[0, len(word)]], dtype=np.int64), self._seed, name)
        key: NDArray[np.uint64] = name[0]
        return key

    @property
    def known(self) -> int:
        """How many series are remembered."""
        return len(self._cache)

    def forget(self) -> None:
        self._cache.clear()
        self._described.clear()

    def decode(self, body: bytes) -> WriteColumns:
        """Raises WireError, or TooLarge for more of anything than one request may bring."""
        view = np.frombuffer(body, dtype=np.uint8)
        symbol_spans, spans = self._layout(view)
        symbols = Symbols(body, symbol_spans)
        found = self._scan(view, symbol_spans, spans)
        ids, states, missing = self._cache.find(found.keys)
        lost = found.lost != 0
        missing = missing[~lost[missing]]
        states[lost] = TAKEN + Refusal.BAD_REFERENCE
        fresh = self._learn(body, symbols, found, ids, states, missing) if len(missing) else {}
        exemplars = _exemplars(body, symbols, found, ids, states) if len(found.told) else ()
        metadata, keys = self._metadata(body, symbols, found, states)
        return assembled(
            body,
            ids,
            states,
            found,
            metadata=metadata,
            exemplars=exemplars,
            exemplars_refused=len(found.told) - len(exemplars),
            fresh=fresh,
            read=lambda start, end: refs.read_labels(body, start, end, symbols, NO_LIMITS),
            described_keys=keys,
        )

    def stored(self, columns: WriteColumns) -> None:
        """The metadata of these columns are durable: no need to read them again."""
        keys = columns.described_keys
        if keys is not None and len(keys):
            self._described.put(keys, np.zeros(len(keys), np.uint64), np.full(len(keys), TAKEN, np.uint8))

    def _layout(self, view: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        most = self._request
        symbols = min(len(view) // _BYTES_PER_SYMBOL + 16, most.symbols_max)
        series = min(len(view) // _BYTES_PER_SERIES + 16, most.series_max)
        tally = np.zeros(first.TALLY_SLOTS, dtype=np.int64)
        while True:
            names = np.empty((symbols, 2), dtype=np.int64)
            spans = np.empty((series, 2), dtype=np.int64)
            match int(scan.layout(view, names, spans, tally)):
                case first.OK:
                    return names[: int(tally[scan.SYMBOLS])], spans[: int(tally[first.SERIES])]
                case scan.MORE_SYMBOLS:
                    most.check_symbols(symbols + 1)
                    symbols = min(8 * symbols, most.symbols_max)
                case first.MORE_SERIES:
                    most.check_series(series + 1)
                    series = min(8 * series, most.series_max)
                case fault:
                    raise _fault(fault, tally)

    def _scan(self, view: NDArray[np.uint8], symbols: NDArray[np.int64], spans: NDArray[np.int64]) -> _Scanned:
        most = self._request
        samples = min(len(view) // _BYTES_PER_SAMPLE + 16, most.samples_max)
        exemplars = min(_EXEMPLAR_ROOM, most.exemplars_max)
        histograms = min(_HISTOGRAM_ROOM, most.histograms_max)
        symbol_keys = np.empty((len(symbols), 2), dtype=np.uint64)
        scan.hash_symbols(view, symbols, self._seed, symbol_keys)
        while True:
            room = _Scanned.room(spans, samples, exemplars, histograms)
            match room.fill(view, symbol_keys, self._seed, self._name):
                case first.OK:
                    return room.filled()
                case first.MORE_SAMPLES:
                    most.check_samples(samples + 1)
                    samples = min(2 * samples, most.samples_max)
                case first.MORE_EXEMPLARS:
                    most.check_exemplars(exemplars + 1)
                    exemplars = min(16 * exemplars, most.exemplars_max)
                case first.MORE_HISTOGRAMS:
                    most.check_histograms(histograms + 1)
                    histograms = min(16 * histograms, most.histograms_max)
                case fault:
                    raise _fault(fault, room.tally)

    def _learn(
        self,
        body: bytes,
        symbols: Symbols,
        found: _Scanned,
        ids: Ids,
        states: NDArray[np.uint8],
        missing: NDArray[np.int64],
    ) -> dict[int, Labels]:
        """Read the labels of the series at `missing`, fill their `ids` and `states`, and remember both."""
        fresh: dict[int, Labels] = {}
        for index in missing.tolist():
            start, end = found.spans[index].tolist()
            labels = refs.read_labels(body, start, end, symbols, self._limits)
            if isinstance(labels, Labels):
                series = labels.series_id()
                fresh[series] = labels
                ids[index], states[index] = series, TAKEN
            else:
                states[index] = TAKEN + labels
        self._cache.put(found.keys[missing], ids[missing], states[missing])
        return fresh

    def _metadata(
        self, body: bytes, symbols: Symbols, found: _Scanned, states: NDArray[np.uint8]
    ) -> tuple[tuple[MetricMetadata, ...], NDArray[np.uint64] | None]:
        """Metadata of taken series that are not remembered, each once, and the keys to remember them by."""
        if not len(found.about):
            return (), None
        _ids, _known, missing = self._described.find(found.about_keys)
        missing = missing[states[found.about[missing, 0]] == TAKEN]
        if not len(missing):
            return (), None
        keys, at = np.unique(found.about_keys[missing], axis=0, return_index=True)
        read: dict[MetricMetadata, None] = {}
        for place in np.sort(at).tolist():
            series, start, end = found.about[missing[place]].tolist()
            bounds: tuple[int, int] = tuple(found.spans[series].tolist())
            labels = refs.read_labels(body, *bounds, symbols, NO_LIMITS)
            assert isinstance(labels, Labels), "a series that was taken has valid labels"
            if (entry := refs.read_metadata(body, labels.metric, start, end, symbols)) is not None:
                read[entry] = None
        return tuple(read), keys


def _exemplars(
    body: bytes, symbols: Symbols, found: _Scanned, ids: Ids, states: NDArray[np.uint8]
) -> tuple[Exemplar, ...]:
    series, taken = ids.tolist(), (states == TAKEN).tolist()
    read = [(of, refs.read_exemplar(body, series[of], start, end, symbols)) for of, start, end in found.told.tolist()]
    return tuple(one for of, one in read if one is not None and taken[of])


def _fault(fault: int, tally: NDArray[np.int64]) -> WireError:
    return WireError(f"remote write 2.0: {scan.WORDS_2[fault]} at byte {int(tally[first.AT])}")


@dataclass(frozen=True, slots=True, eq=False)
class _Scanned:
    """The arrays of `scan.scan`; uninitialised until `fill`, cut to what was filled by `filled`."""

    spans: NDArray[np.int64]
    keys: first.Keys
    counts: Ints
    lost: NDArray[np.uint8]
    ts_ms: Ints
    bits: NDArray[np.uint64]
    told: NDArray[np.int64]
    shapes: NDArray[np.int64]
    about: NDArray[np.int64]
    about_keys: NDArray[np.uint64]
    tally: NDArray[np.int64]

    @staticmethod
    def room(spans: NDArray[np.int64], samples: int, exemplars: int, histograms: int) -> _Scanned:
        series = len(spans)
        return _Scanned(
            spans,
            np.empty((series, 2), dtype=np.uint64),
            np.empty(series, dtype=np.int64),
            np.empty(series, dtype=np.uint8),
            np.empty(samples, dtype=np.int64),
            np.empty(samples, dtype=np.uint64),
            np.empty((exemplars, 3), dtype=np.int64),
            np.empty((histograms, 3), dtype=np.int64),
            np.empty((series, 3), dtype=np.int64),
            np.empty((series, 2), dtype=np.uint64),
            np.zeros(first.TALLY_SLOTS, dtype=np.int64),
        )

    def fill(
        self, view: NDArray[np.uint8], symbols: NDArray[np.uint64], seed: np.uint64, name: NDArray[np.uint64]
    ) -> int:
        points = (self.keys, self.counts, self.lost, self.ts_ms, self.bits)
        others = (self.told, self.shapes, self.about, self.about_keys)
        return int(scan.scan(view, self.spans, symbols, seed, name, *points, *others, self.tally))

    def filled(self) -> _Scanned:
        samples, described = int(self.tally[first.SAMPLES]), int(self.tally[first.METADATA])
        return _Scanned(
            self.spans,
            self.keys,
            self.counts,
            self.lost,
            self.ts_ms[:samples],
            self.bits[:samples],
            self.told[: int(self.tally[first.EXEMPLARS])],
            self.shapes[: int(self.tally[first.HISTOGRAMS])],
            self.about[:described],
            self.about_keys[:described],
            self.tally,
        )


def warm() -> None:
    """Compile (or load from numba's cache) everything this decoder calls."""
    FastDecoder().decode(encode([TimeSeries((("__name__", "warm"),), (Sample(1, 1.0),))]))
