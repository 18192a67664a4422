"""Files by multipart: the attachments endpoints, from before envelopes."""

from __future__ import annotations

from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from hannun.model.errors import WireError
from hannun.receive.sentry.intake import SentryIntake
from hannun.wire.sentry import ids, multipart
from hannun.wire.sentry.envelope import Envelope, Item


class FilesReceiver:
    def __init__(self, intake: SentryIntake) -> None:
        self._intake = intake

    async def post(self, request: Request) -> Response:
        """The event stands in the path, or in a field or parameter `event_id`."""
        named = str(request.path_params.get("event_id", "")) or request.query_params.get("event_id", "")
        content_type = request.headers.get("content-type", "")
        return await self._intake.answer(request, partial(as_envelope, content_type, named))


def as_envelope(content_type: str, event_id: str, body: bytes) -> Envelope:
    """Every file as an attachment item. Raises WireError and TooLarge."""
    parts = multipart.parse(body, content_type)
    for part in parts:
        if part.filename is None and part.name == "event_id" and not event_id:
            event_id = bytes(part.data[:64]).decode("utf-8", "replace")
    if not ids.event_id(event_id):
        raise WireError("attachments: event_id is needed")
    files = [part for part in parts if part.filename is not None]
    if not files:
        raise WireError("attachments: there is no file")
    told = [
        Item("attachment", {"filename": part.filename, "content_type": part.content_type}, part.data) for part in files
    ]
    return Envelope({"event_id": event_id}, tuple(told))
