"""Loki's HTTP API, at the root and under /loki: a table of contents. Pushing is `receive/loki.py`'s."""

from __future__ import annotations

from hannun.api.limits import ApiLimits
from hannun.api.loki import deletes, detected, index, labels, legacy, query, rules, status, tail
from hannun.api.loki.backend import Backend
from hannun.api.loki.status import LokiFacts
from hannun.model.http import Endpoint, SocketEndpoint
from hannun.model.log import LogPatterns, LogTails
from hannun.model.time import Clock, SystemClock
from hannun.query.logql.engine import LogEngine
from hannun.query.runner import QueryRunner

__all__ = ["LokiFacts", "routes"]


def routes(
    engine: LogEngine,
    runner: QueryRunner,
    *,
    tails: LogTails | None = None,
    patterns: LogPatterns | None = None,
    api_limits: ApiLimits | None = None,
    clock: Clock | None = None,
    facts: LokiFacts | None = None,
    deletion_mode: str = "filter-and-delete",
) -> list[Endpoint | SocketEndpoint]:
    """Every endpoint but push. Without `tails` nothing can be watched live; without `patterns` they answer 404."""
    backend = Backend(engine, runner, api_limits or ApiLimits(), clock or SystemClock(), tails, patterns)
    return [
        *query.endpoints(backend),
        *labels.endpoints(backend),
        *index.endpoints(backend),
        *detected.endpoints(backend),
        *tail.endpoints(backend),
        *deletes.endpoints(backend, mode=deletion_mode),
        *rules.endpoints(),
        *legacy.endpoints(backend),
        *status.endpoints(backend, facts or LokiFacts()),
    ]
