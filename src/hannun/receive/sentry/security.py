"""POST /api/{project}/security/: browsers report broken policies here (CSP, Expect-CT, Expect-Staple, HPKP)."""

from __future__ import annotations

from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from hannun.model.errors import HannunError
from hannun.receive.sentry import answers
from hannun.receive.sentry.intake import SentryIntake, project_of
from hannun.receive.sentry.items.security import REPORT
from hannun.wire.sentry.envelope import Envelope, Item


class SecurityReceiver:
    def __init__(self, intake: SentryIntake) -> None:
        self._intake = intake

    async def post(self, request: Request) -> Response:
        told = {
            "sentry_release": request.query_params.get("sentry_release", ""),
            "sentry_environment": request.query_params.get("sentry_environment", ""),
        }
        limit = self._intake.limits.report_bytes_max
        try:
            sheet = await self._intake.take(
                request, partial(_as_envelope, told), project=project_of(request), raw_bytes_max=limit
            )
        except HannunError as err:
            return answers.refuse(err)
        # Browsers look at nothing but the status, and Relay answers 201 here.
        return self._intake.say(sheet, {"id": sheet.event_id} if sheet.event_id else {}, 201)


def _as_envelope(told: dict[str, str], body: bytes) -> Envelope:
    return Envelope({}, (Item(REPORT, {"type": REPORT, **told}, body),))
