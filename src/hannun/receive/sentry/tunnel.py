"""POST /tunnel: envelopes of browsers whose ad blockers know Sentry's paths. The DSN stands in the first line."""

from __future__ import annotations

from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from hannun.model.errors import HannunError
from hannun.receive.sentry import answers
from hannun.receive.sentry.intake import SentryIntake
from hannun.wire.sentry import envelope
from hannun.wire.sentry.auth import NoKey
from hannun.wire.sentry.envelope import Envelope
from hannun.wire.sentry.limits import EnvelopeLimits


class TunnelReceiver:
    """Only for projects of this server: nothing is handed on to another."""

    def __init__(self, intake: SentryIntake) -> None:
        self._intake = intake
        self._parse = partial(_with_dsn, intake.limits.envelope)

    async def post(self, request: Request) -> Response:
        try:
            sheet = await self._intake.take(request, self._parse, project=None)
        except HannunError as err:
            return answers.refuse(err)
        return self._intake.say(sheet, {"id": sheet.event_id} if sheet.event_id else {})


def _with_dsn(limits: EnvelopeLimits, body: bytes) -> Envelope:
    found = envelope.parse(body, limits)
    if found.dsn is None:
        raise NoKey("a tunnelled envelope names its dsn in the first line")
    return found
