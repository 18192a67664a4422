"""Who answers for the exporters that users' files name: built-in pages by product, host names and ports.

On loopback only ports count that nobody but the product uses: cAdvisor's 8080 on localhost is somebody's application,
and Grafana's 3000 somebody's web server.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from hannun.collect.probe.prober import Prober
from hannun.collect.stand_in import Page, StandIn


@dataclass(frozen=True, slots=True)
class Product:
    """`hosts` are the names that compose files and charts give it; `ports` count on loopback."""

    name: str
    hosts: frozenset[str]
    ports: frozenset[int] = frozenset()


NODE_EXPORTER = Product(
    "node_exporter", frozenset({"node-exporter", "node_exporter", "nodeexporter"}), frozenset({9100})
)
CADVISOR = Product("cadvisor", frozenset({"cadvisor"}))
BLACKBOX = Product(
    "blackbox_exporter", frozenset({"blackbox-exporter", "blackbox_exporter", "blackbox"}), frozenset({9115})
)
OURSELVES = (
    Product("prometheus", frozenset({"prometheus"}), frozenset({9090})),
    Product("alertmanager", frozenset({"alertmanager"}), frozenset({9093})),
    Product("loki", frozenset({"loki"}), frozenset({3100})),
    Product("grafana", frozenset({"grafana"})),
    Product("promtail", frozenset({"promtail"}), frozenset({9080})),
    Product("pushgateway", frozenset({"pushgateway"}), frozenset({9091})),
)
"""What Hannun is itself: its own metrics answer for them."""


def stand_ins(
    *,
    prober: Prober,
    node_page: Callable[[], bytes] | None,
    container_page: Callable[[], bytes] | None,
    own_page: Callable[[], bytes],
) -> list[StandIn]:
    """`*_page` block (milliseconds) and run in a thread; None where there is nothing to tell (--no-self)."""
    entries = [_entry(BLACKBOX, prober.page)]
    if node_page is not None:
        entries.append(_entry(NODE_EXPORTER, _in_thread(node_page)))
    if container_page is not None:
        entries.append(_entry(CADVISOR, _in_thread(container_page)))
    return entries + [_entry(product, _in_thread(own_page)) for product in OURSELVES]


def _entry(product: Product, page: Page) -> StandIn:
    return StandIn(product.name, product.hosts, product.ports, page)


def _in_thread(page: Callable[[], bytes]) -> Page:
    async def answer(_path: str, _parameters: Mapping[str, Sequence[str]], timeout_s: float) -> bytes:
        async with asyncio.timeout(timeout_s):
            return await asyncio.to_thread(page)

    return answer
