"""What an import has read and not sent yet: floats as columns, native histograms one by one, until it is a request."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from hannun.cli.remote_writer import RemoteWriter
from hannun.model.histogram import HistogramSeries, NativeHistogram
from hannun.model.labels import Labels
from hannun.model.metric import STALE_NAN, Floats, Ints, SeriesColumns
from hannun.wire.tsdb import Samples, WalHistogram

SAMPLES_PER_REQUEST = 100_000
HISTOGRAM_WEIGHT, BUCKET_WEIGHT = 10, 1
"""In samples: so a request holds at most ten thousand histograms and a hundred thousand buckets."""
_NONE = np.empty(0, np.int64)


class Pending:
    """Chunks until they are a request."""

    def __init__(self, writer: RemoteWriter) -> None:
        self._writer = writer
        self._labels: list[Labels] = []
        self._times: list[Ints] = []
        self._values: list[Floats] = []
        self._shapes: dict[Labels, dict[int, NativeHistogram]] = {}
        self._weight = 0

    def add(self, labels: Labels, ts_ms: Ints, value: Floats) -> None:
        self._labels.append(labels)
        self._times.append(ts_ms)
        self._values.append(value)
        self._weigh(len(ts_ms))

    def add_histogram(self, labels: Labels, ts_ms: int, histogram: NativeHistogram | None) -> None:
        """None: the series ends there, which a float says."""
        if histogram is None:
            self.add(labels, np.array([ts_ms]), np.array([STALE_NAN]))
            return
        self._shapes.setdefault(labels, {})[ts_ms] = histogram
        self._weigh(HISTOGRAM_WEIGHT + BUCKET_WEIGHT * (histogram.buckets + len(histogram.custom_values)))

    def _weigh(self, more: int) -> None:
        self._weight += more
        if self._weight >= SAMPLES_PER_REQUEST:
            self.send()

    def send(self) -> None:
        if self._weight:
            offsets = np.cumsum([0, *(len(one) for one in self._times)], dtype=np.int64)
            times = np.concatenate([_NONE, *self._times])
            values = np.concatenate([np.empty(0), *self._values])
            floats = SeriesColumns(tuple(self._labels), offsets, 0, times, values)
            self._writer.send(floats, histograms=[_series(*one) for one in self._shapes.items()])
        self._labels, self._times, self._values, self._shapes, self._weight = [], [], [], {}, 0


def _series(labels: Labels, held: dict[int, NativeHistogram]) -> HistogramSeries:
    times = sorted(held)
    return HistogramSeries(labels, tuple(times), tuple(held[ts_ms] for ts_ms in times))


class LogPending:
    """What a log told by reference; the references' labels for as long as the log lasts."""

    def __init__(self, writer: RemoteWriter) -> None:
        self._pending = Pending(writer)
        self._labels: dict[int, Labels] = {}
        self._held: list[Samples] = []
        self._count = 0

    def take(self, found: Any) -> None:
        """A record as `WalReader.read` gives it."""
        if isinstance(found, Samples):
            self._held.append(found)
            self._count += len(found.ref)
            if self._count >= SAMPLES_PER_REQUEST:
                self._sort()
        elif found is not None:
            self._take_each(found)

    def _take_each(self, found: Iterable[Any]) -> None:
        for one in found:
            if not isinstance(one, WalHistogram):
                self._labels[one.ref] = one.labels
            elif (labels := self._labels.get(one.ref)) is not None:
                self._pending.add_histogram(labels, one.ts_ms, one.histogram)

    def send(self) -> None:
        self._sort()
        self._pending.send()

    def _sort(self) -> None:
        """Hand the held floats on, series by series."""
        if not self._count:
            return
        ref = np.concatenate([one.ref for one in self._held])
        ts_ms = np.concatenate([one.ts_ms for one in self._held])
        value = np.concatenate([one.value for one in self._held])
        self._held, self._count = [], 0
        # Samples of a series whose record is lost have no name, and Prometheus drops them too.
        known = np.array([one in self._labels for one in ref.tolist()], np.bool_)
        ref, ts_ms, value = ref[known], ts_ms[known], value[known]
        order = np.lexsort((ts_ms, ref))
        refs, begins = np.unique(ref[order], return_index=True)
        ends = [*begins.tolist()[1:], len(order)]
        for one, begin, end in zip(refs.tolist(), begins.tolist(), ends, strict=True):
            some = order[begin:end]
            self._pending.add(self._labels[one], ts_ms[some], value[some])
