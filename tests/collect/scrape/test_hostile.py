"""Targets that hang, lie and flood: each costs itself, and the neighbour is scraped as if nothing were."""

from __future__ import annotations

import asyncio
import gzip
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest

from hannun.collect.discovery.static import StaticDiscovery
from hannun.collect.scrape import ScrapeManager
from hannun.collect.scrape.fetch import Fetched, Fetcher
from hannun.collect.stand_in import StandIns
from hannun.config.prometheus.model import PrometheusConfig, ScrapeLimits

GOOD = b"good 1\n"
Start = Callable[..., Awaitable[Any]]


def page(body: bytes, **headers: str) -> bytes:
    lines = [f"Content-Length: {len(body)}", "Content-Type: text/plain; version=0.0.4"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return b"HTTP/1.1 200 OK\r\n" + "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@asynccontextmanager
async def endless(chunk: bytes, pause_s: float) -> AsyncIterator[str]:
    """A body that never ends."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n\r\n")
            while True:
                writer.write(chunk)
                await writer.drain()
                await asyncio.sleep(pause_s)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            return
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


@asynccontextmanager
async def slowest_turn() -> AsyncIterator[list[float]]:
    """The longest time that the event loop was not free, in s."""
    worst = [0.0]

    async def watch() -> None:
        while True:
            before_s = time.monotonic()
            await asyncio.sleep(0.005)
            worst[0] = max(worst[0], time.monotonic() - before_s - 0.005)

    task = asyncio.create_task(watch())
    try:
        yield worst
    finally:
        task.cancel()


async def scraped(house: Any, target: Start, make_job: Any, bad: str, **more: Any) -> Any:
    """The bad target's status after it and a good one were scraped; the good one is up."""
    good = await target(GOOD)
    async with house() as one:
        await one.apply(make_job(good.address, name="good"), make_job(bad, name="bad", **{"timeout_s": 0.5, **more}))
        await one.round(2)
        (status,) = one.manager.active("bad")
        assert one.manager.active("good")[0].health == "up"
        assert one.sink.values("good") == [1.0]
        assert one.sink.values("up", job="bad") == [float(status.health == "up")]
        await one.round(2)
        assert one.sink.values("good") == [1.0, 1.0]
    return status


async def never(_: str) -> bytes:
    await asyncio.sleep(60)
    return b""


SERIES = "".join(f'flood{{number="{number}"}} 1\n' for number in range(350_000)).encode()


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param(never, "context deadline exceeded", id="no answer"),
        pytest.param(lambda _: b"\x00\xff\x16\x03garbage\r\n\r\n", "", id="garbage"),
        pytest.param(lambda _: page(b"\x00\x01\xff\xfe" * 1000), "line 1", id="binary page"),
        pytest.param(
            lambda _: page(gzip.compress(b"0" * (80 << 20), 1), Content_Encoding="gzip"),
            "body size limit exceeded",
            id="gzip bomb",
        ),
        pytest.param(
            lambda _: page(("a{" + ",".join(f'l{n}="1"' for n in range(10_000)) + "} 1\n").encode()),
            "label_limit exceeded",
            id="10,000 labels",
        ),
        pytest.param(
            lambda _: page(b'a{l="' + b"x" * (1 << 20) + b'"} 1\n'),
            "label_value_length_limit exceeded",
            id="a value of 1 MiB",
        ),
        pytest.param(lambda _: page(b"x" * (1 << 20)), "line 1", id="one endless line"),
        pytest.param(lambda _: page(b'a{l="1",l="2"} 1\n'), "line 1", id="a label twice"),
        pytest.param(lambda _: page(b"a 1e999999\n" + b"9" * 1000 + b" 1\n"), "line", id="absurd numbers"),
        pytest.param(lambda _: page(SERIES), "sample limit exceeded", id="350,000 series"),
    ],
)
async def test_a_hostile_target_costs_only_itself(
    house: Any, target: Start, make_job: Any, answer: Any, error: str
) -> None:
    bad = await target(answer=answer)
    status = await scraped(house, target, make_job, bad.address, timeout_s=0.5 if answer is never else 10)
    assert status.health == "down"
    assert error in status.last_error
    assert len(status.last_error) < 500
    assert status.advice is not None


@pytest.mark.parametrize(
    ("chunk", "pause_s", "timeout_s", "error"),
    [
        pytest.param(b"a 1\n", 0.02, 0.5, "context deadline exceeded", id="slow body"),
        pytest.param(b"a 1\n" * 16_384, 0.0, 10, "body size limit exceeded", id="endless body"),
    ],
)
async def test_a_body_without_end_ends(
    house: Any, target: Start, make_job: Any, chunk: bytes, pause_s: float, timeout_s: float, error: str
) -> None:
    async with endless(chunk, pause_s) as bad:
        limits = ScrapeLimits(body_bytes=4 << 20)
        status = await scraped(house, target, make_job, bad, timeout_s=timeout_s, limits=limits)
    assert error in status.last_error


async def test_a_large_page_does_not_hold_up_the_event_loop(house: Any, target: Start, make_job: Any) -> None:
    """100,000 series: met, and met again."""
    lines = "".join(f'large{{number="{number}",zone="a"}} {number}\n' for number in range(100_000)).encode()
    bad = await target(lines)
    async with house() as one:
        one.sink.unknown = lambda series: np.zeros(len(series), bool)
        one.sink.offer = lambda batch: one.sink.batches.append(batch) or True
        async with slowest_turn() as worst:
            await one.apply(make_job(bad.address))
            began_s = time.monotonic()
            await one.round()
            met_s = time.monotonic() - began_s
            await one.round()
        assert [len(batch) for batch in one.sink.batches] == [100_005] * 2
        one.manager._pools.clear()
    # 20 ms of 2 s on a quiet machine: a loop that read the page itself would stand still for all of it.
    assert worst[0] < max(0.25, met_s / 3)


async def test_hanging_targets_do_not_delay_a_good_one(
    sink: Any, target: Start, make_job: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the real clock: eighty that say nothing, and one that answers every second."""
    hanging, good = await target(answer=never), await target(GOOD)
    sink.within = (0, 1 << 50)
    manager = ScrapeManager(sink, stand_ins=StandIns(), discover=StaticDiscovery)
    await manager.start()
    addresses = [f"127.0.0.{1 + number}:{hanging.port}" for number in range(80)]
    bad = make_job(*addresses, name="bad", interval_s=1, timeout_s=0.9)
    await manager.apply(PrometheusConfig(scrape=(bad, make_job(good.address, name="good", interval_s=1, timeout_s=1))))
    await asyncio.sleep(4.2)
    (status,) = manager.active("good")
    await manager.stop()
    assert status.last_duration_s < 0.9, "as long as the others hang"
    assert len([value for value in sink.values("good") if value == 1.0]) >= 3


async def test_a_thousand_targets_start_spread(house: Any, make_job: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fetch(*_: object) -> Fetched:
        return Fetched(GOOD, "text/plain")

    monkeypatch.setattr(Fetcher, "fetch", fetch)
    async with house() as one:
        one.sink.unknown = lambda series: np.zeros(len(series), bool)
        came: list[int] = []
        one.sink.offer = lambda batch: came.append(one.clock.now_ms()) or True
        await one.apply(make_job(*(f"10.0.{number // 250}.{number % 250}:9100" for number in range(1_000))))
        begin_ms = one.clock.now_ms()
        async with asyncio.timeout(10):
            while len(one.manager.active()) < 1_000:
                await asyncio.sleep(0.01)
        for _ in range(160):
            await one.clock.turn(0.1)
            while any(loop.busy for pool in one.manager._pools.values() for loop in pool.loops.values()):
                await asyncio.sleep(0)
        per_second = np.histogram(came, bins=15, range=(begin_ms, begin_ms + 15_000))[0]
        assert 990 <= per_second.sum() <= 1_010
        assert per_second.max() < 100
