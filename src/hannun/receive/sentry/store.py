"""POST and GET /api/{project}/store/: one bare event, as sentry-sdk 1.x without tracing and older clients send it."""

from __future__ import annotations

from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from hannun.model.errors import HannunError, WireError
from hannun.receive.sentry import answers
from hannun.receive.sentry.intake import SentryIntake, project_of
from hannun.wire.sentry import store_body

PIXEL = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")
"""A transparent GIF of one pixel: these requests come from `<img>`."""
SENTRY_DATA_BYTES_MAX = 64 << 10


class StoreReceiver:
    def __init__(self, intake: SentryIntake) -> None:
        self._intake = intake
        self._parse = partial(store_body.parse, bytes_max=intake.limits.envelope.bytes_of("event"))

    async def post(self, request: Request) -> Response:
        return await self._intake.answer(request, self._parse)

    async def pixel(self, request: Request) -> Response:
        try:
            data = request.query_params.get("sentry_data", "")
            if not data:
                raise WireError("missing sentry_data")
            body = data.encode("utf-8", "replace")[:SENTRY_DATA_BYTES_MAX]
            # The query was decoded as a form: a plus sign of base64 came out as a space.
            body = body if body.lstrip()[:1] == b"{" else body.replace(b" ", b"+")
            await self._intake.take(request, self._parse, project=project_of(request), body=body)
        except HannunError as err:
            return answers.refuse(err)
        return Response(PIXEL, 200, answers.CORS, media_type="image/gif")
