"""The errors pages' questions: the stream, an issue and its events, what people do with issues, what came beside."""

from __future__ import annotations

from hannun.api.hannun.backend import Backend
from hannun.api.hannun.errors import acts, attachments, health, issue, monitors, recordings, releases, stream
from hannun.api.hannun.errors.backend import ErrorBackend
from hannun.api.hannun.errors.kept import KeptBackend
from hannun.api.hannun.route import Route

__all__ = ["ErrorBackend", "KeptBackend", "routes"]


def routes(backend: Backend, errors: ErrorBackend) -> list[Route]:
    return [
        *stream.routes(backend, errors),
        *acts.routes(backend, errors),
        *issue.routes(backend, errors),
        *(releases.routes(backend, errors.releases) if errors.releases is not None else ()),
        *(_of_kept(backend, errors, errors.kept) if errors.kept is not None else ()),
    ]


def _of_kept(backend: Backend, errors: ErrorBackend, kept: KeptBackend) -> list[Route]:
    return [
        *health.routes(backend, kept),
        *monitors.routes(backend, kept),
        *recordings.routes(backend, kept),
        *attachments.routes(backend, errors, kept),
    ]
