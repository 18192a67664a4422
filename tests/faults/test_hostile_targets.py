"""Targets that hang, lie and flood, scraped by the real server: each is down and says why, others notice nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from hannun.testing.server import Server
from hannun.testing.targets import Page, TargetServer, bomb, endless, hang, many, page, raw, redirect
from hannun.testing.waiting import until
from hannun.testing.watcher import Watcher

pytestmark = pytest.mark.xdist_group("faults-targets")

GROWTH_BYTES_MAX = 400 << 20
"""Two large pages are parsed at once, each of up to 64 MiB (`body_size_limit`); the rest is what the store keeps."""
GAP_S = 2.7
"""Between two scrapes of a good target with an interval of 1 s, on a machine that is busy with other tests."""
ROUNDS = 2

HOSTILE: dict[str, tuple[Page, str]] = {
    "million": (page(many("flood", 1_000_000)), "sample limit exceeded"),
    "labels": (
        page(("wide{" + ",".join(f'l{n}="1"' for n in range(10_000)) + "} 1\n").encode()),
        "label_limit exceeded",
    ),
    "value": (page(b'long{l="' + b"x" * (1 << 20) + b'"} 1\n'), "label_value_length_limit exceeded"),
    "hang": (hang, "context deadline exceeded"),
    "slow": (endless(b"slow 1\n", pause_s=0.05), "context deadline exceeded"),
    "endless": (endless(b"flood 1\n"), "body size limit exceeded"),
    "bomb": (bomb(1 << 30), "body size limit exceeded"),
    "garbage": (page(b"\x00\x01\xff\xfe{{{ 1e" * 1000), "line 1"),
    "no-http": (raw(b"\x16\x03\x01\x02\x00garbage\r\n\r\n"), "malformed HTTP response"),
    "silence": (raw(b""), ": EOF"),
    "circle": (redirect("/circle"), "stopped after 10 redirects"),
    "header": (raw(b"HTTP/1.1 200 OK\r\nX-Big: " + b"x" * (8 << 20) + b"\r\n\r\n"), "too long"),
}
"""Job -> what its target does, and words that the last error holds."""


def config(address: str) -> str:
    jobs = [
        f"""\
  - job_name: {name}
    metrics_path: /{name}
    static_configs: [{{targets: ['{address}']}}]
    scrape_interval: {"1s" if name.startswith("good") else "3s"}
    scrape_timeout: {"1s" if name.startswith("good") else "3s"}
"""
        for name in (*HOSTILE, "good-1", "good-2")
    ]
    return "scrape_configs:\n" + "".join(jobs)


class Peak(threading.Thread):
    """The most private memory that a server had while it was watched."""

    def __init__(self, server: Server) -> None:
        super().__init__(daemon=True)
        self._server = server
        self._enough = threading.Event()
        self.bytes = 0

    def run(self) -> None:
        while not self._enough.wait(0.1):
            self.bytes = max(self.bytes, self._server.private_bytes())

    def end(self) -> int:
        self._enough.set()
        self.join(10)
        return self.bytes


@dataclass
class Suffered:
    """What was seen while the hostile targets were scraped a few times."""

    server: Server
    began_s: float
    ended_s: float
    before_bytes: int
    peak_bytes: int
    statuses: dict[str, dict[str, Any]]
    asked: dict[str, list[float]]


@pytest.fixture(scope="module")
def suffered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Suffered]:
    folder = tmp_path_factory.mktemp("targets")
    pages = {f"/{name}": does for name, (does, _) in HOSTILE.items()}
    pages |= {"/good-1": page(b"good 1\n"), "/good-2": page(b"good 2\n")}
    file: Path = folder / "prometheus.yml"
    file.write_text("scrape_configs: []\n", encoding="utf-8")
    server = Server(folder / "data", flags=("--prometheus-config", str(file)))
    with TargetServer(pages) as targets, server:
        before_bytes = server.private_bytes()
        file.write_text(config(targets.address), encoding="utf-8")
        peak = Peak(server)
        peak.start()
        assert httpx.post(f"{server.url}/-/reload", timeout=30).status_code == 200

        def statuses() -> dict[str, dict[str, Any]]:
            active = httpx.get(f"{server.url}/api/v1/targets", timeout=30).json()["data"]["activeTargets"]
            return {one["scrapePool"]: one for one in active}

        # The first pages also load compiled code; from here on everybody is to be undisturbed.
        until(lambda: len(targets.asked["/good-1"]) > 1 and len(targets.asked["/good-2"]) > 1, "scraping began")
        began_s = time.time()
        # The server shares two cores with threads of this process that make floods.
        with Watcher(server.url, late_share=0.1, pid=server.pid):
            until(
                lambda: (
                    all(len(targets.asked[f"/{name}"]) >= ROUNDS for name in HOSTILE)
                    and all(one["health"] != "unknown" for one in statuses().values())
                ),
                "every hostile target was scraped a few times",
                within_s=90,
            )
        yield Suffered(server, began_s, time.time(), before_bytes, peak.end(), statuses(), dict(targets.asked))


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_target_is_down_and_says_why(suffered: Suffered, name: str) -> None:
    status = suffered.statuses[name]
    assert status["health"] == "down"
    assert status["lastError"]
    assert HOSTILE[name][1] in status["lastError"], status["lastError"]
    assert len(status["lastError"]) < 500


def test_others_keep_their_interval(suffered: Suffered) -> None:
    for name in ("good-1", "good-2"):
        assert suffered.statuses[name]["health"] == "up"
        asked = [at for at in suffered.asked[f"/{name}"] if suffered.began_s <= at <= suffered.ended_s]
        gaps = [later - earlier for earlier, later in pairwise(asked)]
        assert max(gaps) < GAP_S, gaps


def test_memory_stays_bounded(suffered: Suffered) -> None:
    grown = suffered.peak_bytes - suffered.before_bytes
    assert grown < GROWTH_BYTES_MAX, f"{grown >> 20} MiB"


def test_nothing_of_a_hostile_page_is_stored_but_that_it_is_down(suffered: Suffered) -> None:
    def query(expr: str) -> list[dict[str, Any]]:
        answer = httpx.get(f"{suffered.server.url}/api/v1/query", params={"query": expr}, timeout=30).json()
        return list(answer["data"]["result"])

    hostile = "|".join(HOSTILE)
    until(lambda: len(query(f'last_over_time(up{{job=~"{hostile}"}}[5m]) == 0')) == len(HOSTILE), "all are down")
    stored = {one["metric"]["__name__"] for one in query(f'count by (__name__) ({{job=~"{hostile}"}})')}
    assert {name for name in stored if not name.startswith("scrape_")} == {"up"}, stored
    assert "Traceback" not in suffered.server.log
    assert "internal error" not in suffered.server.log
