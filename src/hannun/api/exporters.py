"""The pages of node_exporter and cAdvisor under prefixes of their own: the same readings that are stored anyway.

The pages block for milliseconds, so each is made in a thread; what asks more often than once a second gets the reading
before (see the collectors).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from hannun.api.answer import Body, accepts_gzip, pack, respond
from hannun.model.access import Access
from hannun.model.errors import HannunError
from hannun.model.family import Family
from hannun.model.http import Endpoint
from hannun.wire.exposition import encode

NODE_PREFIX, CONTAINER_PREFIX = "/node-exporter", "/cadvisor"
COLLECTORS_MAX = 200

Read = Callable[[], Sequence[Family]]
ReadSome = Callable[[Sequence[str], Sequence[str]], Sequence[Family]]
"""(`collect[]`, `exclude[]`) -> families. Raises HannunError for a collector that is not known."""


def routes(*, node: ReadSome | None, containers: Read | None, own: Read) -> list[Endpoint]:
    """None: the machine is not read (--no-self). `own` gives the process's own families."""
    endpoints: list[Endpoint] = []
    if node is not None:
        endpoints += _NodePage(node, own).endpoints()
    if containers is not None:
        endpoints.append(_container_endpoint(containers))
    return endpoints


class _NodePage:
    """node_exporter's handler with what promhttp counts about it."""

    def __init__(self, read: ReadSome, own: Read) -> None:
        self._read = read
        self._own = own
        self._answered: Counter[str] = Counter({"200": 0, "500": 0, "503": 0})
        self._in_flight = 0

    def endpoints(self) -> list[Endpoint]:
        return [
            Endpoint("GET", "/metrics", self.metrics, Access.VIEW, NODE_PREFIX, at_root=False),
            Endpoint("GET", "/", self.home, Access.VIEW, NODE_PREFIX, at_root=False),
        ]

    async def metrics(self, request: Request) -> Response:
        collect = request.query_params.getlist("collect[]")[:COLLECTORS_MAX]
        exclude = request.query_params.getlist("exclude[]")[:COLLECTORS_MAX]
        if collect and exclude:
            return _bad("Combined collect and exclude queries are not allowed.")
        accept, gzip = request.headers.get("accept", ""), accepts_gzip(request)

        def page() -> tuple[str, Body]:
            content_type, body = encode(self._families(collect, exclude), accept)
            return content_type, pack([body], gzip=gzip)

        self._in_flight += 1
        try:
            content_type, packed = await asyncio.to_thread(page)
        except HannunError as err:
            return _bad(f"Couldn't create filtered metrics handler: couldn't create collector: {err}")
        finally:
            self._in_flight -= 1
        self._answered["200"] += 1
        return respond(packed, media_type=content_type)

    async def home(self, _: Request) -> Response:
        return HTMLResponse(
            "<!doctype html><html><head><title>Node Exporter</title></head><body><h1>Node Exporter</h1>"
            '<p><a href="metrics">Metrics</a></p></body></html>'
        )

    def _families(self, collect: Sequence[str], exclude: Sequence[str]) -> list[Family]:
        process = [family for family in self._own() if family.name.startswith("process_")]
        return sorted([*self._read(collect, exclude), *process, *self._promhttp()], key=lambda family: family.name)

    def _promhttp(self) -> Iterator[Family]:
        yield Family.of(
            "promhttp_metric_handler_errors_total",
            "counter",
            "Total number of internal errors encountered by the promhttp metric handler.",
            [((("cause", cause),), 0.0) for cause in ("encoding", "gathering")],
        )
        yield Family.single(
            "promhttp_metric_handler_requests_in_flight",
            "gauge",
            "Current number of scrapes being served.",
            float(self._in_flight),
        )
        yield Family.of(
            "promhttp_metric_handler_requests_total",
            "counter",
            "Total number of scrapes by HTTP status code.",
            [((("code", code),), float(count)) for code, count in sorted(self._answered.items())],
        )


def _container_endpoint(read: Read) -> Endpoint:
    async def metrics(request: Request) -> Response:
        accept, gzip = request.headers.get("accept", ""), accepts_gzip(request)

        def page() -> tuple[str, Body]:
            content_type, body = encode(read(), accept)
            return content_type, pack([body], gzip=gzip)

        content_type, packed = await asyncio.to_thread(page)
        return respond(packed, media_type=content_type)

    return Endpoint("GET", "/metrics", metrics, Access.VIEW, CONTAINER_PREFIX, at_root=False)


def _bad(words: str) -> Response:
    return PlainTextResponse(words, 400)
