"""POST /loki/api/v1/push and the older /api/prom/push: Loki's push, protobuf or JSON, told apart by the Content-Type.

204 means durable and visible. The good lines of a push are stored and the answer still tells of the bad ones, as Loki
does. Overload is 429: Promtail, Alloy and Fluent Bit send the same batch again after 429 and 5xx, and throw it away
after any other 4xx. One tenant is kept: X-Scope-OrgID is read over, and the log says so once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from hannun.model.access import Access
from hannun.model.errors import HannunError, TooLarge, Unsupported, WireError
from hannun.model.http import Endpoint, principal_of
from hannun.observe.outcomes import Outcome
from hannun.receive.answer import refuse
from hannun.receive.body import InFlight, SlowBody, read_body
from hannun.receive.limits import BODY_SETTING, ReceiveLimits
from hannun.receive.log_intake import SIGNAL, LogIntake, Prepared
from hannun.wire.compression import content_encodings, decompress, snappy_block
from hannun.wire.loki import FastDecoder, JsonDecoder, PushColumns

PREFIX = "/loki"
LARGE_AT_ONCE = 2
"""Large bodies that are decoded at the same time: what bounds the memory of decompressed bytes."""
INLINE_BYTES_MAX = 32 << 10
"""A longer body (as sent) is decoded in a thread: snappy makes at most 0.7 MB of it, which takes 3 ms."""
NO_STREAM = "error at least one valid stream is required for ingestion"
_NOSNIFF = {"x-content-type-options": "nosniff"}
_log = logging.getLogger("hannun.receive.loki")


class NoStream(HannunError):
    """A push without a stream (422)."""


class LokiReceiver:
    """Decodes, prepares and waits until the lines are durable."""

    def __init__(
        self, intake: LogIntake, limits: ReceiveLimits | None = None, *, in_flight: InFlight | None = None
    ) -> None:
        self._intake = intake
        self._limits = limits or ReceiveLimits()
        self._in_flight = in_flight or InFlight(self._limits.in_flight_bytes_max)
        self._protobuf = FastDecoder()
        self._json = JsonDecoder()
        self._large = asyncio.Semaphore(LARGE_AT_ONCE)
        self._loaded = False
        self._told_of_tenants = False

    async def push(self, request: Request) -> Response:
        self._tell_of_tenants(request)
        key = principal_of(request).token_name
        try:
            is_json, encodings = check_head(request)
            with self._in_flight.hold() as held:
                body = await read_body(request, self._limits, held)
                prepared = await self._prepare(body, is_json, encodings)
                held.take(prepared.size_bytes)
                await self._intake.store(prepared, key)
        except NoStream as err:
            count_request(self._intake, err, key)
            return PlainTextResponse(f"{err}\n", 422, _NOSNIFF)
        except HannunError as err:
            count_request(self._intake, err, key)
            # Loki answers 400 to a coding that it does not know.
            answer = refuse(WireError(str(err)) if isinstance(err, Unsupported) else err, overloaded=429)
            answer.headers.update(_NOSNIFF)
            return answer
        return told(prepared)

    async def _prepare(self, body: bytes, is_json: bool, encodings: Sequence[str]) -> Prepared:
        if self._loaded and not encodings and not is_json and len(body) <= INLINE_BYTES_MAX:
            return self._prepare_now(body, is_json, encodings)
        async with self._large:
            prepared = await asyncio.to_thread(self._prepare_now, body, is_json, encodings)
        # The first push loads the compiled decoders, which takes half a second.
        self._loaded = self._loaded or not is_json
        return prepared

    def _prepare_now(self, body: bytes, is_json: bool, encodings: Sequence[str]) -> Prepared:
        columns = self._decode(body, is_json, encodings)
        if not len(columns.counts):
            raise NoStream(NO_STREAM)
        return self._intake.prepare(columns)

    def _decode(self, body: bytes, is_json: bool, encodings: Sequence[str]) -> PushColumns:
        limit = self._limits.body_bytes_max
        raw = decompress(body, encodings, limit_bytes=limit, setting=BODY_SETTING) if encodings else body
        if is_json:
            return self._json.decode(raw)
        return self._protobuf.decode(snappy_block(raw, limit, BODY_SETTING))

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


def told(prepared: Prepared) -> Response:
    """204, or what was left out."""
    left_out = prepared.left_out
    if not left_out.message:
        return Response(status_code=204)
    headers = {**_NOSNIFF, "retry-after": "1"} if left_out.status == 429 else _NOSNIFF
    return PlainTextResponse(f"{left_out.message}\n", left_out.status, headers)


def count_request(intake: LogIntake, err: HannunError, key: str) -> None:
    """A request of which nobody knows how many lines it had, because it was not read to its end."""
    count = intake.outcomes.count
    match err:
        case WireError() | Unsupported() | NoStream():
            count(SIGNAL, Outcome.INVALID, reason="request that cannot be read", key=key)
        case SlowBody():
            count(SIGNAL, Outcome.INVALID, reason="request whose body did not arrive in time", key=key)
        case TooLarge():
            count(SIGNAL, Outcome.LIMITED, reason="request that is too large", key=key)


def routes(
    intake: LogIntake, limits: ReceiveLimits | None = None, *, in_flight: InFlight | None = None
) -> list[Endpoint]:
    """At the root, under /loki and on port 3100."""
    receiver = LokiReceiver(intake, limits, in_flight=in_flight)
    return [
        Endpoint("POST", "/loki/api/v1/push", receiver.push, Access.PUSH, PREFIX),
        Endpoint("POST", "/api/prom/push", receiver.push, Access.PUSH, PREFIX),
    ]
