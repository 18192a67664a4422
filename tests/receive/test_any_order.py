"""On every way in: any time from 1970 on, in any order, and of two samples of one time the last acknowledged wins."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import cramjam
import httpx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.routing import Route

from hannun.model.budget import Budget
from hannun.model.labels import Labels
from hannun.model.matcher import equal
from hannun.observe.outcomes import Outcomes
from hannun.receive import influx, remote_write
from hannun.store import pace, schema
from hannun.store.engine import ChdbEngine
from hannun.store.metrics import MetricStore
from hannun.store.pace import CommitBudget
from hannun.store.writer import Writer
from hannun.wire.remote_write import Sample, encode, v2

NOW_MS = 1_800_000_000_000
DAY_MS = 86_400_000
V2 = {"content-type": "application/x-protobuf;proto=io.prometheus.write.v2.Request"}
Write = list[tuple[str, int, float]]
"""(label value, time in ms, value) of each sample, in order."""


class HandClock:
    def now_ms(self) -> int:
        return NOW_MS

    def monotonic_s(self) -> float:
        return 1000.0


class House:
    """The receivers over a real store."""

    def __init__(self, engine: ChdbEngine) -> None:
        self.loop = asyncio.new_event_loop()
        self.writer = Writer()
        self.writer._budget = CommitBudget(10_000)
        self.store = MetricStore(engine, self.writer, clock=HandClock())
        self.run(self.writer.start())
        outcomes = Outcomes()
        ends = [*remote_write.routes(self.store, outcomes), *influx.routes(self.store, outcomes, clock=HandClock())]
        app = Starlette(routes=[Route(end.path, end.handler, methods=[end.method]) for end in ends if end.at_root])
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hannun.test")

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    def send(self, way: str, metric: str, write: Write) -> None:
        answer = self.run(WAYS[way](self.client, metric, write))
        assert answer.status_code == 204, answer.text

    def read(self, metric: str) -> dict[tuple[str, int], float]:
        found = self.store.select((equal("__name__", metric),), -1, 2 * NOW_MS, Budget())
        out: dict[tuple[str, int], float] = {}
        for index, labels in enumerate(found.labels):
            places = range(int(found.offsets[index]), int(found.offsets[index + 1]))
            out |= {(labels.get("s"), int(found.ts[at]) + found.base_ms): float(found.value[at]) for at in places}
        return out

    def close(self) -> None:
        self.run(self.client.aclose())
        self.run(self.writer.stop())
        self.loop.close()


def pairs(metric: str, name: str) -> tuple[tuple[str, str], ...]:
    return (("__name__", metric), ("s", name))


async def first(client: httpx.AsyncClient, metric: str, write: Write) -> httpx.Response:
    body = encode([(pairs(metric, name), [Sample(ts, value)]) for name, ts, value in write])
    return await client.post("/api/v1/write", content=bytes(cramjam.snappy.compress_raw(body)))


async def second(client: httpx.AsyncClient, metric: str, write: Write) -> httpx.Response:
    body = v2.encode([v2.TimeSeries(pairs(metric, name), [Sample(ts, value)]) for name, ts, value in write])
    return await client.post("/api/v1/write", content=bytes(cramjam.snappy.compress_raw(body)), headers=V2)


async def lines(client: httpx.AsyncClient, metric: str, write: Write) -> httpx.Response:
    measurement, _, field = metric.rpartition("_")
    body = "\n".join(f"{measurement},s={name} {field}={value!r} {ts}" for name, ts, value in write)
    return await client.post("/write?precision=ms", content=body)


WAYS = {"remote write 1.0": first, "remote write 2.0": second, "line protocol": lines}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    path: Path = tmp_path_factory.mktemp("any-order")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pace, "GAP_S", 0.0)
        engine = ChdbEngine.open(path / "engine", memory_bytes=1 << 30, threads=2)
        schema.apply(engine)
        made = House(engine)
        yield made
        made.close()
        engine.close()


names = st.sampled_from(["a", "b"])
times = st.one_of(
    st.integers(0, NOW_MS + DAY_MS),
    st.sampled_from([0, 1, DAY_MS - 1, DAY_MS, NOW_MS, NOW_MS - 1, NOW_MS + DAY_MS]),
    st.integers(NOW_MS - 5, NOW_MS),
)
values = st.one_of(st.integers(-5, 5).map(float), st.floats(allow_nan=False, allow_infinity=False))
writes = st.lists(st.tuples(names, times, values), min_size=1, max_size=6)
METRICS = count()


@settings(max_examples=25, deadline=None)
@given(story=st.lists(st.tuples(st.sampled_from(sorted(WAYS)), writes), min_size=1, max_size=5))
def test_any_time_any_order_any_way(house: House, story: list[tuple[str, Write]]) -> None:
    metric = f"story_m{next(METRICS)}"
    expected: dict[tuple[str, int], float] = {}
    for way, write in story:
        house.send(way, metric, write)
        expected |= {(name, ts): value for name, ts, value in write}
        assert house.read(metric) == expected, "what was acknowledged is what the next question sees"


@pytest.mark.parametrize("way", sorted(WAYS))
def test_a_request_that_is_sent_again_changes_nothing(house: House, way: str) -> None:
    metric = f"again_m{next(METRICS)}"
    write: Write = [("a", NOW_MS - at * 1000, float(at)) for at in range(50)]
    for _ in range(3):
        house.send(way, metric, write)
    assert house.read(metric) == {(name, ts): value for name, ts, value in write}


@pytest.mark.parametrize("way", sorted(WAYS))
def test_more_days_than_one_insert_may_touch(house: House, way: str) -> None:
    metric = f"days_m{next(METRICS)}"
    write: Write = [("a", day * 7 * DAY_MS, float(day)) for day in range(120)]
    house.send(way, metric, write)
    assert house.read(metric) == {(name, ts): value for name, ts, value in write}


def test_the_three_ways_name_the_same_series(house: House) -> None:
    for at, way in enumerate(sorted(WAYS)):
        house.send(way, "same_m", [("a", NOW_MS, float(at))])
    assert house.read("same_m") == {("a", NOW_MS): 2.0}
    labels = Labels.from_pairs(pairs("same_m", "a"))
    assert not house.store.unknown(np.array([labels.series_id()], np.uint64)).any()
