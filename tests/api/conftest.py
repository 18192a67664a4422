"""The APIs over samples in memory: a client that speaks to the endpoints without a socket."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hannun.model.budget import Budget
from hannun.model.errors import HannunError
from hannun.model.http import Endpoint, lang_of
from hannun.model.labels import Labels
from hannun.model.metric import Count, MetricMetadata, TsdbStats
from hannun.query.runner import QueryRunner
from hannun.testing.clock import FakeClock
from hannun.testing.memory_reader import MemoryReader

Serve = Callable[[Sequence[Endpoint]], AbstractAsyncContextManager[httpx.AsyncClient]]
NOW_MS = 1_700_000_000_000


class Reader(MemoryReader):
    """With metadata and cardinality, which only the APIs ask for."""

    def __init__(self) -> None:
        super().__init__()
        self.described: list[MetricMetadata] = []
        self.counted = TsdbStats(0, 0, 0, 0, 0, (), (), (), ())

    def metadata(self, metric: str | None = None) -> list[MetricMetadata]:
        return [entry for entry in self.described if metric in (None, entry.metric)]

    def stats(self, limit: int, budget: Budget) -> TsdbStats:
        return self.counted


@pytest.fixture
def reader() -> Reader:
    """`up` of three instances at 15 s over the last ten minutes, and a counter."""
    made = Reader()
    times = range(NOW_MS - 600_000, NOW_MS + 1, 15_000)
    for number, instance in enumerate(("a:9100", "b:9100", "c:9100")):
        made.add(
            Labels.of(__name__="up", instance=instance, job="node"),
            [(ts, 1.0 if number < 2 else 0.0) for ts in times],
        )
    made.add(
        Labels.of(__name__="http_requests_total", job="shop", 경로="/결제"),
        [(ts, float((ts - times[0]) // 100)) for ts in times],
    )
    made.described = [
        MetricMetadata("http_requests_total", "counter", "Requests.", ""),
        MetricMetadata("up", "gauge", "Whether the target answers.", ""),
    ]
    made.counted = TsdbStats(
        4, 8, 4, NOW_MS - 600_000, NOW_MS, (Count("up", 3), Count("http_requests_total", 1)), (), (), ()
    )
    return made


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW_MS)


@pytest.fixture
async def runner() -> AsyncIterator[QueryRunner]:
    made = QueryRunner(2, waiting_max=2, timeout_s=20)
    yield made
    await made.stop()


@pytest.fixture
def serve() -> Serve:
    @asynccontextmanager
    async def client(endpoints: Sequence[Endpoint]) -> AsyncIterator[httpx.AsyncClient]:
        routes = [
            Route(path, endpoint.handler, methods=[endpoint.method])
            for endpoint in endpoints
            for path in dict.fromkeys((endpoint.path, endpoint.prefix + endpoint.path))
        ]
        app = Starlette(routes=routes, exception_handlers={HannunError: _of_web})
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://hannun.test") as made:
            yield made

    return client


def _of_web(request: Request, err: Exception) -> Response:
    """What `web/` does with errors that a handler lets through, in short."""
    assert isinstance(err, HannunError)
    return JSONResponse({"error": err.say(lang_of(request)), "class": type(err).__name__}, 400)
