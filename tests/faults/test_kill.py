"""`kill -9` at any moment under write load: every acknowledged sample is there afterwards, and the start is clean."""

from __future__ import annotations

import random
import threading
import time
from pathlib import Path

import httpx
import numpy as np
import pytest

from hannun.model.labels import Labels
from hannun.testing.server import Server
from hannun.testing.traffic import HEADERS, WriteBody

SENDERS = 4
SERIES_EACH = 50
SERIES_NEW_EACH_REQUEST = 5

Sample = tuple[str, int, float]


class Sender(threading.Thread):
    """Pushes until told to stop; remembers what was acknowledged (`acked`) and what was ever sent (`sent`)."""

    def __init__(self, url: str, name: str, first_ms: int) -> None:
        super().__init__(daemon=True)
        self._url, self._name, self._first_ms = url, name, first_ms
        self.acked: list[Sample] = []
        self.sent: set[Sample] = set()
        self.enough = threading.Event()

    def run(self) -> None:
        steady = [Labels.of(__name__="kill_total", sender=self._name, n=str(n)) for n in range(SERIES_EACH)]
        with httpx.Client(timeout=5) as client:
            for request in range(100_000):
                if self.enough.is_set():
                    return
                # Some series are new in every request: their label rows must survive as well.
                fresh = [
                    Labels.of(__name__="kill_total", sender=self._name, n=f"{request}-{n}")
                    for n in range(SERIES_NEW_EACH_REQUEST)
                ]
                labels = steady + fresh
                ts_ms = self._first_ms + request * 1000
                samples = [(each["n"], ts_ms, float(request * 1000 + at)) for at, each in enumerate(labels)]
                body = WriteBody.of(labels)
                self.sent.update(samples)
                try:
                    answer = client.post(f"{self._url}/api/v1/write", content=_filled(body, samples), headers=HEADERS)
                except httpx.TransportError:
                    return  # the server is gone: this request was not acknowledged
                if answer.status_code == 204:
                    self.acked += samples
                else:
                    assert answer.status_code in (429, 503), answer.text
                    time.sleep(0.05)


def _filled(body: WriteBody, samples: list[Sample]) -> bytes:
    return body.at(np.array([ts for _, ts, _ in samples]), np.array([value for _, _, value in samples]))


def stored(server: Server, sender: str, first_ms: int) -> set[Sample]:
    answer = httpx.get(
        f"{server.url}/api/v1/query",
        params={"query": f'kill_total{{sender="{sender}"}}[2d]', "time": (first_ms + 86_400_000) / 1000},
        timeout=30,
    )
    assert answer.status_code == 200, answer.text
    return {
        (series["metric"]["n"], round(float(at) * 1000), float(value))
        for series in answer.json()["data"]["result"]
        for at, value in series["values"]
    }


def kill_under_load(data_dir: Path, rounds: int, seed: int) -> None:
    moments = random.Random(seed)
    first_ms = (int(time.time()) - 86_400) * 1000
    acked: dict[str, set[Sample]] = {}
    sent: dict[str, set[Sample]] = {}
    for number in range(rounds):
        server = Server(data_dir, flags=("--no-self",)).start()
        senders = [Sender(server.url, f"r{number}-{n}", first_ms + number) for n in range(SENDERS)]
        for sender in senders:
            sender.start()
        # On a busy machine the first answer takes a while; a kill before it would prove nothing.
        deadline = time.monotonic() + 20
        while not any(sender.acked for sender in senders) and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(moments.uniform(0.0, 1.5))
        server.kill()
        for sender in senders:
            sender.enough.set()
            sender.join(10)
            acked[sender._name], sent[sender._name] = set(sender.acked), sender.sent
        assert any(sender.acked for sender in senders), "the load never got through; the test would prove nothing"
    with Server(data_dir, flags=("--no-self",)) as server:
        for name, samples in acked.items():
            found = stored(server, name, first_ms)
            lost = samples - found
            assert not lost, f"{len(lost)} acknowledged samples of {len(samples)} are gone, e.g. {sorted(lost)[:3]}"
            assert found <= sent[name], "something is stored that nobody sent"
        assert "ERROR" not in server.log


@pytest.mark.xdist_group("faults")
def test_five_kills_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    kill_under_load(tmp_path / "data", rounds=5, seed=1)


@pytest.mark.long
def test_fifty_kills_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    kill_under_load(tmp_path / "data", rounds=50, seed=2)
