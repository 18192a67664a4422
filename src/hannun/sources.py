"""What the Status and home pages ask of the house, gathered from the rooms that know it. Part of `app.py`'s wiring."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from importlib.metadata import version as version_of
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from hannun import __version__
from hannun.api.hannun import ConfigStatus, ConfigWarning, MemoryStatus, SettingShown, Sources
from hannun.config.complaint import Complaint
from hannun.config.settings import Settings
from hannun.model.status import TableStatus
from hannun.model.time import format_duration_ms
from hannun.store.metrics.cardinality import SeriesCounts

if TYPE_CHECKING:
    from hannun.app import App

ROLLUP = Path("/proc/self/smaps_rollup")
SHOWN_VERSIONS = ("chdb", "chdb-core", "numpy", "numba", "pyarrow", "uvicorn", "starlette", "SQLAlchemy")


def sources(app: App) -> Sources:
    """Reads `app` when asked, so that it may be made before everything stands."""
    return Sources(
        version=__version__,
        started_ms=app.started_ms,
        data_dir=str(app.data_dir.path),
        listen=str(app.settings.listen),
        url=app.settings.url,
        problems=app.problems,
        outcomes=app.outcomes,
        versions=versions,
        ready=lambda: app.ready,
        memory=lambda: memory(app),
        disk=lambda: app.disk.status(sum(table.bytes for table in _tables(app))),
        queues=lambda: [*app.metrics.queues(), *app.logs.store.queues(), *app.errors.queues()],
        tables=lambda: _tables(app),
        retention=app.retention.status,
        config=lambda: config(app.settings, _complaints(app)),
        collectors=app.pulling.collect.status,
        projects=app.meta.projects.all,
        targets=app.pulling.scrapes,
        scrape_file=lambda: str(app.settings.prometheus_config) if app.settings.prometheus_config else None,
        reload_status=lambda: app.pulling.reload_status,
        cardinality=SeriesCounts(app.engine, app.clock),
    )


def _complaints(app: App) -> list[Complaint]:
    return [*app.complaints, *app.pulling.complaints, *app.logs.complaints, *app.tailing.complaints]


def _tables(app: App) -> list[TableStatus]:
    return [*app.metrics.status(), *app.logs.store.status(), *app.errors.status()]


def versions() -> dict[str, str]:
    return {
        "hannun": __version__,
        "python": platform.python_version(),
        **{name: version_of(name) for name in SHOWN_VERSIONS},
    }


def memory(app: App) -> MemoryStatus:
    return MemoryStatus(
        rss_bytes=psutil.Process().memory_info().rss,
        private_bytes=private_bytes(),
        limit_bytes=app.settings.memory_bytes,
        engine_bytes=app.engine.memory_bytes(),
    )


def private_bytes() -> int | None:
    """Memory that ends with this process: written pages and swap, without the mapped pages of libraries. Linux only."""
    try:
        lines = ROLLUP.read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(("Private_Dirty:", "Swap:")))


def config(settings: Settings, complaints: Sequence[Complaint]) -> ConfigStatus:
    return ConfigStatus(
        file=str(settings.config_file) if settings.config_file else None,
        warnings=[ConfigWarning(one.file, one.line or None, one.text) for one in complaints],
        settings=[SettingShown(one.name, one.value, one.place or one.source) for one in settings.chosen],
    )


def prometheus_flags(settings: Settings) -> dict[str, str]:
    """Our settings under the names that Prometheus's clients look for."""
    keep_ms = settings.retention.metrics_ms
    return {
        "web.listen-address": str(settings.listen),
        "web.external-url": settings.url,
        "web.enable-admin-api": str(settings.enable_admin_api).lower(),
        "web.enable-remote-write-receiver": "true",
        "storage.tsdb.path": str(settings.data_dir),
        "storage.tsdb.retention.time": format_duration_ms(keep_ms) if keep_ms else "0s",
        "query.lookback-delta": "5m",
        "query.timeout": "2m",
    }
