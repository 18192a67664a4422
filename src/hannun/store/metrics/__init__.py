"""Metrics at rest: the sink that receivers write to and the reader that PromQL asks."""

from hannun.store.metrics.store import MetricStore

__all__ = ["MetricStore"]
