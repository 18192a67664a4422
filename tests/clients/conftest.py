"""A small server that clients of every kind may ask, with known series of the last minutes in it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import numpy as np
import pytest

from hannun.model.labels import Labels
from hannun.testing.server import Server
from hannun.testing.traffic import HEADERS, WriteBody

STEP_S, STEPS = 15, 41
SERIES = [
    Labels.of(__name__="shop_orders_total", job="shop", instance="a:8000", method=method, city=city)
    for method in ("GET", "POST")
    for city in ("서울", "부산")
] + [Labels.of(__name__="shop_temperature_celsius", job="shop", instance="a:8000")]


@dataclass(frozen=True, slots=True)
class Filled:
    """`SERIES` with a sample each 15 s in the ten minutes up to `end_s`, each rising by 15: its rate is 1."""

    server: Server
    end_s: int

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def start_s(self) -> int:
        return self.end_s - (STEPS - 1) * STEP_S


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    """One for each file: what is asked at "now" finds its data only while that is younger than five minutes."""
    with Server(tmp_path_factory.mktemp("clients") / "data", flags=("--no-self",)) as server:
        end_s = int(time.time()) // STEP_S * STEP_S
        times = (end_s - np.arange(STEPS)[::-1] * STEP_S).astype(np.int64) * 1000
        values = np.arange(STEPS, dtype=np.float64) * STEP_S
        body = WriteBody.of(SERIES, STEPS).at(np.tile(times, len(SERIES)), np.tile(values, len(SERIES)))
        answer = httpx.post(f"{server.url}/api/v1/write", content=body, headers=HEADERS)
        assert answer.status_code == 204, answer.text
        yield Filled(server, end_s)
