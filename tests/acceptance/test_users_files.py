"""The users' own prometheus.yml, written for containers, served as written by a Hannun on a bare host."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from hannun.testing.server import Server
from hannun.testing.waiting import until

pytestmark = pytest.mark.xdist_group("users-files")

SEEDS = Path(__file__).parents[2].parent / "shared" / "seeds"
ALERTS = {"HighCpuUsage", "HighMemoryUsage", "ServiceDown", "HighApiErrorRate"}
BUILT_IN = {
    "node": ("node_exporter", "node_cpu_seconds_total"),
    "cadvisor": ("cadvisor", "container_cpu_usage_seconds_total"),
    "blackbox": ("blackbox_exporter", "probe_success"),
    "prometheus": ("prometheus", "process_cpu_seconds_total"),
}
"""Job -> what stands in for its exporter, and a metric that the users' dashboards and rules read from it."""
TARGETS = {"node": 1, "cadvisor": 1, "blackbox": 2, "prometheus": 1, "backend-api": 1}


def snippets() -> list[tuple[str, str]]:
    """(file name as its first comment tells it, text) of every YAML block of the users' monitoring guide."""
    guides = sorted(SEEDS.glob("004*.txt"))
    if not guides:
        pytest.skip("the users' files are not beside this checkout (../shared/seeds)")
    text = guides[0].read_text(encoding="utf-8")
    return re.findall(r"```yaml\n# (\S+)\n(.*?)```", text, re.DOTALL)


def written(folder: Path, *names: str, holding: str = "") -> Path:
    """The first block of each name, put beside each other as the guide has them; the path of the first."""
    for name in names:
        text = next(text for found, text in snippets() if found == name and holding in text)
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder / names[0]


def somebody_listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@dataclass
class Watched:
    """A server that has met every target of the users' file."""

    server: Server
    targets: dict[str, list[dict[str, Any]]]

    def query(self, expr: str) -> list[dict[str, Any]]:
        answer = httpx.get(f"{self.server.url}/api/v1/query", params={"query": expr}, timeout=30).json()
        assert answer["status"] == "success", answer
        found: list[dict[str, Any]] = answer["data"]["result"]
        return found


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    folder = tmp_path_factory.mktemp("users")
    config = written(folder, "prometheus/prometheus.yml", "prometheus/rules/alerts.yml")
    with Server(folder / "data", flags=("--prometheus-config", str(config))) as server:

        def met() -> dict[str, list[dict[str, Any]]] | None:
            pools = httpx.get(f"{server.url}/api/hannun/v1/targets", timeout=30).json()["pools"]
            by_job = {pool["name"]: pool["targets"] for pool in pools}
            all_met = all(
                len(by_job.get(job, ())) == count and all(target["health"] != "unknown" for target in by_job[job])
                for job, count in TARGETS.items()
            )
            return by_job if all_met else None

        yield Watched(server, until(met, "every target of the users' file was met"))


def test_exporters_that_are_not_there_are_stood_in_for_and_up(watched: Watched) -> None:
    for job, (product, metric) in BUILT_IN.items():
        if job == "prometheus" and somebody_listens(9090):
            continue  # Then it is scraped itself, and that is right.
        for target in watched.targets[job]:
            assert (target["health"], target["stand_in"], target["last_error"]) == ("up", product, ""), target
        # Scraped at once, but an answer waits for the commit.
        until(lambda job=job, metric=metric: watched.query(f'{metric}{{job="{job}"}}'), f"{metric} of job {job}")
    assert {one["metric"]["instance"] for one in watched.query('probe_success{job="blackbox"}')} == {
        "https://example.com/health",
        "https://api.example.com/health",
    }


def test_what_nothing_stands_in_for_is_down_with_advice_in_both_languages(watched: Watched) -> None:
    (target,) = watched.targets["backend-api"]
    assert target["health"] == "down"
    assert "backend-api" in target["last_error"]
    assert "backend-api" in target["advice"]["en"]
    assert "backend-api" in target["advice"]["ko"]
    (up,) = until(lambda: watched.query('up{job="backend-api"}'), "up of the target that is down")
    assert up["value"][1] == "0"


def test_each_job_that_is_stood_in_for_is_said_once(watched: Watched) -> None:
    said = [line for line in watched.server.log.splitlines() if "stands in for it" in line]
    for job, (product, _) in BUILT_IN.items():
        if job == "prometheus" and somebody_listens(9090):
            continue
        lines = [line for line in said if f"Job {job}:" in line]
        assert len(lines) == 1, lines
        assert product in lines[0]
        assert "WARNING" in lines[0]
    problems = httpx.get(f"{watched.server.url}/api/hannun/v1/status", timeout=30).json()["problems"]
    assert len([one for one in problems if "Job node:" in one["what"]["en"]]) == 1
    assert "node-exporter:9100" in next(one for one in problems if "Job node:" in one["what"]["en"])["what"]["ko"]


def test_rules_are_found_beside_the_file_and_their_expressions_run(watched: Watched) -> None:
    """`/etc/prometheus/rules/*.yml` matches nothing on this machine: the folder beside prometheus.yml is read."""
    groups = httpx.get(f"{watched.server.url}/api/v1/rules", timeout=30).json()["data"]["groups"]
    rules = {rule["name"]: rule["query"] for group in groups for rule in group["rules"]}
    assert set(rules) == ALERTS
    for query in rules.values():
        watched.query(query)
    # What the CPU rule reads is what the stand-in of node_exporter tells, so it computes something.
    (down,) = [one for one in watched.query(rules["ServiceDown"]) if one["metric"]["job"] == "backend-api"]
    assert down["value"][1] == "0"
    warnings = httpx.get(f"{watched.server.url}/api/hannun/v1/status", timeout=30).json()["config"]["warnings"]
    assert any("/etc/prometheus/rules/*.yml" in one["text"]["en"] for one in warnings), warnings


def test_the_file_is_shown_as_it_is_in_force(watched: Watched) -> None:
    shown = httpx.get(f"{watched.server.url}/api/v1/status/config", timeout=30).json()["data"]["yaml"]
    for words in ("blackbox-exporter:9115", "scrape_timeout: 10s", "rules/*.yml"):
        assert words in shown


def test_the_storage_file_of_the_guide_loads(tmp_path: Path) -> None:
    """§8.1: what it sets about storage is Hannun's own affair, so it is pointed out and nothing fails."""
    config = written(tmp_path, "prometheus/prometheus.yml", holding="retention.size")
    with Server(tmp_path / "data", flags=("--no-self", "--prometheus-config", str(config))) as server:
        targets = httpx.get(f"{server.url}/api/v1/targets", timeout=30).json()["data"]
        assert targets["activeTargets"] == []
        warnings = httpx.get(f"{server.url}/api/hannun/v1/status", timeout=30).json()["config"]["warnings"]
        assert any("wal_compression" in one["text"]["en"] for one in warnings), warnings
        assert all(one["line"] for one in warnings)
        assert "ERROR" not in server.log
