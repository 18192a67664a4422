"""One prometheus.yml and its targets, scraped by a real Prometheus and by us: the same series, values and targets."""

from __future__ import annotations

import asyncio
import math
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from hannun.collect.discovery.static import StaticDiscovery
from hannun.collect.scrape import ScrapeManager
from hannun.collect.stand_in import StandIns
from hannun.config.prometheus.load import load
from hannun.testing.server import free_port

pytestmark = pytest.mark.skipif(
    shutil.which("prometheus") is None, reason="prometheus is not installed (Debian: apt-get install prometheus)"
)

PAGE = b"""# HELP http_requests_total Requests.
# TYPE http_requests_total counter
http_requests_total{code="200",job="told"} 17
http_requests_total{code="500",instance="told",exported_instance="told too"} 3
http_requests_total{code="",path="/a b\\"c\\\\d\\ne"} 1
# TYPE temperature gauge
temperature{room="\xed\x95\x9c\xea\xb8\x80"} -1.5e-3
temperature{room="nan"} NaN
temperature{room="inf"} +Inf
same 1
same 1
untyped{a="1"} 4
untyped{a="2"} 5
drop_me{x="1"} 1
rename_me{old="v"} 2
hist_bucket{le="0.5"} 1
hist_bucket{le="+Inf"} 2
hist_sum 1.5
hist_count 2
"""

CONFIG = """
global: {{scrape_interval: 1s, scrape_timeout: 900ms}}
scrape_configs:
  - job_name: plain
    static_configs: [{{targets: ["{good}"], labels: {{env: prod, code: group}}}}]
  - job_name: honored
    honor_labels: true
    static_configs: [{{targets: ["{good}"], labels: {{env: prod}}}}]
  - job_name: relabeled
    metrics_path: /probe
    params: {{module: [http_2xx], "a b": ["c&d", e]}}
    static_configs: [{{targets: ["https://example.com/x?y=1", "dropped:1"]}}]
    relabel_configs:
      - {{source_labels: [__address__], regex: "dropped.*", action: drop}}
      - {{source_labels: [__address__], target_label: __param_target}}
      - {{source_labels: [__param_target], target_label: instance}}
      - {{target_label: __address__, replacement: "{good}"}}
      - {{source_labels: [__param_module, job], separator: "/", target_label: both}}
    metric_relabel_configs:
      - {{source_labels: [__name__], regex: "drop_.*", action: drop}}
      - {{source_labels: [__name__, old], regex: "rename_me;(.*)", target_label: __name__, replacement: "renamed_$1"}}
      - {{regex: old, action: labeldrop}}
      - {{source_labels: [a], modulus: 7, target_label: shard, action: hashmod}}
  - job_name: limited
    sample_limit: 3
    static_configs: [{{targets: ["{good}"]}}]
  - job_name: many_labels
    label_limit: 4
    static_configs: [{{targets: ["{good}"]}}]
  - job_name: long_values
    label_value_length_limit: 5
    static_configs: [{{targets: ["{good}"]}}]
  - job_name: too_many_targets
    target_limit: 1
    static_configs: [{{targets: ["{good}", "127.0.0.1:1"]}}]
  - job_name: missing
    metrics_path: /gone
    static_configs: [{{targets: ["{bad}"]}}]
  - job_name: refused
    static_configs: [{{targets: ["127.0.0.1:1"]}}]
"""
TAKES_TIME = ("scrape_duration_seconds", "scrape_series_added")
STOPS_COUNTING = ("many_labels", "long_values")
"""At the first series over a label limit Prometheus stops reading; we tell how many samples the page has."""


@asynccontextmanager
async def prometheus(config: Path) -> AsyncIterator[httpx.AsyncClient]:
    port = free_port()
    command = ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={config.parent / 'data'}"]
    with (config.parent / "log").open("wb") as log:
        process = subprocess.Popen([*command, f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log)
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
            yield client
    finally:
        process.terminate()
        process.wait(20)


async def theirs(client: httpx.AsyncClient, jobs: int) -> tuple[dict[frozenset[tuple[str, str]], str], list[Any]]:
    """Series with values, and targets, once each job was scraped."""
    async with asyncio.timeout(20):
        while True:
            await asyncio.sleep(0.3)
            try:
                targets = (await client.get("/api/v1/targets")).json()["data"]["activeTargets"]
            except (httpx.TransportError, KeyError, ValueError):
                continue
            if len(targets) >= jobs and all(target["health"] != "unknown" for target in targets):
                break
    found = (await client.get("/api/v1/query", params={"query": '{__name__=~".+"}'})).json()["data"]["result"]
    return {frozenset(one["metric"].items()): one["value"][1] for one in found}, targets


def comparable(series: dict[frozenset[tuple[str, str]], str]) -> dict[frozenset[tuple[str, str]], float]:
    """Without what depends on the moment."""
    found = {}
    for labels, value in series.items():
        named = dict(labels)
        if named["__name__"] in TAKES_TIME:
            continue
        if named["job"] in STOPS_COUNTING and named["__name__"].startswith("scrape_samples"):
            continue
        found[labels] = float(value)
    return found


async def test_the_same_file_gives_the_same_series_and_targets(sink: Any, target: Any, tmp_path: Path) -> None:
    good, bad = await target(PAGE), await target(status="404 Not Found")
    path = tmp_path / "prometheus.yml"
    path.write_text(CONFIG.format(good=good.address, bad=bad.address), encoding="utf-8")
    config, complaints = load(path, {})
    assert complaints == ()
    sink.within = (0, 1 << 50)
    manager = ScrapeManager(sink, stand_ins=StandIns(), discover=StaticDiscovery, hostname="here")
    async with prometheus(path) as client:
        await manager.start()
        await manager.apply(config)
        their_series, their_targets = await theirs(client, 10)
        async with asyncio.timeout(10):
            while any(status.health == "unknown" for status in manager.active()):
                await asyncio.sleep(0.1)
    ours: dict[frozenset[tuple[str, str]], str] = {}
    for batch in sink.batches:
        for series, value in zip(batch.series.tolist(), batch.value.tolist(), strict=True):
            ours[frozenset(sink.known[series].pairs)] = str(value)
    ours_now, theirs_now = comparable(ours), comparable(their_series)
    assert set(ours_now) == set(theirs_now)
    for labels, value in theirs_now.items():
        assert ours_now[labels] == value or (math.isnan(value) and math.isnan(ours_now[labels])), labels

    def key(labels: dict[str, str], url: str) -> tuple[object, ...]:
        return (url, frozenset(labels.items()))

    mine = {key(dict(status.labels), status.url): status for status in manager.active()}
    them = {key(one["labels"], one["scrapeUrl"]): one for one in their_targets}
    assert set(mine) == set(them)
    for name, one in them.items():
        status = mine[name]
        assert (status.health, status.pool) == (one["health"], one["scrapePool"])
        assert dict(status.discovered) == one["discoveredLabels"]
        assert (status.last_error == "") == (one["lastError"] == "")
        if "limit exceeded" in one["lastError"] or "status" in one["lastError"] or "refused" in one["lastError"]:
            assert status.last_error.replace(" more than", "") == one["lastError"]
    assert manager.dropped_counts()["relabeled"] == 1
    await manager.stop()
