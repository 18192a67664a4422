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
from hannun.model.errors import HannunError, NotFound
from hannun.model.http import Endpoint, lang_of
from hannun.model.labels import Labels
from hannun.model.metric import Count, MetricMetadata, TsdbStats
from hannun.model.relabel import RelabelRule, RelabelStep
from hannun.model.target import DroppedTarget, Pairs, TargetMetadata, TargetStatus
from hannun.model.text import Text
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


RULES = (
    RelabelRule(source_labels=("__address__",), regex="(.*):.*", target_label="host"),
    RelabelRule("drop", source_labels=("host",), regex="off"),
    RelabelRule("labeldrop", regex="secret"),
)


class FakeTargets:
    """Two jobs: `node` with one target up and one down, `api` with one that was never scraped; one more is dropped."""

    statuses = (
        TargetStatus(
            "node",
            "http://a:9100/metrics",
            "http://vm:9100/metrics",
            (("__address__", "a:9100"), ("job", "node")),
            (("instance", "a:9100"), ("job", "node")),
            "up",
            "",
            NOW_MS - 1_000,
            0.0125,
            15.0,
            10.0,
            samples=700,
            series_added=3,
        ),
        TargetStatus(
            "node",
            "http://b:9100/metrics",
            "http://b:9100/metrics",
            (("__address__", "b:9100"), ("job", "node")),
            (("instance", "b:9100"), ("job", "node")),
            "down",
            "connection refused",
            NOW_MS - 2_500,
            0.001,
            15.0,
            10.0,
            advice=Text(en="Nothing listens there.", ko="거기서 듣는 프로그램이 없습니다."),
        ),
        TargetStatus(
            "api",
            "http://c:80/metrics",
            "http://c:80/metrics",
            (("__address__", "c:80"), ("job", "api")),
            (("instance", "c:80"), ("job", "api")),
            "unknown",
            "",
            0,
            0.0,
            90.0,
            10.0,
            stand_in="node-exporter",
        ),
    )

    def pools(self) -> Sequence[str]:
        return ("api", "node")

    def active(self, pool: str = "") -> Sequence[TargetStatus]:
        return [one for one in self.statuses if pool in ("", one.pool)]

    def dropped(self, pool: str = "") -> Sequence[DroppedTarget]:
        return [DroppedTarget("node", (("__address__", "off:9100"),))] if pool in ("", "node") else []

    def dropped_counts(self) -> dict[str, int]:
        return {"api": 0, "node": 7}

    def metadata(self, metric: str = "", limit: int = 0) -> Sequence[TargetMetadata]:
        told = (MetricMetadata("up", "gauge", "Whether it answers."), MetricMetadata("x_total", "counter", "X.", ""))
        return [
            TargetMetadata(one.labels, entry)
            for one in self.statuses[:2]
            for entry in told
            if metric in ("", entry.metric)
        ]

    def relabel_rules(self, pool: str) -> Sequence[RelabelRule]:
        self._check(pool)
        return RULES

    def relabel_steps(self, pool: str, discovered: Pairs) -> Sequence[RelabelStep]:
        self._check(pool)
        host = dict(discovered)["__address__"].partition(":")[0]
        with_host = tuple(sorted({**dict(discovered), "host": host}.items()))
        first = RelabelStep(RULES[0], discovered, with_host)
        if host == "off":
            return [first, RelabelStep(RULES[1], with_host, None)]
        left = tuple(pair for pair in with_host if pair[0] != "secret")
        return [first, RelabelStep(RULES[1], with_host, with_host), RelabelStep(RULES[2], with_host, left)]

    def _check(self, pool: str) -> None:
        if pool not in self.pools():
            raise NotFound(f"scrape pool {pool!r} not found")


@pytest.fixture
def targets() -> FakeTargets:
    return FakeTargets()


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
