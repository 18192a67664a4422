"""Hannun and Debian's Prometheus over one prometheus.yml and the same targets: what both say about them is the same.

The tests are one story in the order of this file; the last ones break the file and mend it.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from hannun.testing.server import Server, free_port

PROMETHEUS = shutil.which("prometheus")
pytestmark = [
    pytest.mark.xdist_group("clients-same-config"),
    pytest.mark.skipif(PROMETHEUS is None, reason="Debian's prometheus is not installed"),
]

PAGE = """\
# HELP shop_orders_total Orders taken.
# TYPE shop_orders_total counter
shop_orders_total{city="서울"} 12
shop_orders_total{city="부산"} 3.5
# HELP shop_temperature_celsius How warm it is.
# TYPE shop_temperature_celsius gauge
shop_temperature_celsius 21.25
"""
CONFIG = """\
global: {{scrape_interval: 1s, external_labels: {{site: "서울"}}}}
rule_files: [rules.yml]
alerting:
  alertmanagers:
    - path_prefix: /am/
      static_configs: [{{targets: ["alertmanager:9093", "off:9093", "127.0.0.1:1"]}}]
      relabel_configs:
        - {{source_labels: [__address__], regex: 'off:.*', action: drop}}
        - {{source_labels: [__address__], regex: '127.*', target_label: __scheme__, replacement: https}}
scrape_configs:
  - job_name: shop
    static_configs:
      - {{targets: ["127.0.0.1:{up}"], labels: {{env: prod}}}}
      - {{targets: ["127.0.0.1:{down}"]}}
      - {{targets: ["off:1"]}}
    relabel_configs:
      - {{source_labels: [__address__], target_label: port, regex: '.*:(.*)'}}
      - {{source_labels: [__address__], regex: 'off:.*', action: drop}}
      - {{regex: env, action: labelmap, replacement: environment}}
    metric_relabel_configs:
      - {{source_labels: [city], regex: 부산, action: drop}}
  - job_name: waits
    scrape_interval: 90s
"""
RULES = """\
groups:
  - name: shop
    interval: 1m30s
    rules:
      - {record: "job:up:sum", expr: sum by(job)(up)}
      - alert: Down
        expr: up{job="shop", env!="x"}==0
        for: 5m
        labels: {severity: page}
        annotations: {summary: "{{ $labels.instance }} is down"}
"""


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = PAGE.encode()
        self.send_response(200)
        self.send_header("content-type", "text/plain; version=0.0.4; charset=utf-8")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """The test's output stays its own."""


@dataclass(frozen=True, slots=True)
class Both:
    ours: httpx.Client
    theirs: httpx.Client
    config: Path

    def ask(self, path: str) -> tuple[Any, Any]:
        """The data of our answer and of theirs."""
        found = [client.get(f"/api/v1/{path}").json() for client in (self.ours, self.theirs)]
        assert [one["status"] for one in found] == ["success", "success"], found
        return found[0]["data"], found[1]["data"]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    home: Path = tmp_path_factory.mktemp("same")
    target = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=target.serve_forever, daemon=True).start()
    config = home / "prometheus.yml"
    config.write_text(CONFIG.format(up=target.server_port, down=free_port()), encoding="utf-8")
    (home / "rules.yml").write_text(RULES, encoding="utf-8")
    port = free_port()
    command = [
        str(PROMETHEUS),
        f"--config.file={config}",
        f"--storage.tsdb.path={home / 'tsdb'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--web.enable-lifecycle",
    ]
    with (home / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, "GOMAXPROCS": "1"})
    try:
        with (
            Server(home / "data", flags=("--no-self", "--prometheus-config", str(config))) as hannun,
            httpx.Client(base_url=hannun.url, timeout=10) as ours,
            httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10) as theirs,
        ):
            for client in (ours, theirs):
                until(lambda client=client: scraped(client), 30)
            yield Both(ours, theirs, config)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)
        target.shutdown()
        target.server_close()


def until(holds: Callable[[], bool], within_s: float) -> None:
    end_s = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < end_s, "it did not come to hold in time"
        time.sleep(0.1)


def scraped(client: httpx.Client) -> bool:
    try:
        found = client.get("/api/v1/query", params={"query": "count(up) == 2 and sum(up) == 1"}).json()
    except (httpx.TransportError, ValueError):
        return False
    return bool(found.get("data", {}).get("result"))


MOVING = ("lastScrape", "lastScrapeDuration")


def test_targets(both: Both) -> None:
    ours, theirs = both.ask("targets")
    for found in (ours, theirs):
        for target in found["activeTargets"]:
            assert all(target.pop(name) for name in MOVING)
        found["activeTargets"].sort(key=lambda target: target["scrapeUrl"])
    assert ours["activeTargets"] == theirs["activeTargets"]
    assert [dropped["discoveredLabels"] for dropped in ours["droppedTargets"]] == [
        dropped["discoveredLabels"] for dropped in theirs["droppedTargets"]
    ]


@pytest.mark.parametrize(
    "path",
    [
        "scrape_pools",
        "targets/metadata?metric=shop_orders_total",
        'targets/metadata?match_target={env="prod"}&metric=shop_temperature_celsius',
        "targets/metadata?metric=nobody",
        "metadata?metric=shop_orders_total",
        "label/__name__/values?match[]={job='shop'}",
        "label/city/values",
        "labels?match[]=up",
        "series?match[]=shop_orders_total",
        "alertmanagers",
    ],
)
def test_the_same_words(both: Both, path: str) -> None:
    ours, theirs = both.ask(path)
    if "__name__" in path:
        theirs = [name for name in theirs if name != "job:up:sum"]  # their rules run
    assert ours == theirs


def test_rules_are_read_alike(both: Both) -> None:
    """How they do is not compared: ours do not run."""
    moving = {"health", "state", "evaluationTime", "lastEvaluation", "alerts"}
    ours, theirs = both.ask("rules")
    for found in (ours, theirs):
        for group in found["groups"]:
            group["rules"] = [
                {name: value for name, value in rule.items() if name not in moving and (name != "labels" or value)}
                for rule in group["rules"]
            ]
            for name in moving & group.keys():
                del group[name]
    assert ours == theirs


def test_federated_pages_hold_the_same_series(both: Both) -> None:
    pages = [
        client.get("/federate", params={"match[]": '{__name__=~"shop.+|up"}'}).text
        for client in (both.ours, both.theirs)
    ]
    without_times = [[line.rsplit(" ", 1)[0] for line in sorted(page.splitlines()) if line[0] != "#"] for page in pages]
    assert without_times[0] == without_times[1] != []
    assert 'site="서울"' in pages[0]


def test_the_configuration_says_the_same(both: Both) -> None:
    """Ours also prints the keys that came after 2.42."""
    ours, theirs = ({line.strip(" -") for line in found["yaml"].splitlines()} for found in both.ask("status/config"))
    missing = {line for line in theirs - ours if "rules.yml" not in line}
    assert missing <= {"storage:", "exemplars:", "max_exemplars: 100000"}


def test_the_own_page_tells_why_a_target_is_down(both: Both) -> None:
    found = both.ours.get("/api/hannun/v1/targets").json()
    assert found["totals"] == {"active": 2, "up": 1, "down": 1, "unknown": 0, "dropped": 1}
    assert found["file"] == str(both.config)
    (down,) = [one for pool in found["pools"] for one in pool["targets"] if one["health"] == "down"]
    assert "connection refused" in down["last_error"]
    assert down["advice"]["ko"]
    assert down["advice"]["en"]


def test_cardinality_counts_what_is_scraped(both: Both) -> None:
    found = both.ours.get("/api/hannun/v1/cardinality", params={"metric": "shop_orders_total"}).json()
    assert (found["series"], found["series_day_ago"]) == (1, 0)
    assert found["senders"][0]["job"] == "shop"
    assert {one["label"] for one in found["label_values"]} >= {"city", "instance", "job"}
    metric = both.ours.get("/api/hannun/v1/metrics/shop_orders_total").json()
    assert (metric["type"], metric["help"], metric["series"]) == ("counter", "Orders taken.", 1)


def test_the_python_client_lists_targets(both: Both) -> None:
    api = pytest.importorskip("prometheus_api_client", reason="prometheus-api-client is not installed")
    with api.PrometheusConnect(url=str(both.ours.base_url).rstrip("/")) as connected:
        # It derives the pools from the targets, so a job without any is not among them.
        assert connected.get_scrape_pools() == ["shop"]
        assert {target["health"] for target in connected.get_targets(state="active")["activeTargets"]} == {"up", "down"}
        (told,) = connected.get_target_metadata({"env": "prod"}, metric="shop_temperature_celsius")
    assert (told["type"], told["help"]) == ("gauge", "How warm it is.")


def test_a_bad_file_is_refused_and_the_old_one_stays(both: Both) -> None:
    good = both.config.read_text(encoding="utf-8")
    both.config.write_text("scrape_configs: [{job_name: a}, {job_name: a}]\n", encoding="utf-8")
    try:
        answers = [client.post("/-/reload") for client in (both.ours, both.theirs)]
        assert [answer.status_code for answer in answers] == [500, 500]
        assert all(answer.text.startswith("failed to reload config: ") for answer in answers)
        assert 'found multiple scrape configs with job name "a"' in answers[0].text
        told = both.ask("status/runtimeinfo")
        assert [one["reloadConfigSuccess"] for one in told] == [False, False]
        assert both.ask("scrape_pools")[0] == {"scrapePools": ["shop", "waits"]}
        assert both.ours.get("/api/v1/notifications").json()["data"][0]["active"] is True
        assert both.ours.get("/api/hannun/v1/targets").json()["reload"]["ok"] is False
    finally:
        both.config.write_text(good.replace("job_name: waits", "job_name: later"), encoding="utf-8")
    assert [client.put("/-/reload").status_code for client in (both.ours, both.theirs)] == [200, 200]
    # Prometheus takes up to five seconds until it shows a new job; ours is there when the answer is.
    assert both.ask("scrape_pools")[0] == {"scrapePools": ["later", "shop"]}
    assert both.ask("status/runtimeinfo")[0]["reloadConfigSuccess"] is True
    assert both.ours.get("/api/v1/notifications").json()["data"] == []
