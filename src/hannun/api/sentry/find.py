"""How an issue is named in a path."""

from __future__ import annotations

from hannun.api.sentry.answers import NOT_THERE, SentryError
from hannun.api.sentry.backend import SentryBackend
from hannun.model.issue import Issue

BASES = ("/issues/{issue}/", "/organizations/{organisation}/issues/{issue}/")


def issue_paths(below: str) -> list[str]:
    """The paths of one issue: old tools leave the organisation out."""
    return [base + below for base in BASES]


def find_issue(backend: SentryBackend, said: str, viewer: str) -> Issue:
    """By number or short id. Raises NotFound, SentryError."""
    if said.isascii() and said.isdecimal() and len(said) < 19:
        return backend.reader.issue(int(said), viewer=viewer)
    if not 0 < len(said) <= 100:
        raise SentryError(404, NOT_THERE)
    return backend.reader.by_short_id(said.upper(), viewer=viewer)
