"""The log page's questions: lines, histogram, fields, context, downloads. Patterns and live tails beside them."""

from __future__ import annotations

from hannun.api.hannun.backend import Backend
from hannun.api.hannun.logs import context, download, fields, histogram, lines
from hannun.api.hannun.logs.backend import LogBackend
from hannun.api.hannun.route import Route

__all__ = ["LogBackend", "routes"]


def routes(backend: Backend, logs: LogBackend) -> list[Route]:
    return [
        *lines.routes(backend, logs),
        *histogram.routes(backend, logs),
        *fields.routes(backend, logs),
        *context.routes(backend, logs),
        *download.routes(backend, logs),
    ]
