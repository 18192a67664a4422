"""Hannun about itself: its own registry and its own process, as the source `job="hannun"` and as `/metrics`."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.metrics_core import Metric

from hannun.collect.source import Source, hostname
from hannun.model.family import Family, Sample
from hannun.observe.metrics import REGISTRY
from hannun.wire.exposition import encode

JOB = "hannun"


class OwnMetrics:
    """`gather` takes some milliseconds and may be called from any thread."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self._registry = registry
        self._process = ProcessCollector(registry=None)

    def gather(self) -> list[Family]:
        """Sorted by name."""
        found = [
            family_of(metric) for metrics in (self._registry.collect(), self._process.collect()) for metric in metrics
        ]
        return sorted(found, key=lambda family: family.name)

    def page(self, accept: str = "") -> tuple[str, bytes]:
        """(content type, body) for `/metrics`, in the format that the `Accept` header asks for."""
        return encode(self.gather(), accept)

    def source(self, instance: str = "") -> Source:
        return Source(JOB, instance or hostname(), self.gather)


def family_of(metric: Metric) -> Family:
    """prometheus_client names a counter's family without `_total`; series and our families bear it.

    `_created` samples are left out: they would double the series of every histogram for a time nobody asks for.
    """
    name = f"{metric.name}_total" if metric.type == "counter" else metric.name
    created = f"{metric.name}_created"
    samples = tuple(
        Sample(sample.name, tuple(sample.labels.items()), float(sample.value))
        for sample in metric.samples
        if sample.name != created
    )
    return Family(name, metric.type, metric.documentation, samples, metric.unit)
