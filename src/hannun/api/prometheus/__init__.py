"""The Prometheus HTTP API v1, at the root and under /prometheus: a table of contents."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hannun.api.limits import ApiLimits
from hannun.api.prometheus import (
    admin,
    expressions,
    features,
    federate,
    labels,
    lifecycle,
    metadata,
    notifications,
    openapi,
    query,
    remote_read,
    status,
)
from hannun.api.prometheus import (
    exemplars as exemplars_api,
)
from hannun.api.prometheus import (
    rules as rules_api,
)
from hannun.api.prometheus import (
    targets as targets_api,
)
from hannun.api.prometheus.around import Around, NoExemplars, NoRules, NoTargets, Reload, Snapshot
from hannun.api.prometheus.backend import Backend
from hannun.api.prometheus.status import ServerFacts
from hannun.model.exemplar import ExemplarReader
from hannun.model.http import Endpoint
from hannun.model.ports import MetricReader
from hannun.model.rules import Rules
from hannun.model.target import Targets
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
    targets: Targets | None = None,
    exemplars: ExemplarReader | None = None,
    rules: Rules | None = None,
    config_text: Callable[[], str] = str,
    reload: Reload | None = None,
    external_labels: Callable[[], Mapping[str, str]] = dict,
    on_reload_status: Callable[[], tuple[bool, int]] = lambda: (True, 0),
    snapshot: Snapshot | None = None,
) -> list[Endpoint]:
    """Every endpoint of the API. `enable_admin_api` is --enable-admin-api; the rest is explained in `Around`."""
    around = Around(
        targets or NoTargets(),
        exemplars or NoExemplars(),
        rules or NoRules(),
        config_text,
        reload,
        external_labels,
        on_reload_status,
        snapshot,
    )
    backend = Backend(engine, reader, runner, limits or ApiLimits(), clock or SystemClock(), around)
    described = [
        *query.endpoints(backend),
        *expressions.endpoints(backend),
        *exemplars_api.endpoints(backend),
        *labels.endpoints(backend),
        *metadata.endpoints(backend),
        *targets_api.endpoints(backend),
        *rules_api.endpoints(backend),
        *status.endpoints(backend, facts or ServerFacts()),
        *features.endpoints(backend, admin=enable_admin_api),
        *notifications.endpoints(backend),
        *admin.endpoints(backend, enabled=enable_admin_api),
        *federate.endpoints(backend),
        *remote_read.endpoints(backend),
        *lifecycle.endpoints(around),
    ]
    return [*described, *openapi.endpoints(described)]
