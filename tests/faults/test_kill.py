"""`kill -9` at any moment under pushes and scrapes: what was acknowledged or shown is there, and the start is clean."""

from __future__ import annotations

import itertools
import random
import threading
import time
from pathlib import Path

import httpx
import numpy as np
import pytest

from hannun.model.labels import Labels
from hannun.testing.server import Server
from hannun.testing.targets import TargetServer, page
from hannun.testing.traffic import HEADERS, WriteBody
from hannun.testing.waiting import until

SENDERS = 4
SERIES_EACH = 50
SERIES_NEW_EACH_REQUEST = 5
SCRAPED = 20
"""Targets, each with an interval of 1 s."""

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


class Scraped:
    """What the targets told, and what the server showed of it: each page is one number that never came before."""

    def __init__(self, folder: Path) -> None:
        self._numbers = itertools.count()
        self.told: set[float] = set()
        self.shown: set[Sample] = set()
        self.targets = TargetServer({f"/{n}": page(self._page) for n in range(SCRAPED)})
        static = f"static_configs: [{{targets: ['{self.targets.address}']}}]"
        jobs = [f"  - {{job_name: 'j{n}', metrics_path: '/{n}', {static}}}\n" for n in range(SCRAPED)]
        self.config = folder / "prometheus.yml"
        self.config.write_text(
            "global: {scrape_interval: 1s, scrape_timeout: 1s}\nscrape_configs:\n" + "".join(jobs), encoding="utf-8"
        )

    def _page(self) -> bytes:
        number = next(self._numbers)
        self.told.add(number)
        # A series that is new in every scrape as well: its label row must survive.
        return f'scraped_total {number}\nscraped_fresh{{page="{number}"}} {number}\n'.encode()

    def seen(self, server: Server) -> set[Sample]:
        """(job, ts_ms, number) of all that the server answers; a new series only counts with its labels."""
        found = set()
        for metric in ("scraped_total", "scraped_fresh"):
            params = {"query": f"{metric}[1h]"}
            answer = httpx.get(f"{server.url}/api/v1/query", params=params, timeout=30)
            assert answer.status_code == 200, answer.text
            for series in answer.json()["data"]["result"]:
                labels = series["metric"]
                for at, value in series["values"]:
                    assert labels.get("page", value) == value
                    found.add((f"{metric} {labels['job']}", round(float(at) * 1000), float(value)))
        return found


def kill_under_load(folder: Path, rounds: int, seed: int) -> None:
    moments = random.Random(seed)
    first_ms = (int(time.time()) - 86_400) * 1000
    acked: dict[str, set[Sample]] = {}
    sent: dict[str, set[Sample]] = {}
    scraped = Scraped(folder)
    flags = ("--no-self", "--prometheus-config", str(scraped.config))
    with scraped.targets:
        for number in range(rounds):
            server = Server(folder / "data", flags=flags).start()
            senders = [Sender(server.url, f"r{number}-{n}", first_ms + number) for n in range(SENDERS)]
            for sender in senders:
                sender.start()
            # On a busy machine the first answers take a while; a kill before them would prove nothing.
            until(lambda senders=senders: any(sender.acked for sender in senders), "a push was acknowledged")
            before = scraped.shown
            until(lambda server=server, before=before: scraped.seen(server) - before, "a new scrape is shown")
            time.sleep(moments.uniform(0.0, 1.5))
            scraped.shown |= scraped.seen(server)
            server.kill()
            for sender in senders:
                sender.enough.set()
                sender.join(10)
                acked[sender._name], sent[sender._name] = set(sender.acked), sender.sent
    # The targets are gone now, as when a whole machine went down.
    with Server(folder / "data", flags=flags) as server:
        for name, samples in acked.items():
            found = stored(server, name, first_ms)
            lost = samples - found
            assert not lost, f"{len(lost)} acknowledged samples of {len(samples)} are gone, e.g. {sorted(lost)[:3]}"
            assert found <= sent[name], "something is stored that nobody sent"
        found = scraped.seen(server)
        lost = scraped.shown - found
        assert not lost, f"{len(lost)} samples that a query had shown are gone, e.g. {sorted(lost)[:3]}"
        assert {value for _, _, value in found} <= scraped.told, "something is stored that no target told"
        until(lambda: instant(server, "count(up == 0)") == SCRAPED, "the targets that are gone are down")
        assert "ERROR" not in server.log


def instant(server: Server, expr: str) -> float | None:
    answer = httpx.get(f"{server.url}/api/v1/query", params={"query": expr}, timeout=30).json()
    return float(answer["data"]["result"][0]["value"][1]) if answer["data"]["result"] else None


@pytest.mark.xdist_group("faults")
def test_two_kills_lose_nothing_that_was_acknowledged_or_shown(tmp_path: Path) -> None:
    kill_under_load(tmp_path, rounds=2, seed=1)


@pytest.mark.long
def test_fifty_kills_lose_nothing_that_was_acknowledged_or_shown(tmp_path: Path) -> None:
    kill_under_load(tmp_path, rounds=50, seed=2)
