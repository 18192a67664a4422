"""Promtail's pages, in its words."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from hannun.api import promtail
from hannun.model.family import Family
from hannun.model.tail import TailTarget


class Tailed:
    def __init__(self, *targets: TailTarget, why: str = "") -> None:
        self._targets = targets
        self._why = why

    def not_ready(self) -> str:
        return self._why

    def targets(self) -> Sequence[TailTarget]:
        return self._targets

    def families(self) -> Sequence[Family]:
        return [Family.single("promtail_files_active_total", "gauge", "Number of active files.", 2)]

    def config_yaml(self) -> str:
        return "clients: []\n"


READ = TailTarget("system", "File", "/var/log/<b>syslog", (("job", "varlogs"),), (("__path__", "/var/log/*"),), "42")
LEFT = TailTarget("system", "dropped", "", (), (("__path__", ""),), why="no path for target")


def client(tailed: Tailed) -> TestClient:
    routes = [Route(each.path, each.handler, methods=[each.method]) for each in promtail.routes(tailed)]
    return TestClient(Starlette(routes=routes), follow_redirects=False)


def test_ready_is_promtails_word() -> None:
    answer = client(Tailed(READ)).get("/ready")
    assert (answer.status_code, answer.text) == (200, "Ready\n")
    answer = client(Tailed(why="Not ready: Unable to find any logs to tail.")).get("/ready")
    assert (answer.status_code, answer.text) == (500, "Not ready: Unable to find any logs to tail.\n")


def test_targets_as_json() -> None:
    answer = client(Tailed(READ, LEFT)).get("/targets", headers={"accept": "application/json"}).json()
    assert answer == {
        "targets": [
            {
                "job": "system",
                "type": "File",
                "ready": True,
                "name": "/var/log/<b>syslog",
                "labels": {"job": "varlogs"},
                "discoveredLabels": {"__path__": "/var/log/*"},
                "position": "42",
                "why": "",
            }
        ]
    }


@pytest.mark.parametrize("path", ["/targets", "/service-discovery"])
def test_pages_escape_what_files_are_called(path: str) -> None:
    page = client(Tailed(READ, LEFT)).get(path).text
    assert "<b>syslog" not in page
    assert "varlogs" in page
    assert ("no path for target" in page) is (path == "/service-discovery")


def test_metrics_config_and_the_way_in() -> None:
    http = client(Tailed(READ))
    assert "promtail_files_active_total 2" in http.get("/metrics").text
    assert http.get("/config").text == "clients: []\n"
    answer = http.get("/")
    assert (answer.status_code, answer.headers["location"]) == (302, "targets")


def test_pages_stand_under_their_prefix_alone() -> None:
    assert all(each.prefix == "/promtail" and not each.at_root for each in promtail.routes(Tailed()))
