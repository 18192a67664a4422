"""POST /loki/api/v1/push and the older /api/prom/push: Loki's push, protobuf or JSON, told apart by the Content-Type.

204 means durable and visible. The good lines of a push are stored and the answer still tells of the bad ones, as Loki
does. Overload is 429: Promtail, Alloy and Fluent Bit send the same batch again after 429 and 5xx, and throw it away
after any other 4xx. One tenant is kept: X-Scope-OrgID is read over, and the log says so once.
"""

from __future__ import annotations

import logging

from starlette.requests import Request
from starlette.responses import Response

from hannun.model.access import Access
from hannun.model.errors import HannunError, Unsupported, WireError
from hannun.model.http import Endpoint, principal_of
from hannun.receive import answer
from hannun.receive.limits import BODY_SETTING
from hannun.receive.log_door import LogDoor
from hannun.receive.log_intake import Prepared
from hannun.wire.compression import content_encodings, snappy_block
from hannun.wire.loki import FastDecoder, JsonDecoder, PushColumns

PREFIX = "/loki"
INLINE_BYTES_MAX = 32 << 10
"""A longer body (as sent) is decoded in a thread: snappy makes at most 0.7 MB of it, which takes 3 ms."""
NO_STREAM = "error at least one valid stream is required for ingestion"
NOSNIFF = {"x-content-type-options": "nosniff"}
_log = logging.getLogger("hannun.receive.loki")


class NoStream(WireError):
    """A push without a stream (422)."""


class LokiReceiver:
    """Both forms share the way into the store."""

    def __init__(self, door: LogDoor) -> None:
        self._door = door
        self._protobuf = FastDecoder()
        self._json = JsonDecoder()
        self._loaded = False
        self._told_of_tenants = False

    async def push(self, request: Request) -> Response:
        self._tell_of_tenants(request)
        try:
            try:
                is_json, encodings = check_head(request)
            except HannunError as err:
                self._door.count(err, principal_of(request).token_name)
                raise
            decode = self._decode_json if is_json else self._decode_protobuf
            # The first push loads the compiled decoders, which takes half a second.
            inline = INLINE_BYTES_MAX if self._loaded and not is_json else 0
            prepared = await self._door.take(request, decode, encodings, inline_bytes_max=inline)
        except NoStream as err:
            return answer.told(str(err), 422, NOSNIFF)
        except HannunError as err:
            # Loki answers 400 to a coding that it does not know.
            refused = answer.refuse(WireError(str(err)) if isinstance(err, Unsupported) else err, overloaded=429)
            refused.headers.update(NOSNIFF)
            return refused
        self._loaded = self._loaded or not is_json
        return told(prepared)

    def _decode_protobuf(self, body: bytes) -> PushColumns:
        raw = snappy_block(body, self._door.limits.body_bytes_max, BODY_SETTING)
        return _with_streams(self._protobuf.decode(raw))

    def _decode_json(self, body: bytes) -> PushColumns:
        return _with_streams(self._json.decode(body))

    def _tell_of_tenants(self, request: Request) -> None:
        tenant = request.headers.get("x-scope-orgid")
        if tenant is not None and not self._told_of_tenants:
            self._told_of_tenants = True
            _log.info("X-Scope-OrgID %r is read over: all lines are kept together, whatever tenant they name", tenant)


def check_head(request: Request) -> tuple[bool, list[str]]:
    """(JSON or not, codings to undo). Raises WireError and Unsupported in Loki's words."""
    content_type = request.headers.get("content-type")
    if content_type is None or not content_type.strip():
        raise WireError("mime: no media type")
    encodings = [name for name in content_encodings(request.headers.get("content-encoding")) if name != "snappy"]
    for name in encodings:
        if name not in ("gzip", "deflate"):
            raise Unsupported(f'Content-Encoding "{name[:100]}" not supported')
    return content_type.partition(";")[0].strip().lower() == "application/json", encodings


def _with_streams(columns: PushColumns) -> PushColumns:
    if not len(columns.counts):
        raise NoStream(NO_STREAM)
    return columns


def told(prepared: Prepared) -> Response:
    """204, or what was left out."""
    left_out = prepared.left_out
    if not left_out.message:
        return Response(status_code=204)
    headers = {**NOSNIFF, "retry-after": "1"} if left_out.status == 429 else NOSNIFF
    return answer.told(left_out.message, left_out.status, headers)


def routes(door: LogDoor) -> list[Endpoint]:
    """At the root, under /loki and on port 3100."""
    receiver = LokiReceiver(door)
    return [
        Endpoint("POST", "/loki/api/v1/push", receiver.push, Access.PUSH, PREFIX),
        Endpoint("POST", "/api/prom/push", receiver.push, Access.PUSH, PREFIX),
    ]
