"""A `MetricReader` over samples in memory: what query tests read from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from hannun.model.budget import Budget
from hannun.model.labels import METRIC_NAME, Labels
from hannun.model.matcher import Matchers, all_match
from hannun.model.metric import STALE_NAN_BITS, MetricMetadata, SeriesColumns, TsdbStats


class MemoryReader:
    """Add with `add`; later samples of an equal timestamp win."""

    def __init__(self, *, narrow: bool = True) -> None:
        self._series: dict[Labels, dict[int, float]] = {}
        self._narrow = narrow
        self.reads: list[tuple[Matchers, int, int]] = []

    def add(self, labels: Labels, samples: Iterable[tuple[int, float]]) -> None:
        self._series.setdefault(labels, {}).update(samples)

    def clear(self) -> None:
        self._series.clear()

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

    def series(
        self, selectors: Sequence[Matchers], start_ms: int, end_ms: int, limit: int, budget: Budget
    ) -> list[Labels]:
        found = [
            labels
            for labels, samples in self._series.items()
            if (not selectors or any(all_match(matchers, labels) for matchers in selectors))
            and any(start_ms <= ts <= end_ms for ts in samples)
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
        times = [ts for samples in self._series.values() for ts in samples]
        pairs = {pair for labels in self._series for pair in labels}
        return TsdbStats(len(self._series), len(pairs), 0, min(times, default=0), max(times, default=0), (), (), (), ())

    def delete(self, selectors: Sequence[Matchers], start_ms: int, end_ms: int) -> None:
        for labels, samples in list(self._series.items()):
            if any(all_match(matchers, labels) for matchers in selectors):
                for ts in [ts for ts in samples if start_ms <= ts <= end_ms]:
                    del samples[ts]
                if not samples:
                    del self._series[labels]

    def metrics(self) -> list[str]:
        return sorted({labels.get(METRIC_NAME) for labels in self._series})
