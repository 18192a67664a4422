"""The Prometheus HTTP API v1, at the root and under /prometheus: a table of contents."""

from __future__ import annotations

from hannun.api.limits import ApiLimits
from hannun.api.prometheus import admin, labels, metadata, query, status
from hannun.api.prometheus.backend import Backend
from hannun.api.prometheus.status import ServerFacts
from hannun.model.http import Endpoint
from hannun.model.ports import MetricReader
from hannun.model.time import Clock, SystemClock
from hannun.query.promql import PromEngine
from hannun.query.runner import QueryRunner

__all__ = ["ServerFacts", "routes"]


def routes(
    engine: PromEngine,
    reader: MetricReader,
    runner: QueryRunner,
    *,
    limits: ApiLimits | None = None,
    clock: Clock | None = None,
    facts: ServerFacts | None = None,
    enable_admin_api: bool = False,
) -> list[Endpoint]:
    """Every endpoint of the API that is there. `enable_admin_api` is --enable-admin-api."""
    backend = Backend(engine, reader, runner, limits or ApiLimits(), clock or SystemClock())
    return [
        *query.endpoints(backend),
        *labels.endpoints(backend),
        *metadata.endpoints(backend),
        *status.endpoints(backend, facts or ServerFacts()),
        *admin.endpoints(backend, enabled=enable_admin_api),
    ]
