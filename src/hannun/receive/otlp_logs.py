"""POST /v1/logs and /otlp/v1/logs: log records of OpenTelemetry over HTTP, protobuf or JSON.

`/otlp/v1/logs` is Loki's path and answers 204, `/v1/logs` is every collector's and answers with an empty response. What
was left out is a partial success in both: the exporter logs it and does not send the batch again. Exporters try again
only after 429, 502, 503 and 504, so a full disk is 503 here.
"""

from __future__ import annotations

from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from hannun.model.access import Access
from hannun.model.errors import DiskFull, HannunError, Overloaded, StoreUnavailable, TooLarge, Unsupported, WireError
from hannun.model.http import Endpoint, principal_of
from hannun.receive.body import SlowBody
from hannun.receive.log_door import LogDoor
from hannun.wire.compression import content_encodings
from hannun.wire.loki.columns import PushColumns
from hannun.wire.otlp_logs import FastDecoder, OtlpMapping, decode_json, failure, success

LOKI_PREFIX = "/loki"
JSON_BYTES_MAX = 8 << 20
"""JSON is read in one go that holds the interpreter: 20 ms for so much. Exporters send protobuf."""
_TYPES = ("application/x-protobuf", "application/protobuf", "application/json")


class OtlpLogsReceiver:
    def __init__(self, door: LogDoor, mapping: OtlpMapping | None = None) -> None:
        self._door = door
        self.map(mapping or OtlpMapping())

    def map(self, mapping: OtlpMapping) -> None:
        """Another mapping from now on (a reload)."""
        self._mapping = mapping
        self._fast = FastDecoder(mapping)

    async def generic(self, request: Request) -> Response:
        return await self._take(request, 200)

    async def loki(self, request: Request) -> Response:
        return await self._take(request, 204)

    async def _take(self, request: Request, done: int) -> Response:
        media = request.headers.get("content-type", _TYPES[0]).partition(";")[0].strip().lower()
        as_json = media == "application/json"
        answer = partial(Response, media_type="application/json" if as_json else "application/x-protobuf")
        try:
            if media not in _TYPES:
                refused = Unsupported(f'Content-Type "{media[:100]}" is not taken', f"known are {', '.join(_TYPES)}")
                self._door.count(refused, principal_of(request).token_name)
                raise refused
            encodings = content_encodings(request.headers.get("content-encoding"))
            prepared = await self._door.take(request, self._json if as_json else self._protobuf, encodings)
        except HannunError as err:
            status = _status(err)
            headers = {"retry-after": str(err.retry_after_s if isinstance(err, Overloaded) else 5)}
            body = failure(err.say("en"), as_json=as_json)
            return answer(body, status, headers if status in (429, 503) else None)
        left_out = prepared.left_out
        if left_out.status == 429 and left_out.message:
            return answer(failure(left_out.message, as_json=as_json), 429, {"retry-after": "1"})
        if not left_out.message and done == 204:
            return Response(status_code=204)
        return answer(success(sum(left_out.counts.values()), left_out.message, as_json=as_json), 200)

    def _protobuf(self, body: bytes) -> PushColumns:
        return self._fast.decode(body, now_ns=self._now_ns())

    def _json(self, body: bytes) -> PushColumns:
        if len(body) > JSON_BYTES_MAX:
            raise TooLarge(f"OTLP: {len(body)} bytes of JSON; at most {JSON_BYTES_MAX} are read", "send protobuf")
        return decode_json(body, now_ns=self._now_ns(), mapping=self._mapping)

    def _now_ns(self) -> int:
        return self._door.intake.clock.now_ms() * 1_000_000


def _status(err: HannunError) -> int:
    match err:
        case TooLarge():
            return 413
        case Unsupported():
            return 415
        case WireError():
            return 400
        case Overloaded():
            return 429
        case SlowBody() | StoreUnavailable() | DiskFull():
            return 503
        case _:
            return 400


def routes(door: LogDoor, mapping: OtlpMapping | None = None) -> list[Endpoint]:
    receiver = OtlpLogsReceiver(door, mapping)
    return [
        Endpoint("POST", "/otlp/v1/logs", receiver.loki, Access.PUSH, LOKI_PREFIX),
        Endpoint("POST", "/v1/logs", receiver.generic, Access.PUSH),
    ]
