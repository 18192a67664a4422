"""A server of nothing but the endpoints under test, and a sink that remembers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray
from starlette.applications import Starlette
from starlette.routing import Route

from hannun.model.errors import OutOfBounds
from hannun.model.http import Endpoint
from hannun.model.log import LogBatch
from hannun.model.metric import Ids, MetricBatch

Serve = Callable[[Sequence[Endpoint]], AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture
def serve() -> Serve:
    @asynccontextmanager
    async def client(endpoints: Sequence[Endpoint]) -> AsyncIterator[httpx.AsyncClient]:
        routes = [
            Route(path, endpoint.handler, methods=[endpoint.method])
            for endpoint in endpoints
            for path in {endpoint.path, endpoint.prefix + endpoint.path}
        ]
        transport = httpx.ASGITransport(Starlette(routes=routes))
        async with httpx.AsyncClient(transport=transport, base_url="http://hannun.test") as made:
            yield made

    return client


@dataclass
class MemorySink:
    """Keeps what is written; raises `fails` instead when it is set."""

    batches: list[MetricBatch] = field(default_factory=list)
    known: set[int] = field(default_factory=set)
    fails: Exception | None = None
    within: tuple[int, int] = (0, 1 << 62)

    def unknown(self, series: Ids) -> NDArray[np.bool_]:
        return np.array([one not in self.known for one in series.tolist()], dtype=np.bool_)

    async def write(self, batch: MetricBatch) -> None:
        if self.fails:
            raise self.fails
        times = [*batch.ts_ms.tolist(), *(one.ts_ms for one in batch.histograms)]
        if times and (min(times) < self.within[0] or max(times) > self.within[1]):
            raise OutOfBounds(f"timestamp outside {self.within}")
        self.batches.append(batch)
        self.known |= {new.id for new in batch.introduced}

    def bounds(self) -> tuple[int, int]:
        return self.within

    def offer(self, batch: MetricBatch) -> bool:
        raise AssertionError("a pushed batch is waited for")


@pytest.fixture
def sink() -> MemorySink:
    return MemorySink()


@dataclass
class MemoryLogSink:
    """Keeps what is written; raises `fails` instead when it is set."""

    batches: list[LogBatch] = field(default_factory=list)
    known: set[int] = field(default_factory=set)
    fails: Exception | None = None
    within: tuple[int, int] = (0, 1 << 62)
    takes_offers: bool = True

    def unknown(self, streams: Ids) -> NDArray[np.bool_]:
        return np.array([one not in self.known for one in streams.tolist()], dtype=np.bool_)

    async def write(self, batch: LogBatch) -> None:
        if self.fails:
            raise self.fails
        if len(batch) and (batch.ts_ns.min() < self.within[0] or batch.ts_ns.max() > self.within[1]):
            raise OutOfBounds(f"timestamp outside {self.within}")
        self._keep(batch)

    def bounds_ns(self) -> tuple[int, int]:
        return self.within

    def offer(self, batch: LogBatch) -> bool:
        if self.takes_offers:
            self._keep(batch)
        return self.takes_offers

    def _keep(self, batch: LogBatch) -> None:
        self.batches.append(batch)
        self.known |= {new.id for new in batch.introduced}

    def lines(self) -> list[tuple[str, int, str]]:
        """(labels as text, time, body) of everything that was written, in order."""
        names = {new.id: str(new.labels) for batch in self.batches for new in batch.introduced}
        return [
            (names[int(batch.stream[index])], int(batch.ts_ns[index]), batch.body[index])
            for batch in self.batches
            for index in range(len(batch))
        ]


@pytest.fixture
def log_sink() -> MemoryLogSink:
    return MemoryLogSink()
