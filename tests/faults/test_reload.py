"""A configuration that cannot be used, read while the server runs: the old one stays in force, and everybody is told.

Jobs that a good one leaves alone are scraped on without a gap and without a marker.
"""

from __future__ import annotations

import itertools
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from hannun.testing.server import Server
from hannun.testing.targets import TargetServer, page
from hannun.testing.waiting import until
from hannun.testing.watcher import Watcher

pytestmark = pytest.mark.xdist_group("faults-reload")

GAP_S = 2.7
"""Between two scrapes of a target with an interval of 1 s, on a machine that is busy with other tests."""
RULES = "groups: [{name: g, rules: [{record: a:b, expr: sum(steady)}]}]\n"


@dataclass
class House:
    """A server, its files, and a target under /steady and /other."""

    server: Server
    config: Path
    targets: TargetServer
    began_s: float = field(default_factory=time.time)

    @property
    def rules(self) -> Path:
        return self.config.parent / "rules.yml"

    @property
    def probes(self) -> Path:
        return self.config.parent / "blackbox.yml"

    def good(self, other: str = "/other", more: str = "") -> str:
        return f"""\
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
rule_files: [rules.yml]
scrape_configs:
  - job_name: steady
    metrics_path: /steady
    static_configs: [{{targets: ['{self.targets.address}']}}]
  - job_name: other
    metrics_path: {other}
    static_configs: [{{targets: ['{self.targets.address}']}}]
{more}"""

    def restore(self) -> None:
        self.config.write_text(self.good(), encoding="utf-8")
        self.rules.write_text(RULES, encoding="utf-8")
        self.probes.write_text("modules: {mine: {prober: tcp}}\n", encoding="utf-8")

    def reload(self) -> httpx.Response:
        return httpx.post(f"{self.server.url}/-/reload", timeout=30)

    def get(self, path: str, **params: Any) -> Any:
        return httpx.get(f"{self.server.url}{path}", params=params, timeout=30).json()

    def problems(self) -> list[dict[str, Any]]:
        found = self.get("/api/hannun/v1/status")["problems"]
        return [problem for problem in found if problem["id"] == "config-reload"]

    def say_that_it_failed(self) -> list[bool]:
        """Every page that tells how the last reading went."""
        return [
            not self.get("/api/v1/status/runtimeinfo")["data"]["reloadConfigSuccess"],
            not self.get("/api/hannun/v1/targets")["reload"]["ok"],
            bool(self.problems()),
        ]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("reload")
    config, count = folder / "prometheus.yml", itertools.count()
    pages = {
        "/steady": page(lambda: f"steady {next(count)}\n".encode()),
        "/other": page(b"other 1\n"),
        "/changed": page(b"changed 1\n"),
    }
    with TargetServer(pages) as targets:
        flags = ("--no-self", "--prometheus-config", str(config), "--blackbox-config", str(folder / "blackbox.yml"))
        server = Server(folder / "data", flags=flags)
        made = House(server, config, targets)
        made.restore()
        with server:
            until(lambda: len(targets.asked["/steady"]) > 1, "the steady target is scraped")
            yield made
        assert "Traceback" not in server.log, server.log


@pytest.fixture
def settled(house: House) -> Iterator[House]:
    """Good files in force before and after."""
    house.restore()
    assert house.reload().status_code == 200
    yield house
    house.restore()
    assert house.reload().status_code == 200


def spoil_config(text: str) -> Callable[[House], None]:
    return lambda house: house.config.write_text(text, encoding="utf-8") and None


def job(more: str) -> Callable[[House], None]:
    return lambda house: house.config.write_text(house.good(more=more), encoding="utf-8") and None


BAD = [
    pytest.param(spoil_config("scrape_configs: [\n"), "prometheus.yml", id="no YAML"),
    pytest.param(spoil_config("scrape_configs: 7\n"), "prometheus.yml", id="another type"),
    pytest.param(spoil_config("global: {scrape_interval: soon}\n"), "soon", id="no duration"),
    pytest.param(spoil_config("\x00\x01"), "prometheus.yml", id="control characters"),
    pytest.param(lambda house: house.config.write_bytes(b"a: \xff\xfe\n"), "prometheus.yml", id="not UTF-8"),
    pytest.param(
        spoil_config("a: &a [x]\nb: &b [" + "*a," * 90 + "]\nc: &c [" + "*b," * 90 + "]\nd: [" + "*c," * 90 + "]\n"),
        "prometheus.yml",
        id="aliases that multiply",
    ),
    pytest.param(spoil_config("[" * 20_000), "prometheus.yml", id="nested 20,000 deep"),
    pytest.param(job("  - job_name: steady\n"), "steady", id="a job twice"),
    pytest.param(
        job("  - job_name: third\n    relabel_configs: [{source_labels: [a], regex: '('}]\n"), "regex", id="bad regex"
    ),
    pytest.param(lambda house: house.config.unlink(), "prometheus.yml", id="the file is gone"),
    pytest.param(
        lambda house: house.rules.write_text("groups: [{name: g, rules: [{record: a, expr: 'sum('}]}]\n"),
        "rules.yml",
        id="a rule that is no PromQL",
    ),
    pytest.param(
        lambda house: house.probes.write_text("modules: {mine: {prober: tcp, timeout: soon}}\n"),
        "blackbox.yml",
        id="a bad probe",
    ),
]


@pytest.mark.parametrize(("spoil", "named"), BAD)
def test_a_bad_file_keeps_the_old_one_and_is_told_everywhere(
    settled: House, spoil: Callable[[House], object], named: str
) -> None:
    before = settled.get("/api/v1/status/config")["data"]["yaml"]
    at_ms = settled.get("/api/hannun/v1/targets")["reload"]["at_ms"]
    log_before = len(settled.server.log)
    spoil(settled)
    answer = settled.reload()
    assert answer.status_code == 500, answer.text
    assert answer.text.startswith("failed to reload config: "), answer.text
    assert named in answer.text
    assert len(answer.text) < 2_000
    assert settled.say_that_it_failed() == [True] * 3
    (problem,) = settled.problems()
    assert named in problem["what"]["en"]
    assert named in problem["what"]["ko"]
    assert named in settled.server.log[log_before:]
    assert settled.get("/api/v1/status/config")["data"]["yaml"] == before
    assert settled.get("/api/hannun/v1/targets")["reload"]["at_ms"] == at_ms
    assert set(settled.get("/api/v1/scrape_pools")["data"]["scrapePools"]) == {"steady", "other"}
    settled.restore()
    assert settled.reload().status_code == 200
    assert settled.say_that_it_failed() == [False] * 3
    assert settled.get("/api/hannun/v1/targets")["reload"]["at_ms"] >= at_ms


def test_sighup_reads_the_files_as_well(settled: House) -> None:
    good = settled.config.read_text(encoding="utf-8")
    settled.config.write_text("scrape_configs: 7\n", encoding="utf-8")
    os.kill(settled.server.pid, signal.SIGHUP)
    until(lambda: all(settled.say_that_it_failed()), "a bad file after SIGHUP is told")
    assert "ERROR" in settled.server.log
    settled.config.write_text(good, encoding="utf-8")
    os.kill(settled.server.pid, signal.SIGHUP)
    until(lambda: not any(settled.say_that_it_failed()), "a good file after SIGHUP clears it")


def test_twenty_reloads_at_once_leave_what_stands_in_the_file(settled: House) -> None:
    with Watcher(settled.server.url, pid=settled.server.pid):
        for number in range(20):
            settled.config.write_text(settled.good(more=f"  - job_name: job-{number}\n"), encoding="utf-8")
            os.kill(settled.server.pid, signal.SIGHUP)
            if number % 4 == 0:
                assert settled.reload().status_code == 200
    assert settled.reload().status_code == 200
    pools = settled.get("/api/v1/scrape_pools")["data"]["scrapePools"]
    assert set(pools) == {"steady", "other", "job-19"}


def test_jobs_that_did_not_change_are_scraped_on_without_gap_or_marker(settled: House) -> None:
    """Runs last in this file: all that was reloaded above lies in what it looks at."""
    until(lambda: settled.get("/api/v1/query", query="other")["data"]["result"], "the other job is stored")
    settled.config.write_text(settled.good(other="/changed"), encoding="utf-8")
    assert settled.reload().status_code == 200
    until(lambda: settled.get("/api/v1/query", query="changed")["data"]["result"], "the changed job is stored")
    # What the changed job no longer tells ends with a marker, some two intervals later.
    until(lambda: not settled.get("/api/v1/query", query="other")["data"]["result"], "the old page's series ends")
    asked = settled.targets.asked["/steady"]
    assert max(later - earlier for earlier, later in pairwise(asked)) < GAP_S
    end_s = time.time()
    found = settled.get("/api/v1/query_range", query="steady", start=asked[1], end=end_s, step="0.25")
    (series,) = found["data"]["result"]
    # A marker would leave the steps up to the next sample empty.
    assert len(series["values"]) == int((end_s - asked[1]) / 0.25) + 1
    values = [float(value) for _, value in series["values"]]
    assert values == sorted(values)
