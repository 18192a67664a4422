"""Sentry's REST API (`/api/0/`), at the root and under /sentry: a table of contents. Sending is `receive/sentry`'s."""

from __future__ import annotations

from hannun.api.sentry import (
    events,
    info,
    issue,
    issue_acts,
    issue_list,
    monitors,
    projects,
    releases,
    unknown,
    uploads,
)
from hannun.api.sentry.backend import SentryBackend
from hannun.model.http import Endpoint

__all__ = ["SentryBackend", "routes"]


def routes(backend: SentryBackend) -> list[Endpoint]:
    return [
        *info.endpoints(backend),
        *projects.endpoints(backend),
        *issue_list.endpoints(backend),
        *issue_acts.endpoints(backend),
        *issue.endpoints(backend),
        *events.endpoints(backend),
        *releases.endpoints(backend),
        *(monitors.endpoints(backend, backend.monitors) if backend.monitors is not None else ()),
        *uploads.endpoints(backend),
        *unknown.endpoints(),
    ]
