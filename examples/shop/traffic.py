"""A small shop on a busy evening: what its three services would expose, computed instead of served.

`Shop.step()` advances the counters by one interval. Every twenty minutes the payment provider is slow for three: the
checkout's latency rises, then its errors, which is the story that a person should find at one glance.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
TROUBLE_EVERY_S, TROUBLE_FOR_S = 1200, 180

Name = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`calls_s`: requests per second at the evening's mean; `latency_s`: median of a log-normal."""

    service: str
    method: str
    handler: str
    calls_s: float
    latency_s: float
    spread: float = 0.5
    suffers: bool = False


ENDPOINTS = (
    Endpoint("catalog", "GET", "/products", 42.0, 0.018),
    Endpoint("catalog", "GET", "/products/{id}", 65.0, 0.011),
    Endpoint("catalog", "GET", "/search", 14.0, 0.060, 0.9),
    Endpoint("checkout", "POST", "/cart", 9.0, 0.025),
    Endpoint("checkout", "POST", "/orders", 2.5, 0.210, 0.6, suffers=True),
    Endpoint("payment", "POST", "/charge", 2.4, 0.160, 0.7, suffers=True),
)


@dataclass(slots=True)
class Shop:
    """Counters and gauges of all services; `values` maps a series name to its present value."""

    seed: int = 1
    values: dict[Name, float] = field(default_factory=dict)
    _random: Random = field(init=False)

    def __post_init__(self) -> None:
        self._random = Random(self.seed)

    def step(self, at_s: float, seconds: float) -> Iterator[tuple[Name, float]]:
        """The values after the `seconds` that end at Unix time `at_s`."""
        evening = 1.0 + 0.35 * math.sin(at_s / 1700.0) + 0.1 * math.sin(at_s / 233.0)
        trouble = at_s % TROUBLE_EVERY_S < TROUBLE_FOR_S
        for endpoint in ENDPOINTS:
            self._requests(endpoint, endpoint.calls_s * evening * seconds, trouble and endpoint.suffers)
        for service, workers in (("catalog", 8), ("checkout", 4), ("payment", 4)):
            busy = workers * (0.25 + 0.15 * evening + (0.45 if trouble and service != "catalog" else 0.0))
            self._set("shop_workers_busy", min(workers, max(0.0, busy + self._random.gauss(0, 0.3))), service=service)
            self._set("shop_workers", workers, service=service)
        depth = self.values.get(_name("shop_queue_depth", service="checkout", queue="mail"), 3.0)
        self._set(
            "shop_queue_depth",
            max(0.0, depth + self._random.gauss(6 if trouble else -2, 3)),
            service="checkout",
            queue="mail",
        )
        yield from self.values.items()

    def _requests(self, endpoint: Endpoint, expected: float, trouble: bool) -> None:
        calls = max(0, round(self._random.gauss(expected, math.sqrt(expected))))
        of = {"service": endpoint.service, "method": endpoint.method, "handler": endpoint.handler}
        factor = 6.0 if trouble else 1.0
        # A sample of the calls stands for all of them: the demo must not cost more than the server it shows.
        drawn = min(calls, 40)
        weight = calls / drawn if drawn else 0.0
        for _ in range(drawn):
            seconds = endpoint.latency_s * factor * math.exp(self._random.gauss(0, endpoint.spread))
            failed = self._random.random() < (0.12 if trouble else 0.002)
            self._add("http_requests_total", weight, **of, status="503" if failed else "200")
            for bound in BUCKETS_S:
                self._add(
                    "http_request_duration_seconds_bucket", weight if seconds <= bound else 0.0, **of, le=str(bound)
                )
            self._add("http_request_duration_seconds_bucket", weight, **of, le="+Inf")
            self._add("http_request_duration_seconds_sum", weight * seconds, **of)
            self._add("http_request_duration_seconds_count", weight, **of)
            if endpoint.handler == "/orders" and not failed:
                self._add("shop_orders_total", weight, service="checkout")

    def _add(self, metric: str, amount: float, **labels: str) -> None:
        name = _name(metric, **labels)
        self.values[name] = self.values.get(name, 0.0) + amount

    def _set(self, metric: str, value: float, **labels: str) -> None:
        self.values[_name(metric, **labels)] = round(value, 3)


def _name(metric: str, **labels: str) -> Name:
    service = labels["service"]
    whole = {"__name__": metric, "job": service, "instance": f"{service}:8000", "environment": "demo", **labels}
    return tuple(sorted(whole.items()))
