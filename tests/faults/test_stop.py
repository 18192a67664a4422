"""SIGTERM while targets and probes hang: the server leaves in time, and no scraped series outlives its last value."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from hannun.testing.server import Server
from hannun.testing.targets import TargetServer, endless, hang, many, page
from hannun.testing.waiting import until
from hannun.testing.watcher import Watcher

pytestmark = pytest.mark.xdist_group("faults")

LEAVE_WITHIN_S = 10.0
CONFIG = """\
global: {{scrape_interval: 60s, scrape_timeout: 60s}}
scrape_configs:
  - job_name: good
    metrics_path: /good
    scrape_interval: 1s
    scrape_timeout: 1s
    static_configs: [{{targets: ['{address}']}}]
  - job_name: hanging
    metrics_path: /hang
    static_configs: [{{targets: ['{address}']}}]
  - job_name: endless
    metrics_path: /endless
    static_configs: [{{targets: ['{address}']}}]
  - job_name: large
    metrics_path: /large
    scrape_interval: 1s
    scrape_timeout: 1s
    static_configs: [{{targets: ['{address}']}}]
  - job_name: probed
    metrics_path: /probe
    params: {{module: [http_2xx], target: ['http://{address}/hang']}}
    static_configs: [{{targets: ['blackbox-exporter:9115']}}]
"""


def instant(server: Server, expr: str, at_s: float) -> list[dict[str, Any]]:
    params = {"query": expr, "time": at_s}
    answer = httpx.get(f"{server.url}/api/v1/query", params=params, timeout=30).json()
    assert answer["status"] == "success", answer
    found: list[dict[str, Any]] = answer["data"]["result"]
    return found


def probe_by_hand(server: Server, target: str) -> None:
    """Somebody at a terminal asks for a probe that will not end; the answer is of no interest."""
    with suppress(httpx.HTTPError):
        httpx.get(f"{server.url}/probe", params={"module": "http_2xx", "target": target}, timeout=60)


def test_sigterm_leaves_in_time_and_marks_all_that_was_scraped(tmp_path: Path) -> None:
    pages = {
        "/good": page(b"good 1\n"),
        "/hang": hang,
        "/endless": endless(b"a 1\n", pause_s=0.1),
        "/large": page(many("large", 30_000)),
    }
    config = tmp_path / "prometheus.yml"
    with TargetServer(pages) as targets, socket.create_server(("127.0.0.1", 0)) as deaf:
        config.write_text(CONFIG.format(address=targets.address), encoding="utf-8")
        server = Server(tmp_path / "data", flags=("--no-self", "--prometheus-config", str(config))).start()
        deaf_at = f"127.0.0.1:{deaf.getsockname()[1]}"
        for target in (f"http://{deaf_at}/", f"http://{targets.address}/hang"):
            threading.Thread(target=probe_by_hand, args=(server, target), daemon=True).start()
        # One hanging scrape, and two hanging probes: that of the job and that by hand.
        until(lambda: len(targets.asked["/hang"]) >= 3 and targets.asked["/endless"], "all that hangs does hang")
        until(lambda: instant(server, "good", time.time()), "the good target is stored")
        until(lambda: instant(server, "large{number='29999'}", time.time()), "the large page is stored")
        with Watcher(server.url, pid=server.pid):
            time.sleep(1)
        began_s = time.monotonic()
        assert server.stop() == 0, server.log
        took_s = time.monotonic() - began_s
        stopped_s = time.time()
        assert took_s < LEAVE_WITHIN_S, f"{took_s:.1f} s"
        assert "not everything ended" not in server.log
        assert "Traceback" not in server.log
    with Server(tmp_path / "data", flags=("--no-self",)) as server:
        for expr in ("good", "large", 'up{job=~"good|large"}', 'scrape_duration_seconds{job="good"}'):
            assert instant(server, expr, stopped_s) == [], expr
            assert instant(server, f"count_over_time({expr}[10m])", stopped_s), f"{expr} is marked, not forgotten"
