"""A `MetricReader` and `HistogramReader` over samples in memory: what query tests read from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from hannun.model.budget import Budget
from hannun.model.histogram import HistogramSeries, NativeHistogram
from hannun.model.labels import METRIC_NAME, Labels
from hannun.model.matcher import Matchers, all_match
from hannun.model.metric import STALE_NAN_BITS, MetricMetadata, SeriesColumns, TsdbStats


class MemoryReader:
    """Add with `add` and `add_histograms`; later samples of an equal timestamp win, whatever kind they are of."""

    def __init__(self, *, narrow: bool = True) -> None:
        self._series: dict[Labels, dict[int, float]] = {}
        self._histograms: dict[Labels, dict[int, NativeHistogram]] = {}
        self._narrow = narrow
        self.reads: list[tuple[Matchers, int, int]] = []

    def add(self, labels: Labels, samples: Iterable[tuple[int, float]]) -> None:
        told = dict(samples)
        self._series.setdefault(labels, {}).update(told)
        for ts in told.keys() & self._histograms.get(labels, {}).keys():
            del self._histograms[labels][ts]

    def add_histograms(self, labels: Labels, samples: Iterable[tuple[int, NativeHistogram]]) -> None:
        told = dict(samples)
        self._histograms.setdefault(labels, {}).update(told)
        floats = self._series.setdefault(labels, {})
        for ts in told.keys() & floats.keys():
            del floats[ts]

    def clear(self) -> None:
        self._series.clear()
        self._histograms.clear()

    def select(self, matchers: Matchers, start_ms: int, end_ms: int, budget: Budget) -> SeriesColumns:
        budget.check()
        self.reads.append((matchers, start_ms, end_ms))
        labels: list[Labels] = []
        stamps: list[int] = []
        values: list[float] = []
        offsets = [0]
        for of_series, samples in self._series.items():
            if not all_match(matchers, of_series):
                continue
            inside = sorted(ts for ts in samples if start_ms < ts <= end_ms)
            if inside:
                labels.append(of_series)
                stamps.extend(inside)
                values.extend(samples[ts] for ts in inside)
                offsets.append(len(stamps))
        ts = np.array(stamps, dtype=np.int64)
        value = np.array(values, dtype=np.float64)
        base = int(ts.min()) if len(ts) else 0
        narrow = self._narrow and (not len(ts) or int(ts.max()) - base < 2**32)
        return SeriesColumns(
            tuple(labels),
            np.array(offsets, dtype=np.int64),
            base,
            (ts - base).astype(np.uint32 if narrow else np.int64),
            value,
            bool((value.view(np.uint64) == STALE_NAN_BITS).any()),
            len(value),
            (f"memory: {len(labels)} series",),
        )

    def histograms(self, matchers: Matchers, start_ms: int, end_ms: int, budget: Budget) -> tuple[HistogramSeries, ...]:
        budget.check()
        found = []
        for labels, samples in self._histograms.items():
            inside = sorted(ts for ts in samples if start_ms < ts <= end_ms)
            if inside and all_match(matchers, labels):
                found.append(HistogramSeries(labels, tuple(inside), tuple(samples[ts] for ts in inside)))
        return tuple(found)

    def _times(self, labels: Labels) -> list[int]:
        """Of samples of either kind."""
        return [*self._series[labels], *self._histograms.get(labels, ())]

    def series(
        self, selectors: Sequence[Matchers], start_ms: int, end_ms: int, limit: int, budget: Budget
    ) -> list[Labels]:
        found = [
            labels
            for labels in self._series
            if (not selectors or any(all_match(matchers, labels) for matchers in selectors))
            and any(start_ms <= ts <= end_ms for ts in self._times(labels))
        ]
        found.sort(key=lambda labels: labels.pairs)
        return found[:limit] if limit else found

    def label_names(self, selectors: Sequence[Matchers], start_ms: int, end_ms: int, budget: Budget) -> list[str]:
        return sorted({name for labels in self.series(selectors, start_ms, end_ms, 0, budget) for name, _ in labels})

    def label_values(
        self, name: str, selectors: Sequence[Matchers], start_ms: int, end_ms: int, budget: Budget
    ) -> list[str]:
        found = self.series(selectors, start_ms, end_ms, 0, budget)
        return sorted({labels.get(name) for labels in found} - {""})

    def metadata(self, metric: str | None = None) -> list[MetricMetadata]:
        return []

    def stats(self, limit: int, budget: Budget) -> TsdbStats:
        times = [ts for labels in self._series for ts in self._times(labels)]
        pairs = {pair for labels in self._series for pair in labels}
        return TsdbStats(len(self._series), len(pairs), 0, min(times, default=0), max(times, default=0), (), (), (), ())

    def delete(self, selectors: Sequence[Matchers], start_ms: int, end_ms: int) -> None:
        for labels, samples in list(self._series.items()):
            if any(all_match(matchers, labels) for matchers in selectors):
                shaped = self._histograms.get(labels, {})
                for ts in [ts for ts in self._times(labels) if start_ms <= ts <= end_ms]:
                    samples.pop(ts, None)
                    shaped.pop(ts, None)
                if not samples and not shaped:
                    del self._series[labels]

    def metrics(self) -> list[str]:
        return sorted({labels.get(METRIC_NAME) for labels in self._series})
