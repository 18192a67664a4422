"""Lines as they are: `curl --data-binary @app.log 'http://…/api/hannun/v1/logs?service=shop'`, and Promtail's raw push.

`service`, `environment` and `host` say whom the lines are of; every other parameter becomes a label. The answer counts:
`{"accepted": 120, "refused": 0, "cut": 0}`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, tzinfo
from functools import partial
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from hannun.model.access import Access
from hannun.model.errors import HannunError, WireError
from hannun.model.http import Endpoint, lang_of, principal_of
from hannun.model.text import Text
from hannun.receive.answer import refuse
from hannun.receive.log_door import LogDoor
from hannun.receive.log_intake import Prepared
from hannun.wire import plain_logs
from hannun.wire.compression import content_encodings
from hannun.wire.loki.columns import Pairs

PATH = "/api/hannun/v1/logs"
PARAMETERS_MAX = 32
_RENAMED = {"service": "service_name"}
_OF_THE_REQUEST = ("timezone",)
_ZONE = re.compile(r"[A-Za-z0-9_+-]{1,32}(?:/[A-Za-z0-9_+-]{1,32}){0,2}")
_ZONE_UNKNOWN = Text(
    en='timezone "{zone}" is not known; write it like Asia/Seoul',
    ko='시간대 "{zone}" 값을 알 수 없습니다. Asia/Seoul처럼 적어 주세요',
)
_TOO_MANY = Text(en="at most {most} parameters become labels", ko="라벨이 되는 매개변수는 최대 {most}개입니다")


class PlainLogsReceiver:
    """`zone`: of times without one, unless the request names another."""

    def __init__(self, door: LogDoor, zone: Callable[[], tzinfo] = lambda: UTC) -> None:
        self._door = door
        self._zone = zone

    async def lines(self, request: Request) -> Response:
        lang = lang_of(request)
        try:
            try:
                labels, zone = self._parameters(request)
            except HannunError as err:
                self._door.count(err, principal_of(request).token_name)
                raise
            prepared = await self._take(request, labels, zone)
        except HannunError as err:
            refused = refuse(err, overloaded=429)
            headers = {name: value for name, value in refused.headers.items() if name == "retry-after"}
            return JSONResponse({"error": err.say(lang)}, refused.status_code, headers)
        left_out = prepared.left_out
        told = {
            "accepted": len(prepared.batch),
            "refused": sum(left_out.counts.values()),
            "cut": prepared.cut,
            **({"message": left_out.message} if left_out.message else {}),
        }
        return JSONResponse(told, left_out.status if left_out.message and not len(prepared.batch) else 200)

    async def promtail_raw(self, request: Request) -> Response:
        """Lines without a name; each is of the moment when it came, as Promtail has it."""
        try:
            await self._take(request, [("job", "promtail_raw")], UTC)
        except HannunError as err:
            return refuse(err, overloaded=429)
        return Response(status_code=204)

    async def _take(self, request: Request, labels: Pairs, zone: tzinfo) -> Prepared:
        now_ns = self._door.intake.clock.now_ms() * 1_000_000
        decode = partial(plain_logs.decode, labels=labels, now_ns=now_ns, zone=zone)
        encodings = content_encodings(request.headers.get("content-encoding"))
        return await self._door.take(request, decode, encodings)

    def _parameters(self, request: Request) -> tuple[Pairs, tzinfo]:
        query = request.query_params
        labels = {
            _RENAMED.get(name, name): value for name, value in query.items() if name not in _OF_THE_REQUEST and value
        }
        if len(labels) > PARAMETERS_MAX:
            raise WireError(_TOO_MANY.with_(most=PARAMETERS_MAX))
        zone = query.get("timezone", "")
        if not zone:
            return sorted(labels.items()), self._zone()
        try:
            if not _ZONE.fullmatch(zone):
                raise ZoneInfoNotFoundError
            return sorted(labels.items()), ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as err:
            raise WireError(_ZONE_UNKNOWN.with_(zone=zone[:60])) from err


def routes(door: LogDoor, zone: Callable[[], tzinfo] = lambda: UTC) -> list[Endpoint]:
    receiver = PlainLogsReceiver(door, zone)
    return [
        Endpoint("POST", PATH, receiver.lines, Access.PUSH),
        Endpoint("POST", "/promtail/api/v1/raw", receiver.promtail_raw, Access.PUSH, "/promtail"),
    ]
