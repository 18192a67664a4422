"""GET /api/hannun/v1/errors/{issue}/events/{which}/attachments…: the files beside an event, listed and downloaded.

Files and their names are the sender's. Whatever they say they are, a browser only ever saves them: as bytes, never
shown, under a name of harmless letters (RFC 6266, with the whole name encoded beside it).
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from hannun.api.answer import Body, respond
from hannun.api.hannun.backend import FRESH, Backend
from hannun.api.hannun.errors.backend import ErrorBackend, issue_of
from hannun.api.hannun.errors.kept import KeptBackend
from hannun.api.hannun.route import Route
from hannun.model.access import Access
from hannun.model.attachment import StoredAttachment
from hannun.model.budget import Budget

NAME_LENGTH_MAX = 150
_SAFE = re.compile(r"[^A-Za-z0-9._-]+")
_NO_NAME = re.compile(r"[\x00-\x1f\x7f/\\]+")


def routes(backend: Backend, errors: ErrorBackend, kept: KeptBackend) -> list[Route]:
    async def listed(request: Request) -> Response:
        said, which = request.path_params["issue"], request.path_params["which"]

        def work(budget: Budget) -> dict[str, Any]:
            event = errors.reader.event(issue_of(errors, said, "").id, which, budget)
            found = kept.attachments.list(event.project, event.id, budget)
            return {"event": event.id, "attachments": [attachment_json(one) for one in found]}

        return await backend.answer(request, work)

    async def file(request: Request) -> Response:
        said, which, sha256 = (request.path_params[name] for name in ("issue", "which", "sha256"))

        def work(budget: Budget) -> tuple[StoredAttachment, bytes]:
            event = errors.reader.event(issue_of(errors, said, "").id, which, budget)
            return kept.attachments.read(event.project, event.id, sha256, budget)

        found, data = await backend.run(request, work)
        headers = {
            **FRESH,
            "content-disposition": disposition(found.name),
            "content-security-policy": "default-src 'none'; sandbox",
            "x-content-type-options": "nosniff",
        }
        return respond(Body((data,)), headers=headers, media_type="application/octet-stream")

    which = "an event's id, `latest`, `oldest` or `recommended`"
    path = "/errors/{issue}/events/{which}/attachments"
    return [
        Route("GET", path, listed, Access.VIEW, f"Files beside an event: {which}"),
        Route("GET", path + "/{sha256}", file, Access.VIEW, f"One of them as a download: {which}"),
    ]


def disposition(name: str) -> str:
    """`attachment` with a name that no header and no file system stumbles over."""
    whole = _NO_NAME.sub("_", name.encode("utf-8", "replace").decode())[:NAME_LENGTH_MAX].strip(" .") or "attachment"
    plain = _SAFE.sub("_", whole).strip(".") or "attachment"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(whole, safe='')}"


def attachment_json(one: StoredAttachment) -> dict[str, Any]:
    return {
        "name": one.name,
        "kind": one.kind,
        "content_type": one.content_type,
        "size": one.size,
        "sha256": one.sha256,
        "received_ms": one.received_ms,
    }
