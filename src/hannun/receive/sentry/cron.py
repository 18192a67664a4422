"""GET, POST or PUT /api/{project}/cron/{slug}/{key}/: a crontab tells with curl that its job ran."""

from __future__ import annotations

from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from hannun.model.errors import HannunError
from hannun.receive.sentry import answers
from hannun.receive.sentry.intake import SentryIntake, project_of
from hannun.receive.sentry.sheet import Room
from hannun.wire.sentry import check_ins
from hannun.wire.sentry.envelope import Envelope, Item


class CronReceiver:
    def __init__(self, intake: SentryIntake) -> None:
        self._intake = intake

    async def call(self, request: Request) -> Response:
        """202 as soon as the check-in is durable; the key may also stand where every other route has it."""
        parse = partial(_as_envelope, str(request.path_params["slug"]), dict(request.query_params))
        limit = self._intake.limits.envelope.bytes_of("check_in")
        try:
            sheet = await self._intake.take(
                request,
                parse,
                project=project_of(request),
                key=str(request.path_params.get("key", "")),
                raw_bytes_max=limit,
            )
        except HannunError as err:
            return answers.refuse(err)
        check_in_id = next((held.value.id for held in sheet.rooms.get(Room.CHECK_INS, ())), "")
        return self._intake.say(sheet, {"id": check_in_id} if check_in_id else {}, 202)


def _as_envelope(slug: str, query: dict[str, str], body: bytes) -> Envelope:
    return Envelope({}, (Item("check_in", {"type": "check_in"}, check_ins.of_url(slug, query, body)),))
