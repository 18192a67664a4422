"""Type, help and unit of metrics: small, so all of it lives in memory, and only changes are written."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from hannun.model.metric import MetricMetadata
from hannun.store.engine.port import Engine

METRICS_MAX = 100_000


class MetadataTable:
    """Bounded: names beyond the bound are not remembered (a sender that invents names must not eat the memory)."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        rows = engine.query_rows("SELECT metric, type, help, unit\nFROM metric_metadata FINAL\nORDER BY metric")
        self._known = {row[0]: MetricMetadata(*row) for row in rows[:METRICS_MAX]}

    def changed(self, metadata: Sequence[MetricMetadata]) -> list[MetricMetadata]:
        """Those that differ from what is known, the last of each metric; `remember` them once they are durable."""
        last = {one.metric: one for one in metadata}
        with self._lock:
            return [
                one
                for one in last.values()
                if self._known.get(one.metric) != one and (one.metric in self._known or len(self._known) < METRICS_MAX)
            ]

    def remember(self, metadata: Sequence[MetricMetadata]) -> None:
        with self._lock:
            self._known.update((one.metric, one) for one in metadata)

    def read(self, metric: str | None) -> list[MetricMetadata]:
        with self._lock:
            if metric is not None:
                return [self._known[metric]] if metric in self._known else []
            return sorted(self._known.values(), key=lambda one: one.metric)

    def clear(self) -> None:
        with self._lock:
            self._known = {}
