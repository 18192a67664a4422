"""POST /api/{project}/envelope/: what every current SDK sends, whatever Content-Type it names."""

from __future__ import annotations

from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from hannun.receive.sentry.intake import SentryIntake
from hannun.wire.sentry import envelope


class EnvelopeReceiver:
    def __init__(self, intake: SentryIntake) -> None:
        self._intake = intake
        self._parse = partial(envelope.parse, limits=intake.limits.envelope)

    async def post(self, request: Request) -> Response:
        return await self._intake.answer(request, self._parse)
