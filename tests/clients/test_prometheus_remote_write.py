"""Debian's Prometheus, scraping itself and node_exporter, writes everything into Hannun: what one has, both have.

The tests are one story in the order of this file: equal data, equal answers, a target that ends, a Hannun that is
stopped and killed under way, and the count of what Prometheus believes to have delivered.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from hannun.testing.server import Server, free_port

PROMETHEUS, NODE = shutil.which("prometheus"), shutil.which("prometheus-node-exporter")
pytestmark = [
    pytest.mark.xdist_group("clients-prometheus"),
    pytest.mark.skipif(PROMETHEUS is None, reason="Debian's prometheus is not installed"),
    pytest.mark.skipif(NODE is None, reason="Debian's prometheus-node-exporter is not installed"),
]

SCRAPES_BEFORE_S = 15
WINDOW_S = 5
T = TypeVar("T")

CONFIG = """
global: {{scrape_interval: 1s, scrape_timeout: 900ms, external_labels: {{site: "서울"}}}}
remote_write:
  - url: {hannun}/api/v1/write
    queue_config: {{batch_send_deadline: 500ms, min_backoff: 50ms, max_backoff: 500ms, max_samples_per_send: 500}}
    metadata_config: {{send_interval: 1s}}
scrape_configs: [{jobs}]
"""
JOB = '{{job_name: {name}, static_configs: [{{targets: ["127.0.0.1:{port}"]}}]}}'
EVERY_SERIES = '{__name__=~".+", job=~"node|prometheus"}'


@dataclass
class Scene:
    """Prometheus, its node_exporter and the Hannun that it writes to."""

    home: Path
    hannun: Server
    prometheus_port: int = field(default_factory=free_port)
    node_port: int = field(default_factory=free_port)
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self) -> None:
        self.hannun.start()
        self.configure("node", "prometheus")
        self._run(str(NODE), f"--web.listen-address=127.0.0.1:{self.node_port}")
        self._run(
            str(PROMETHEUS),
            "--config.file=prometheus.yml",
            "--storage.tsdb.path=prometheus",
            "--query.lookback-delta=5m",
            f"--web.listen-address=127.0.0.1:{self.prometheus_port}",
        )
        until(lambda: self.ask("prometheus", "query", query="up == 1"), lambda found: len(found["result"]) == 2)

    def configure(self, *jobs: str) -> None:
        ports = {"node": self.node_port, "prometheus": self.prometheus_port}
        written = ", ".join(JOB.format(name=name, port=ports[name]) for name in jobs)
        (self.home / "prometheus.yml").write_text(CONFIG.format(hannun=self.hannun.url, jobs=written), encoding="utf-8")

    def reload(self) -> None:
        self.running[1].send_signal(signal.SIGHUP)

    def ask(self, who: str, path: str, **asked: Any) -> Any:
        at = self.hannun.url if who == "hannun" else f"http://127.0.0.1:{self.prometheus_port}"
        answer = until(lambda: _get(f"{at}/api/v1/{path}", asked), lambda got: got is not None)
        assert answer is not None
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def own_count(self, name: str) -> float:
        """A metric of Prometheus itself, summed over its series, as it stands now."""
        page = httpx.get(f"http://127.0.0.1:{self.prometheus_port}/metrics").text
        lines = (line.rsplit(" ", 1) for line in page.splitlines() if not line.startswith("#"))
        return sum(float(value) for series, value in lines if series.partition("{")[0] == name)

    def everything_sent(self) -> None:
        """Wait until Hannun has what Prometheus had when this was called."""
        newest = self.own_count("prometheus_remote_storage_highest_timestamp_in_seconds")
        until(
            lambda: self.own_count("prometheus_remote_storage_queue_highest_sent_timestamp_seconds"),
            lambda sent: sent >= newest,
        )
        until(lambda: self.own_count("prometheus_remote_storage_samples_pending"), lambda pending: pending <= 2000)

    def stop(self) -> None:
        for process in reversed(self.running):
            process.kill()
            process.wait(10)
        self.hannun.stop()

    def _run(self, *command: str) -> None:
        name = Path(command[0]).name
        with (self.home / f"{name}.log").open("wb") as log:
            environment = {**os.environ, "GOMAXPROCS": "1"}
            self.running.append(subprocess.Popen(command, cwd=self.home, stdout=log, stderr=log, env=environment))


def _get(url: str, asked: dict[str, Any]) -> httpx.Response | None:
    """None while nobody listens there, or a Prometheus that is starting says so."""
    try:
        answer = httpx.get(url, params=asked, timeout=30)
    except httpx.ConnectError:
        return None
    return None if answer.text == "Service Unavailable" else answer


def until(ask: Callable[[], T], good: Callable[[T], bool], within_s: float = 30.0) -> T:
    deadline = time.monotonic() + within_s
    while not good(answer := ask()):
        assert time.monotonic() < deadline, f"still {answer!r} after {within_s:.0f} s"
        time.sleep(0.1)
    return answer


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    home = tmp_path_factory.mktemp("prometheus")
    made = Scene(home, Server(home / "hannun", flags=("--no-self",)))
    try:
        made.start()
        time.sleep(SCRAPES_BEFORE_S)
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="module")
def quiet_s(scene: Scene) -> float:
    """A moment that everything sent covers, and that no scrape falls on: 2.42 closes windows where 3.x opens them."""
    scene.everything_sent()
    newest = scene.ask("prometheus", "query", query="max(timestamp(up))")["result"][0]["value"][1]
    phases = sorted(
        {float(row["value"][1]) % 1 for row in scene.ask("prometheus", "query", query="timestamp(up)")["result"]}
    )
    gaps = [(after - before, before) for before, after in zip(phases, [*phases[1:], phases[0] + 1], strict=True)]
    widest, begins = max(gaps)
    return int(float(newest)) - 2 + round((begins + widest / 2) % 1, 3)


def samples(found: dict[str, Any]) -> dict[tuple[tuple[str, str], ...], list[tuple[float, str]]]:
    """Series without the label that only Prometheus's remote write adds."""
    out = {}
    for row in found["result"]:
        labels = {name: value for name, value in row["metric"].items() if name != "site"}
        out[tuple(sorted(labels.items()))] = [tuple(pair) for pair in row.get("values", [row.get("value")])]
    return out


def same_samples(scene: Scene, at_s: float, window_s: int) -> int:
    """Every raw sample of the window in both; how many they are."""
    question = {"query": f"{EVERY_SERIES}[{window_s}s]", "time": at_s}
    theirs, ours = (samples(scene.ask(who, "query", **question)) for who in ("prometheus", "hannun"))
    assert set(ours) == set(theirs)
    different = {labels: (ours[labels], theirs[labels]) for labels in theirs if ours[labels] != theirs[labels]}
    assert not different, f"{len(different)} series differ, first: {next(iter(different.items()))}"
    return sum(map(len, theirs.values()))


def test_every_series_and_every_sample_arrived_unchanged(scene: Scene, quiet_s: float) -> None:
    assert same_samples(scene, quiet_s, 60) > 5_000


def test_the_external_label_is_on_all_of_them(scene: Scene, quiet_s: float) -> None:
    counted = scene.ask(
        "hannun", "query", query=f'count({EVERY_SERIES}) - count({EVERY_SERIES[:-1]}, site="서울"}})', time=quiet_s
    )
    assert counted["result"][0]["value"][1] == "0"


@pytest.mark.parametrize(
    "expr",
    [
        "up{job!='hannun'}",
        "sum by (job) (scrape_samples_scraped{job=~'node|prometheus'})",
        f"rate(process_cpu_seconds_total[{WINDOW_S}s])",
        f"sum(rate(prometheus_tsdb_head_samples_appended_total[{WINDOW_S}s]))",
        f"sum by (mode) (rate(node_cpu_seconds_total[{WINDOW_S}s]))",
        "1 - avg by (instance) (node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes)",
        'histogram_quantile(0.9, prometheus_http_request_duration_seconds_bucket{handler="/metrics"})',
        "histogram_quantile(0.99, sum by (le, job) (prometheus_tsdb_compaction_chunk_range_seconds_bucket))",
        "topk by (job) (1, go_memstats_heap_objects{job='prometheus'})",
        "quantile(0.5, node_filesystem_avail_bytes)",
        f"max_over_time(go_goroutines[{WINDOW_S}s]) - min_over_time(go_goroutines[{WINDOW_S}s])",
        f"avg_over_time(node_load1[{WINDOW_S}s:1s])",
        "node_memory_MemFree_bytes offset 3s",
        'label_replace(go_info, "port", "$1", "instance", ".*:(.*)")',
        "node_uname_info * on (instance) group_left node_load1",
        "count by (__name__) ({__name__=~'node_network_.*'})",
        "absent(up{job='nobody'})",
        "go_memstats_alloc_bytes > bool 1e7",
        "{__name__=~'prometheus_build_info|node_os_info'}",
        "timestamp(go_info)",
        "time() - process_start_time_seconds{job!='hannun'}",
    ],
)
def test_both_draw_the_same_graph(scene: Scene, quiet_s: float, expr: str) -> None:
    question = {"query": expr, "start": quiet_s - 3, "end": quiet_s, "step": 1}
    theirs, ours = (samples(scene.ask(who, "query_range", **question)) for who in ("prometheus", "hannun"))
    assert set(ours) == set(theirs)
    assert theirs, "a question about nothing"
    for labels, points in theirs.items():
        assert [at for at, _ in ours[labels]] == [at for at, _ in points], labels
        assert [float(value) for _, value in ours[labels]] == pytest.approx(
            [float(value) for _, value in points], rel=1e-12, nan_ok=True
        ), labels


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        pytest.param("labels", {}, id="label names"),
        pytest.param("label/__name__/values", {}, id="metric names"),
        pytest.param("label/instance/values", {"match[]": "go_info"}, id="label values of one metric"),
        pytest.param("label/device/values", {"match[]": ["node_network_up", "node_disk_info"]}, id="two selectors"),
        pytest.param("series", {"match[]": ["go_info", '{__name__=~"node_cpu.*", mode!="idle"}']}, id="series"),
    ],
)
def test_both_know_the_same_names(scene: Scene, path: str, asked: dict[str, Any]) -> None:
    # Hannun also stores its own metrics, and what the external label is called.
    ours_only = {"match[]": EVERY_SERIES, **asked}
    theirs, ours = scene.ask("prometheus", path, **asked), scene.ask("hannun", path, **ours_only)
    if path == "series":
        ours = [{name: value for name, value in row.items() if name != "site"} for row in ours]
        assert sorted(ours, key=sorted_pairs) == sorted(theirs, key=sorted_pairs)
    else:
        assert [name for name in ours if name != "site"] == theirs


def sorted_pairs(labels: dict[str, str]) -> list[tuple[str, str]]:
    return sorted(labels.items())


def test_metadata_arrived(scene: Scene) -> None:
    theirs = scene.ask("prometheus", "metadata")
    # What scrapes themselves report (up and scrape_*) has no metadata anywhere.
    ours = until(lambda: scene.ask("hannun", "metadata"), lambda found: set(theirs) <= set(found))
    for metric, entries in theirs.items():
        # Two targets may tell one metric's help in two ways, and remote write carries one of them.
        assert ours[metric][0] in entries, metric


def end_node(scene: Scene) -> None:
    scene.running[0].kill()
    scene.running[0].wait(10)
    until(lambda: scene.ask("hannun", "query", query="up{job='node'}")["result"], lambda got: got[0]["value"][1] == "0")


def test_a_target_that_ends_is_gone_at_once(scene: Scene) -> None:
    """Not after five minutes: the staleness markers came over."""
    end_node(scene)
    until(lambda: scene.ask("hannun", "query", query="node_load1")["result"], lambda found: found == [])
    assert scene.ask("hannun", "query", query="count(node_cpu_seconds_total)")["result"] == []
    assert scene.ask("hannun", "query", query="count_over_time(node_load1[1m])")["result"] != []


@pytest.mark.long
def test_nothing_is_lost_when_hannun_is_stopped_and_killed(scene: Scene) -> None:
    end_node(scene)
    scene.hannun.stop()
    time.sleep(1.5)
    scene.hannun.start()
    time.sleep(1.0)
    scene.hannun.kill()
    time.sleep(1.0)
    scene.hannun.start()
    scene.everything_sent()
    # Without targets, what Prometheus counts stands still; it writes no markers for jobs that are gone.
    scene.configure()
    scene.reload()
    until(
        lambda: scene.own_count("prometheus_remote_storage_samples_in_total"),
        lambda _: scene.own_count("prometheus_remote_storage_samples_pending") == 0 and steady(scene),
    )
    assert scene.own_count("prometheus_remote_storage_samples_failed_total") == 0
    assert scene.own_count("prometheus_remote_storage_samples_dropped_total") == 0
    stored = same_samples(scene, time.time(), 600)
    # Each series of the target that ended has one sample more, the marker, which no question shows.
    ended = 'count(count_over_time({__name__!~"up|scrape_.*", job="node"}[10m]))'
    markers = float(scene.ask("hannun", "query", query=ended)["result"][0]["value"][1])
    # 2.42 counts each attempt as sent, and beside it those that had to be repeated.
    repeated = scene.own_count("prometheus_remote_storage_samples_retried_total")
    assert repeated > 0, "Hannun was down for seconds, and nobody noticed"
    assert scene.own_count("prometheus_remote_storage_samples_total") - repeated == stored + markers


def steady(scene: Scene) -> bool:
    """Nothing more comes in within two scrape intervals."""
    before = scene.own_count("prometheus_remote_storage_samples_in_total")
    time.sleep(2)
    return scene.own_count("prometheus_remote_storage_samples_in_total") == before
