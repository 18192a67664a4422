"""The errors pages' questions: the stream, an issue and its events, and what people do with issues."""

from __future__ import annotations

from hannun.api.hannun.backend import Backend
from hannun.api.hannun.errors import acts, issue, stream
from hannun.api.hannun.errors.backend import ErrorBackend
from hannun.api.hannun.route import Route

__all__ = ["ErrorBackend", "routes"]


def routes(backend: Backend, errors: ErrorBackend) -> list[Route]:
    return [*stream.routes(backend, errors), *acts.routes(backend, errors), *issue.routes(backend, errors)]
