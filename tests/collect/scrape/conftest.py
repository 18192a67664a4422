"""Targets that say what a test tells them, a sink in memory, and a clock that the test turns."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import uvloop
from numpy.typing import NDArray

from hannun.collect.discovery.static import StaticDiscovery
from hannun.collect.scrape import ScrapeManager
from hannun.collect.stand_in import StandIns
from hannun.config.prometheus.model import PrometheusConfig, ScrapeConfig, StaticSd
from hannun.model.labels import Labels
from hannun.model.metric import STALE_NAN_BITS, Ids, MetricBatch
from hannun.model.target import TargetGroup, TargetStatus
from hannun.observe.outcomes import Outcomes
from hannun.observe.problems import Problems

START_MS = 1_700_000_000_000
PATIENCE_S = 10.0
"""Only a broken test waits this long."""
DAY_MS = 86_400_000
STALE = "stale"


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> dict[str, Any]:
    """The loop that the product runs on: its errors for what cannot be reached are its own."""
    return {"uvloop": uvloop.new_event_loop}


@dataclass
class MemorySink:
    """Knows a series once its labels have come, as the store does."""

    batches: list[MetricBatch] = field(default_factory=list)
    known: dict[int, Labels] = field(default_factory=dict)
    full: bool = False
    within: tuple[int, int] = (0, START_MS + 365 * DAY_MS)
    came: asyncio.Event = field(default_factory=asyncio.Event)

    def unknown(self, series: Ids) -> NDArray[np.bool_]:
        return np.array([one not in self.known for one in series.tolist()], dtype=np.bool_)

    def bounds(self) -> tuple[int, int]:
        return self.within

    async def write(self, batch: MetricBatch) -> None:
        raise AssertionError("nobody waits for what is scraped")

    def offer(self, batch: MetricBatch) -> bool:
        if self.full:
            return False
        self.known.update((new.id, new.labels) for new in batch.introduced)
        assert all(one in self.known for one in batch.series.tolist()), "a series came without labels"
        self.batches.append(batch)
        self.came.set()
        return True

    def samples(self, metric: str, **labels: str) -> list[tuple[int, float | str]]:
        """(ts_ms, value) of all series of that name that have these labels, in the order in which they came."""
        return [
            (int(ts), STALE if bits == STALE_NAN_BITS else float(value))
            for batch in self.batches
            for series, ts, value, bits in zip(
                batch.series.tolist(), batch.ts_ms, batch.value, batch.value.view(np.uint64), strict=True
            )
            for known in [self.known[series]]
            if known.metric == metric and all(known.get(name) == value for name, value in labels.items())
        ]

    def values(self, metric: str, **labels: str) -> list[float | str]:
        return [value for _, value in self.samples(metric, **labels)]

    def metrics(self) -> set[str]:
        return {labels.metric for labels in self.known.values()}

    async def until(self, done: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not done():
                self.came.clear()
                await self.came.wait()


class HandClock:
    """Time stands until `turn`; `sleep` ends when its time has come."""

    def __init__(self, now_ms: int = START_MS) -> None:
        self._now_ms = now_ms
        self._monotonic_s = 1000.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def now_ms(self) -> int:
        return self._now_ms

    def monotonic_s(self) -> float:
        return self._monotonic_s

    async def sleep(self, seconds: float) -> None:
        future = asyncio.get_running_loop().create_future()
        self._sleepers.append((self._monotonic_s + seconds, future))
        await future

    async def turn(self, seconds: float) -> None:
        """Time passes, and everybody who waited for it gets to run."""
        self._now_ms += round(seconds * 1000)
        self._monotonic_s += seconds
        due = [future for at_s, future in self._sleepers if at_s <= self._monotonic_s + 1e-9]
        self._sleepers = [(at_s, future) for at_s, future in self._sleepers if future not in due]
        for future in due:
            if not future.done():
                future.set_result(None)
        for _ in range(10):
            await asyncio.sleep(0)


@dataclass
class Target:
    """A server: `page` under every path, or what `answer` makes of a request's head."""

    page: bytes = b""
    content_type: str = "text/plain; version=0.0.4"
    status: str = "200 OK"
    headers: Mapping[str, str] = field(default_factory=dict)
    answer: Callable[[str], bytes | Awaitable[bytes]] | None = None
    port: int = 0
    asked: list[str] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                self.asked.append(head)
                said = self.answer(head) if self.answer is not None else self._usual()
                writer.write(said if isinstance(said, bytes) else await said)
                await writer.drain()
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            return
        finally:
            writer.close()

    def _usual(self) -> bytes:
        lines = [f"HTTP/1.1 {self.status}", f"Content-Length: {len(self.page)}"]
        if self.content_type:
            lines.append(f"Content-Type: {self.content_type}")
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + self.page


@dataclass
class House:
    """A manager at work on the sink and the clock; `now` is the time of the last turn."""

    manager: ScrapeManager
    sink: MemorySink
    clock: HandClock
    problems: Problems

    async def apply(self, *jobs: ScrapeConfig) -> None:
        await self.manager.apply(PrometheusConfig(scrape=jobs))
        for _ in range(10):
            await asyncio.sleep(0)

    async def round(self, scrapes: int = 1, seconds: float = 23.0) -> None:
        """Time passes in small steps until that many more batches have come."""
        wanted = len(self.sink.batches) + scrapes
        for _ in range(int(seconds * 10)):
            if len(self.sink.batches) >= wanted:
                return
            await self.clock.turn(0.1)
            async with asyncio.timeout(PATIENCE_S):
                while any(loop.busy for pool in self.manager._pools.values() for loop in pool.loops.values()):
                    await asyncio.sleep(0.001)
        assert len(self.sink.batches) >= wanted, [status.last_error for status in self.manager.active()]

    @property
    def status(self) -> TargetStatus:
        (only,) = self.manager.active()
        return only


def job(
    *addresses: str, name: str = "app", interval_s: float = 15, timeout_s: float = 5, **more: object
) -> ScrapeConfig:
    targets = tuple({"__address__": address} for address in addresses)
    statics = (StaticSd((TargetGroup("test", targets, {}),)),)
    return ScrapeConfig(
        name,
        round(interval_s * 1000),
        round(timeout_s * 1000),
        discoveries=statics,
        **more,  # type: ignore[arg-type]
    )


@pytest.fixture
def make_job() -> Callable[..., ScrapeConfig]:
    """`make_job("host:port", name="app", interval_s=15, timeout_s=5, honor_labels=True, …)`"""
    return job


@pytest.fixture
async def sink() -> MemorySink:
    return MemorySink()


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def target() -> AsyncIterator[Callable[..., Awaitable[Target]]]:
    """`await target(b"up 1\\n", status="500 No")` -> a running server."""
    async with AsyncExitStack() as stack:

        async def start(page: bytes = b"", **more: object) -> Target:
            made = Target(page, **more)  # type: ignore[arg-type]
            server = await asyncio.start_server(made.serve, "127.0.0.1", made.port)
            made.port = server.sockets[0].getsockname()[1]
            stack.callback(server.close)
            return made

        yield start


@pytest.fixture
def house(sink: MemorySink, clock: HandClock) -> Callable[..., object]:
    """`async with house(stand_ins) as one:`"""

    @asynccontextmanager
    async def open_house(stand_ins: StandIns | None = None, outcomes: Outcomes | None = None) -> AsyncIterator[House]:
        problems = Problems()
        manager = ScrapeManager(
            sink,
            clock,
            stand_ins=stand_ins or StandIns(),
            discover=StaticDiscovery,
            problems=problems,
            outcomes=outcomes,
            hostname="here",
            sleep=clock.sleep,
        )
        await manager.start()
        try:
            yield House(manager, sink, clock, problems)
        finally:
            await manager.stop()

    return open_house


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port where nobody listens: bound, so that nobody else takes it."""
    import socket

    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]
