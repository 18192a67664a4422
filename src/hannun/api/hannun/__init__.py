"""Hannun's own HTTP API, /api/hannun/v1: a table of contents. Accounts and sessions are served by `web/`."""

from __future__ import annotations

from hannun.api.hannun import (
    cardinality,
    errors,
    functions,
    logs,
    metric,
    metrics,
    openapi,
    overview,
    panels,
    projects,
    status,
    targets,
)
from hannun.api.hannun.backend import Backend
from hannun.api.hannun.errors import ErrorBackend, KeptBackend
from hannun.api.hannun.known import KnownMetrics
from hannun.api.hannun.logs import LogBackend
from hannun.api.hannun.sources import ConfigStatus, ConfigWarning, MemoryStatus, SettingShown, Sources
from hannun.api.limits import ApiLimits
from hannun.model.http import AnyEndpoint
from hannun.model.ports import MetricReader
from hannun.model.time import Clock, SystemClock
from hannun.query.promql import PromEngine
from hannun.query.runner import QueryRunner

__all__ = [
    "ConfigStatus",
    "ConfigWarning",
    "ErrorBackend",
    "KeptBackend",
    "LogBackend",
    "MemoryStatus",
    "SettingShown",
    "Sources",
    "routes",
]


def routes(
    engine: PromEngine,
    reader: MetricReader,
    runner: QueryRunner,
    sources: Sources,
    *,
    log_backend: LogBackend | None = None,
    error_backend: ErrorBackend | None = None,
    limits: ApiLimits | None = None,
    clock: Clock | None = None,
) -> list[AnyEndpoint]:
    """Every endpoint of the own API that is not about accounts."""
    backend = Backend(engine, reader, runner, sources, limits or ApiLimits(), clock or SystemClock())
    known = KnownMetrics(reader, sources.cardinality, backend.clock)
    described = [
        *overview.routes(backend),
        *status.routes(backend),
        *metrics.routes(backend),
        *metric.routes(backend, known),
        *cardinality.routes(backend),
        *targets.routes(backend),
        *panels.routes(backend, known),
        *functions.routes(backend),
        *projects.routes(backend),
        *(logs.routes(backend, log_backend) if log_backend else ()),
        *(errors.routes(backend, error_backend) if error_backend else ()),
    ]
    answered: list[AnyEndpoint] = [route.endpoint() for route in (*described, openapi.route(described))]
    return answered + (logs.sockets(backend, log_backend) if log_backend else [])
