"""The log page's questions: lines, histogram, numbers, fields, context, downloads, and lines as they come."""

from __future__ import annotations

from hannun.api.hannun.backend import Backend
from hannun.api.hannun.logs import context, download, fields, histogram, lines, patterns, security, series, tail
from hannun.api.hannun.logs.backend import LogBackend
from hannun.api.hannun.route import Route
from hannun.model.http import SocketEndpoint

__all__ = ["LogBackend", "routes", "sockets"]


def routes(backend: Backend, logs: LogBackend) -> list[Route]:
    return [
        *lines.routes(backend, logs),
        *histogram.routes(backend, logs),
        *fields.routes(backend, logs),
        *context.routes(backend, logs),
        *download.routes(backend, logs),
        *patterns.routes(backend, logs),
        *security.routes(backend, logs),
        *series.routes(backend, logs),
    ]


def sockets(backend: Backend, logs: LogBackend) -> list[SocketEndpoint]:
    return tail.endpoints(backend, logs, logs.tails) if logs.tails is not None else []
