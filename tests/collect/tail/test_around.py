"""What a machine without configuration is found to log."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from hannun.collect.tail.around import DOCKER, PM2, VAR_LOG, Machine, look_around, plan_of, service_of
from hannun.collect.tail.metrics import TailMetrics
from hannun.process.pipeline.meters import MeterStore


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    files = {
        "log/syslog": "x\n",
        "log/nginx/access.log": "x\n",
        "log/journal/ab/system.journal": "x",
        "log/README": "x",
        "containers/0123456789abcdef/0123456789abcdef-json.log": "{}\n",
        "containers/0123456789abcdef/config.v2.json": json.dumps(
            {"Name": "/shop-api-1", "Config": {"Labels": {"com.docker.compose.service": "api"}}}
        ),
        "containers/ffff/ffff-json.log": "{}\n",
        "containers/ffff/config.v2.json": "[",
        "home/kim/.pm2/logs/web-out.log": "x\n",
        "home/kim/.pm2/logs/web-error-2.log": "x\n",
        "home/kim/.pm2/pm2.log": "x\n",
    }
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    with gzip.open(tmp_path / "log/syslog.2.gz", "wt") as old:
        old.write("older\n")
    return Machine(
        "box",
        tmp_path / "log",
        tmp_path / "containers",
        str(tmp_path / "no.sock"),
        lambda: [tmp_path / "home/kim", tmp_path / "home/lee"],
        (tmp_path / "log/journal",),
    )


def test_files_are_found_and_named(machine: Machine) -> None:
    found = {
        str(each.path.relative_to(machine.logs.parent)): (each.job, dict(each.labels)["service_name"])
        for each in look_around(machine).files
    }
    assert found == {
        "log/syslog": (VAR_LOG, "syslog"),
        "log/syslog.2.gz": (VAR_LOG, "syslog"),
        "log/nginx/access.log": (VAR_LOG, "nginx"),
        "containers/0123456789abcdef/0123456789abcdef-json.log": (DOCKER, "api"),
        "containers/ffff/ffff-json.log": (DOCKER, "ffff"),
        "home/kim/.pm2/logs/web-out.log": (PM2, "web"),
        "home/kim/.pm2/logs/web-error-2.log": (PM2, "web"),
        "home/kim/.pm2/pm2.log": (PM2, "pm2"),
    }
    assert all(dict(each.labels)["host"] == "box" for each in look_around(machine).files)


@pytest.mark.parametrize(
    ("name", "service"),
    [
        ("auth.log", "auth"),
        ("auth.log.1", "auth"),
        ("auth.log.3.gz", "auth"),
        ("dpkg.log-20260101", "dpkg"),
        ("messages-2026-01-01.gz", "messages"),
        ("php8.2-fpm.log", "php8.2-fpm"),
        ("nginx/access.log", "nginx"),
    ],
)
def test_services_of_files(name: str, service: str) -> None:
    assert service_of(Path("/var/log") / name, Path("/var/log")) == service


def test_the_journal_is_left_to_the_syslog_daemon(machine: Machine) -> None:
    plan = plan_of(machine, TailMetrics(MeterStore(lambda: 0.0)))
    assert [job.name for job in plan.jobs] == [VAR_LOG, DOCKER, PM2]
