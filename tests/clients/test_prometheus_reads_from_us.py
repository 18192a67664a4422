"""Debian's Prometheus takes from Hannun what it has no data of its own for: by federation, and by remote read."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from hannun.model.labels import Labels
from hannun.testing.server import Server, free_port
from hannun.testing.traffic import HEADERS, WriteBody

PROMETHEUS = shutil.which("prometheus")
pytestmark = [
    pytest.mark.xdist_group("clients-prometheus-reads"),
    pytest.mark.skipif(PROMETHEUS is None, reason="Debian's prometheus is not installed"),
]
STEPS, STEP_S = 41, 15
KEPT = [
    Labels.of(__name__="kept_total", job="shop", instance="a:8000", city=city, site="서울") for city in ("부산", "서울")
]
ELSEWHERE = Labels.of(__name__="kept_total", job="shop", instance="a:8000", site="부산")
NEW = [
    Labels.of(__name__="new_temperature", job="shop", instance="a:8000"),
    Labels.of(__name__="new_total"),
    Labels.from_pairs([("__name__", "new.utf8"), ("라벨", "값")]),
]
CONFIG = """
global: {{scrape_interval: 1s, external_labels: {{site: "서울"}}}}
remote_read:
  - {{url: "{hannun}/api/v1/read", read_recent: true}}
scrape_configs:
  - job_name: federate
    honor_labels: true
    metrics_path: /federate
    params: {{"match[]": ['{{__name__=~"new.+"}}']}}
    static_configs: [{{targets: ["{target}"]}}]
"""


@dataclass(frozen=True, slots=True)
class Scene:
    hannun: Server
    prometheus: httpx.Client
    end_s: int

    def ask(self, where: httpx.Client, expr: str, at_s: float | None = None) -> list[dict[str, Any]]:
        asked = {"query": expr} if at_s is None else {"query": expr, "time": str(at_s)}
        answer = where.post("/api/v1/query", data=asked).json()
        assert answer["status"] == "success", answer
        found: list[dict[str, Any]] = answer["data"]["result"]
        return sorted(found, key=lambda row: sorted(row["metric"].items()))


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    home: Path = tmp_path_factory.mktemp("reads")
    with Server(home / "data", flags=("--no-self",)) as hannun:
        end_s = int(time.time()) // STEP_S * STEP_S
        write(hannun, [*KEPT, ELSEWHERE], end_s)
        (home / "prometheus.yml").write_text(CONFIG.format(hannun=hannun.url, target=hannun.url.split("//")[1]))
        port = free_port()
        command = [
            str(PROMETHEUS),
            f"--config.file={home / 'prometheus.yml'}",
            f"--storage.tsdb.path={home / 'tsdb'}",
            f"--web.listen-address=127.0.0.1:{port}",
        ]
        with (home / "prometheus.log").open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, "GOMAXPROCS": "1"})
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10) as prometheus:
                until(lambda: ready(prometheus, process), 30)
                yield Scene(hannun, prometheus, end_s)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(20)


def write(hannun: Server, series: list[Labels], end_s: int) -> None:
    """Each with a sample every 15 s in the ten minutes up to `end_s`, its value the seconds since the first."""
    times = (end_s - np.arange(STEPS)[::-1] * STEP_S).astype(np.int64) * 1000
    values = np.arange(STEPS, dtype=np.float64) * STEP_S
    body = WriteBody.of(series, STEPS).at(np.tile(times, len(series)), np.tile(values, len(series)))
    answer = httpx.post(f"{hannun.url}/api/v1/write", content=body, headers=HEADERS)
    assert answer.status_code == 204, answer.text


def ready(prometheus: httpx.Client, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, "prometheus left"
    try:
        return prometheus.get("/-/ready").status_code == 200
    except httpx.TransportError:
        return False


def until(holds: Callable[[], bool], within_s: float) -> None:
    end_s = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < end_s, "it did not come to hold in time"
        time.sleep(0.1)


def test_a_question_is_answered_from_our_samples(scene: Scene) -> None:
    """Prometheus asks for its own external labels and takes them off again: that is how it knows its data."""
    found = scene.ask(scene.prometheus, "kept_total", scene.end_s)
    assert [row["metric"] for row in found] == [
        {"__name__": "kept_total", "job": "shop", "instance": "a:8000", "city": city} for city in ("부산", "서울")
    ]
    assert [row["value"] for row in found] == [[scene.end_s, "600"]] * 2


@pytest.mark.parametrize(
    "expr",
    [
        "sum by (city) (rate(kept_total[2m]))",
        'max_over_time(kept_total{city=~"서.*"}[5m])',
        'count(kept_total{city!="서울"})',
        'kept_total{city!~"부.*"} offset 1m',
    ],
)
def test_both_answer_alike(scene: Scene, expr: str) -> None:
    # Off every sample's time, where the windows of 2.42 and 3.x hold the same.
    at_s = scene.end_s - 7.123
    with httpx.Client(base_url=scene.hannun.url) as hannun:
        ours = scene.ask(hannun, expr.replace("kept_total", 'kept_total{site="서울"}').replace('"}{', '",'), at_s)
    theirs = scene.ask(scene.prometheus, expr, at_s)
    for row in ours:
        row["metric"].pop("site", None)
    assert ours == theirs != []


def test_a_range_of_raw_samples(scene: Scene) -> None:
    asked = {"query": "kept_total[10m]", "time": scene.end_s}
    rows = scene.prometheus.get("/api/v1/query", params=asked).json()["data"]["result"]
    assert [len(row["values"]) for row in rows] == [41, 41]


def test_federated_series_keep_their_labels_times_and_values(scene: Scene) -> None:
    write(scene.hannun, NEW, int(time.time()) - 2)
    until(lambda: len(scene.ask(scene.prometheus, '{__name__=~"new.+"}')) >= 3, 20)
    found = {row["metric"].pop("__name__"): row for row in scene.ask(scene.prometheus, '{__name__=~"new.+"}')}
    assert found["new_temperature"]["metric"] == {"job": "shop", "instance": "a:8000"}, "ours, not the target's"
    assert found["new_total"]["metric"] == {"job": "federate"}, "an empty instance was sent: none is put there"
    assert "new_utf8" in found, "2.42 reads only the old alphabet"
    assert {row["value"][1] for row in found.values()} == {"600"}
    with httpx.Client(base_url=scene.hannun.url) as hannun:
        times = [
            [row["value"][1] for row in scene.ask(where, "timestamp(new_temperature)")]
            for where in (scene.prometheus, hannun)
        ]
    assert times[0] == times[1]


def test_the_target_is_up_and_its_page_is_understood(scene: Scene) -> None:
    (target,) = scene.prometheus.get("/api/v1/targets").json()["data"]["activeTargets"]
    assert (target["health"], target["lastError"]) == ("up", "")
