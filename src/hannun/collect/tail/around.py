"""What a machine logs when nobody configured anything: /var/log, Docker's containers, PM2's programs. Blocking.

Labels are `service_name` (the container, the program, the folder or the file), `host` and `filename`. The journal is
read besides only where no syslog daemon writes it to a file.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from hannun.collect.tail import globs
from hannun.collect.tail.metrics import TailMetrics
from hannun.collect.tail.plan import Job, Plan, make_job
from hannun.collect.tail.rounds import Pace
from hannun.collect.tail.wanted import Found, Wanted
from hannun.config.prometheus.model import DockerSd
from hannun.config.promtail.model import JournalConfig, PromtailConfig, ScrapeConfig
from hannun.model.relabel import RelabelRule

VAR_LOG, DOCKER, PM2, JOURNAL, SOCKET = "var-log", "docker", "pm2", "journal", "docker-api"
_SOCKET = "/var/run/docker.sock"
CONFIG_BYTES_MAX = 4 << 20
_ROTATED = re.compile(r"[-.](?:[0-9]{1,3}|[0-9]{4}-?[0-9]{2}-?[0-9]{2}(?:[-T_]?[0-9]{2,6})?|old|bak)(?=\.|$)")
_COMPRESSED = (".gz", ".zst", ".bz2")
_NOT_LOGS = (".xz", ".zip", ".tar", ".tgz", ".journal", ".db", ".pid", ".lock", ".state", ".conf", ".html", ".dat")
_PM2_NAME = re.compile(r"(?P<app>.+?)(?:-(?:out|error))(?:-[0-9]+)?(?:__.*)?\.log$")
_SYSLOG_FILES = ("syslog", "messages", "system.log")


@dataclass(frozen=True, slots=True)
class Machine:
    """Where a machine keeps its logs."""

    host: str
    logs: Path = Path("/var/log")
    containers: Path = Path("/var/lib/docker/containers")
    socket: str = _SOCKET
    homes: Callable[[], list[Path]] = lambda: _homes()
    journals: tuple[Path, ...] = (Path("/var/log/journal"), Path("/run/log/journal"))
    keep_s: float = 0.0
    """Files that nobody wrote to for so long hold only lines that would not be kept; 0: everything is."""


def plan_of(machine: Machine, metrics: TailMetrics) -> Plan:
    """The jobs of a machine that nobody described. Looks at what is there now."""
    jobs = [_job(ScrapeConfig(name), metrics) for name in (VAR_LOG, DOCKER, PM2)]
    host = RelabelRule(target_label="host", replacement=machine.host)
    if _writes_journal_only(machine):
        named = RelabelRule(
            source_labels=("__journal_syslog_identifier", "__journal__systemd_unit"),
            separator=";",
            regex=r"(?:.*;([^;@]+?)(?:@.*)?\.(?:service|scope|timer|socket|slice|mount)|([^;]*);.*)",
            target_label="service_name",
            replacement="$1$2",
        )
        unit = RelabelRule(source_labels=("__journal__systemd_unit",), target_label="unit")
        config = ScrapeConfig(JOURNAL, relabel=(host, named, unit), journal=JournalConfig())
        jobs.append(_job(config, metrics))
    if not os.access(machine.containers, os.R_OK | os.X_OK) and os.access(machine.socket, os.R_OK | os.W_OK):
        name = RelabelRule(
            source_labels=("__meta_docker_container_name",),
            regex="/(.*)",
            target_label="service_name",
        )
        composed = RelabelRule(
            source_labels=("__meta_docker_container_label_com_docker_compose_service",),
            regex="(.+)",
            target_label="service_name",
        )
        container = replace(name, target_label="container")
        rules = (host, name, composed, container)
        discoveries = (DockerSd(f"unix://{machine.socket}", refresh_ms=10_000),)
        jobs.append(_job(ScrapeConfig(SOCKET, relabel=rules, discoveries=discoveries), metrics))
    return Plan(
        jobs=tuple(jobs),
        pace=Pace(),
        look_around=lambda: look_around(machine),
        takes_compressed=True,
        config=PromtailConfig(),
    )


def _job(config: ScrapeConfig, metrics: TailMetrics) -> Job:
    return make_job(config, metrics, auto=True)


def look_around(machine: Machine) -> Found:
    """Every file that looks like a log of this machine."""
    found = Found()
    for job, path, labels in (*_var_log(machine, found), *_docker(machine, found), *_pm2(machine, found)):
        if machine.keep_s and _age_s(path) > machine.keep_s:
            continue
        pairs = tuple(sorted({**labels, "host": machine.host, "filename": str(path)}.items()))
        found.files.append(Wanted(job, path, pairs, (("__path__", str(path)),), job))
    return found


Named = tuple[str, Path, Mapping[str, str]]


def _var_log(machine: Machine, found: Found) -> Iterator[Named]:
    try:
        paths = globs.files_of(f"{machine.logs}/**", found.folders)
    except globs.TooMany as err:
        found.troubles.append(str(err))
        return
    journals = tuple(f"{folder}/" for folder in machine.journals)
    for path in paths:
        if path.is_symlink() or str(path).startswith(journals) or not _is_log(path.name):
            continue
        yield VAR_LOG, path, {"service_name": service_of(path, machine.logs)}


def _age_s(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return 0.0


def _is_log(name: str) -> bool:
    lower = name.lower()
    return not lower.endswith(_NOT_LOGS) and lower != "readme"


def service_of(path: Path, root: Path) -> str:
    """The folder below the root, else the file without its endings: `nginx`, `syslog`, `auth`."""
    inside = path.relative_to(root)
    if len(inside.parts) > 1:
        return inside.parts[0]
    name = path.name
    for ending in _COMPRESSED:
        name = name.removesuffix(ending)
    name = _ROTATED.sub("", name)
    return name.removesuffix(".log").removesuffix(".err").removesuffix(".txt") or name


def _docker(machine: Machine, found: Found) -> Iterator[Named]:
    if not os.access(machine.containers, os.R_OK | os.X_OK):
        return
    for path in globs.files_of(f"{machine.containers}/*/*-json.log", found.folders):
        name, service = container_of(path.parent)
        yield DOCKER, path, {"service_name": service, "container": name}


def container_of(folder: Path) -> tuple[str, str]:
    """(name, service) of a container by Docker's file beside its log; both its short id when that cannot be read."""
    short = folder.name[:12]
    try:
        with (folder / "config.v2.json").open("rb") as file:
            said = json.loads(file.read(CONFIG_BYTES_MAX))
        name = str(said.get("Name") or short).removeprefix("/")
        labels = (said.get("Config") or {}).get("Labels") or {}
        service = str(labels.get("com.docker.compose.service") or name)
    except (OSError, ValueError, AttributeError, RecursionError):
        return short, short
    return name, service


def _pm2(machine: Machine, found: Found) -> Iterator[Named]:
    for home in machine.homes():
        logs = home / ".pm2" / "logs"
        if not os.access(logs, os.R_OK | os.X_OK):
            continue
        for path in globs.files_of(f"{logs}/*.log", found.folders):
            named = _PM2_NAME.match(path.name)
            yield PM2, path, {"service_name": named["app"] if named else path.stem}
        own = home / ".pm2" / "pm2.log"
        if own.is_file():
            yield PM2, own, {"service_name": "pm2"}


def _homes() -> list[Path]:
    import pwd

    return sorted({Path(user.pw_dir) for user in pwd.getpwall() if user.pw_dir.startswith("/") and user.pw_dir != "/"})


def _writes_journal_only(machine: Machine) -> bool:
    """A syslog daemon's file has the same lines and more history."""
    if any((machine.logs / name).is_file() for name in _SYSLOG_FILES) or shutil.which("journalctl") is None:
        return False
    return any(next(folder.glob("*/*.journal"), None) is not None for folder in machine.journals if _may(folder))


def _may(folder: Path) -> bool:
    return os.access(folder, os.R_OK | os.X_OK)
