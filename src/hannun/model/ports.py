"""The doors between rooms. Writers and readers meet only here, so that a store can be swapped behind them.

Readers block (they run in a bounded pool of threads); sinks are awaited on the event loop.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hannun.model.budget import Budget
from hannun.model.labels import Labels
from hannun.model.matcher import Matchers
from hannun.model.metric import Ids, MetricBatch, MetricMetadata, SeriesColumns, TsdbStats


class MetricSink(Protocol):
    """Where samples go."""

    def unknown(self, series: Ids) -> NDArray[np.bool_]:
        """Which of these ids have no durable series row yet: their labels must stand in the batch."""
        ...

    async def write(self, batch: MetricBatch) -> None:
        """Returns when the batch is durable and visible to the next query.

        Raises OutOfBounds (a timestamp), Overloaded, DiskFull or StoreUnavailable; then nothing was stored.
        """
        ...

    def offer(self, batch: MetricBatch) -> bool:
        """Hand over a batch that nobody waits for (lingers up to 1 s). False: the bound dropped it; it was counted."""
        ...


class MetricReader(Protocol):
    """Where PromQL reads. Time bounds are left-open and right-closed, `(start_ms, end_ms]`, unless said otherwise."""

    def select(self, matchers: Matchers, start_ms: int, end_ms: int, budget: Budget) -> SeriesColumns:
        """Raw samples of every matching series that has one in the range; staleness markers included."""
        ...

    def series(
        self, selectors: Sequence[Matchers], start_ms: int, end_ms: int, limit: int, budget: Budget
    ) -> list[Labels]:
        """Label sets that match any selector and were seen in `[start, end]`, sorted; `limit` 0: all."""
        ...

    def label_names(self, selectors: Sequence[Matchers], start_ms: int, end_ms: int, budget: Budget) -> list[str]:
        """Sorted; no selector: every series."""
        ...

    def label_values(
        self, name: str, selectors: Sequence[Matchers], start_ms: int, end_ms: int, budget: Budget
    ) -> list[str]: ...

    def metadata(self, metric: str | None = None) -> list[MetricMetadata]:
        """Sorted by metric name."""
        ...

    def stats(self, limit: int, budget: Budget) -> TsdbStats: ...

    def delete(self, selectors: Sequence[Matchers], start_ms: int, end_ms: int) -> None:
        """Remove samples in `[start, end]`; gone for every question that is asked after it returns."""
        ...
