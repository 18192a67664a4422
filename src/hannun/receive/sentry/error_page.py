"""/api/embed/error-page/: the dialogue that `Sentry.showReportDialog()` loads, and what people write in it."""

from __future__ import annotations

from functools import partial
from urllib.parse import parse_qs

import orjson
from starlette.requests import Request
from starlette.responses import Response

from hannun.model.errors import HannunError, NotAllowed, WireError
from hannun.model.http import lang_of
from hannun.model.text import Lang, Text
from hannun.receive.sentry import answers
from hannun.receive.sentry.error_page_script import SCRIPT
from hannun.receive.sentry.intake import UNKNOWN_KEY, SentryIntake
from hannun.wire.sentry import dsn, ids
from hannun.wire.sentry.envelope import Envelope, Item

WORDS = {
    "title": Text(en="It looks like we're having issues.", ko="문제가 생긴 것 같습니다."),
    "subtitle": Text(en="Our team has been notified.", ko="담당자에게 알림이 전달되었습니다."),
    "subtitle2": Text(
        en="If you'd like to help, tell us what happened below.", ko="어떤 일이 있었는지 알려 주시면 도움이 됩니다."
    ),
    "labelName": Text(en="Name", ko="이름"),
    "labelEmail": Text(en="Email", ko="이메일"),
    "labelComments": Text(en="What happened?", ko="어떤 일이 있었나요?"),
    "labelClose": Text(en="Close", ko="닫기"),
    "labelSubmit": Text(en="Submit", ko="보내기"),
    "errorGeneric": Text(
        en="An unknown error occurred while submitting your report. Please try again.",
        ko="보내지 못했습니다. 다시 시도해 주세요.",
    ),
    "successMessage": Text(en="Your feedback has been sent. Thank you!", ko="의견을 보냈습니다. 감사합니다!"),
}
WORD_LENGTH_MAX = 500


class ErrorPageReceiver:
    def __init__(self, intake: SentryIntake) -> None:
        self._intake = intake

    async def script(self, request: Request) -> Response:
        """JavaScript; the page may give its own words for every text."""
        query = request.query_params
        try:
            shown = dsn.parse(query.get("dsn", ""))
            if not ids.event_id(query.get("eventId")):
                raise WireError("eventId is needed")
            key = await self._intake.keys.find(shown.key.lower())
            if key is None or key.project != shown.project:
                raise NotAllowed(UNKNOWN_KEY)
        except HannunError as err:
            return answers.refuse(err)
        asked = query.get("lang", "")
        lang: Lang = ("ko" if asked.startswith("ko") else "en") if asked else lang_of(request)
        told = {name: query.get(name, "")[:WORD_LENGTH_MAX] or text.say(lang) for name, text in WORDS.items()}
        told |= {"name": query.get("name", "")[:WORD_LENGTH_MAX], "email": query.get("email", "")[:WORD_LENGTH_MAX]}
        # Inside a script: no text of the sender may end it or begin another.
        data = (
            orjson.dumps(told)
            .decode()
            .replace("<", "\\u003c")
            .replace("\u2028", "\\u2028")
            .replace("\u2029", "\\u2029")
        )
        return Response(SCRIPT.replace("__WORDS__", data), 200, answers.CORS, media_type="text/javascript")

    async def post(self, request: Request) -> Response:
        parse = partial(_as_envelope, request.query_params.get("dsn", ""), request.query_params.get("eventId", ""))
        try:
            sheet = await self._intake.take(
                request, parse, project=None, raw_bytes_max=self._intake.limits.form_bytes_max
            )
        except HannunError as err:
            return answers.refuse(err)
        return self._intake.say(sheet, {})


def _as_envelope(shown: str, event_id: str, body: bytes) -> Envelope:
    fields = parse_qs(body.decode("utf-8", "replace"), max_num_fields=100)
    told = {name: (fields.get(name) or [""])[0] for name in ("name", "email", "comments")}
    payload = orjson.dumps({**told, "event_id": event_id})
    return Envelope({"dsn": shown}, (Item("user_report", {"source": "crash_report_embed_form"}, payload),))
