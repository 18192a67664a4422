"""Uploads of source maps and debug files: not taken yet, and that is said before a byte is sent."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from hannun.api.sentry.answers import detail
from hannun.api.sentry.backend import SentryBackend, endpoint
from hannun.model.access import Access
from hannun.model.http import Endpoint

WORDS = "Hannun does not take source maps and debug files yet; nothing was stored."


def endpoints(_: SentryBackend) -> list[Endpoint]:
    async def not_taken(_: Request) -> Response:
        return detail(501, WORDS)

    organisation, project = "/organizations/{organisation}", "/projects/{organisation}/{project}"
    table = [
        ("GET", f"{organisation}/chunk-upload/"),
        ("POST", f"{organisation}/chunk-upload/"),
        ("POST", f"{organisation}/artifactbundle/assemble/"),
        ("POST", f"{organisation}/releases/{{version}}/assemble/"),
        ("POST", f"{organisation}/releases/{{version}}/files/"),
        ("POST", f"{project}/releases/{{version}}/files/"),
        ("POST", f"{project}/files/difs/assemble/"),
        ("POST", f"{project}/files/dsyms/"),
        ("POST", f"{project}/files/proguard-artifact-releases/"),
    ]
    return [one for method, path in table for one in endpoint(method, path, not_taken, Access.EDIT)]
