"""Hannun's own metrics, exposed at `/metrics` and stored as `job="hannun"`.

One registry for the process; each room declares what it counts beside the code that counts it. Names begin with
`hannun_` and follow Prometheus's conventions (base units, `_total`).
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily

REGISTRY = CollectorRegistry(auto_describe=True)

DURATION_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


def counter(name: str, text: str, labels: tuple[str, ...] = ()) -> Counter:
    return Counter(name, text, labels, registry=REGISTRY)


def gauge(name: str, text: str, labels: tuple[str, ...] = ()) -> Gauge:
    return Gauge(name, text, labels, registry=REGISTRY)


def histogram(
    name: str, text: str, labels: tuple[str, ...] = (), buckets: tuple[float, ...] = DURATION_BUCKETS
) -> Histogram:
    return Histogram(name, text, labels, buckets=buckets, registry=REGISTRY)


__all__ = ["REGISTRY", "Counter", "Gauge", "GaugeMetricFamily", "Histogram", "counter", "gauge", "histogram"]
