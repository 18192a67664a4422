"""InfluxDB's write APIs: `/write` of 1.x and `/api/v2/write`, and what their clients ask before they write.

204 means durable and visible. A line that cannot be read costs itself; the answer is 400 in the words and shape of the
version that was spoken, as InfluxDB does. Databases, buckets and retention policies do not exist here: `db` becomes a
label, `rp`, `org` and `bucket` are read over. Telegraf creates its database first, so `CREATE DATABASE` succeeds.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from urllib.parse import parse_qs

import numpy as np
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from hannun.model.access import Access
from hannun.model.errors import (
    DiskFull,
    HannunError,
    OutOfBounds,
    Overloaded,
    StoreUnavailable,
    TooLarge,
    Unsupported,
    WireError,
)
from hannun.model.http import Endpoint
from hannun.model.metric import MetricBatch
from hannun.model.ports import MetricSink
from hannun.model.time import Clock, SystemClock
from hannun.observe.outcomes import Outcome, Outcomes
from hannun.receive.body import InFlight, SlowBody, read_body
from hannun.receive.intake import SIGNAL, Intake
from hannun.receive.limits import BODY_SETTING, ReceiveLimits
from hannun.wire.compression import content_encodings, decompress
from hannun.wire.influx import InfluxColumns, LineDecoder, precision

PREFIX = "/influx"
VERSION = "1.8.10"
"""What clients are told: the last 1.x, whose write API this is. Telegraf and Grafana decide by it what to send."""
DATABASE_BYTES_MAX = 256
LARGE_AT_ONCE = 2

_RETRY_S = {429: 1, 503: 5, 507: 30}
_CREATE = re.compile(r"\s*create\s+database\b", re.IGNORECASE)
_SHOW = re.compile(r"\s*show\s+(databases|measurements|retention\s+policies)\b", re.IGNORECASE)

Shape = Callable[[int, str], Response]


class InfluxReceiver:
    """Both versions share the decoder, which remembers series, and the way into the store."""

    def __init__(
        self,
        sink: MetricSink,
        outcomes: Outcomes,
        limits: ReceiveLimits | None = None,
        *,
        in_flight: InFlight | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._intake = Intake(sink, outcomes)
        self._limits = limits or ReceiveLimits()
        self._in_flight = in_flight or InFlight(self._limits.in_flight_bytes_max)
        self._clock = clock or SystemClock()
        self._decoder = LineDecoder()
        self._large = asyncio.Semaphore(LARGE_AT_ONCE)

    async def write_v1(self, request: Request) -> Response:
        return await self._write(request, _v1)

    async def write_v2(self, request: Request) -> Response:
        return await self._write(request, _v2)

    async def _write(self, request: Request, shape: Shape) -> Response:
        try:
            with self._in_flight.hold() as held:
                body = await read_body(request, self._limits, held)
                columns, batch, size_bytes = await self._decode(request, body)
                held.take(size_bytes)
                self._count_left_out(columns)
                await self._intake.store(batch)
        except HannunError as err:
            self._count_request(err)
            return shape(_status(err), err.say("en"))
        if columns.errors:
            return shape(400, _partial(columns) if shape is _v1 and len(batch) else "\n".join(columns.errors))
        return Response(status_code=204, headers=_HEADERS)

    async def _decode(self, request: Request, body: bytes) -> tuple[InfluxColumns, MetricBatch, int]:
        query = request.query_params
        unit = precision(query.get("precision", ""))
        db = query.get("db", "")
        if len(db) > DATABASE_BYTES_MAX:
            raise WireError(f"the name of the database is longer than {DATABASE_BYTES_MAX} characters")
        encodings = content_encodings(request.headers.get("content-encoding"))

        def now() -> tuple[InfluxColumns, MetricBatch, int]:
            limit = self._limits.body_bytes_max
            raw = decompress(body, encodings, limit_bytes=limit, setting=BODY_SETTING) if encodings else body
            columns = self._decoder.decode(raw, now_ms=self._clock.now_ms(), unit=unit, db=db)
            ids = np.unique(columns.series)
            introduced = self._intake.new_series(ids, lambda index: columns.labels(int(ids[index])))
            batch = MetricBatch(columns.series, columns.ts_ms, columns.value, introduced)
            return columns, batch, batch.size_bytes

        # A body of 16 KiB holds some hundred lines, 1 ms; what is longer or compressed must not hold up the others.
        if not encodings and len(body) <= self._limits.decode_inline_bytes_max // 8:
            return now()
        async with self._large:
            return await asyncio.to_thread(now)

    def _count_left_out(self, columns: InfluxColumns) -> None:
        count = self._intake.outcomes.count
        count(SIGNAL, Outcome.INVALID, columns.bad_lines, reason="line that cannot be read")
        count(SIGNAL, Outcome.FILTERED, columns.texts, reason="texts are no samples")
        for reason, number in (columns.refused or {}).items():
            count(SIGNAL, Outcome.LIMITED, number, reason=reason)

    def _count_request(self, err: HannunError) -> None:
        count = self._intake.outcomes.count
        match err:
            case WireError() | Unsupported():
                count(SIGNAL, Outcome.INVALID, reason="request that cannot be read")
            case SlowBody():
                count(SIGNAL, Outcome.INVALID, reason="request whose body did not arrive in time")
            case TooLarge():
                count(SIGNAL, Outcome.LIMITED, reason="request that is too large")


async def ping(request: Request) -> Response:
    """204 and the version in the headers; `verbose` asks for a body."""
    if request.query_params.get("verbose", "") not in ("", "false", "0"):
        return JSONResponse({"version": VERSION}, headers=_HEADERS)
    return Response(status_code=204, headers=_HEADERS)


async def health(_: Request) -> Response:
    """InfluxDB 2's answer."""
    told = {"name": "influxdb", "message": "ready for queries and writes", "status": "pass", "checks": []}
    return JSONResponse({**told, "version": VERSION, "commit": "hannun"}, headers=_HEADERS)


async def query(request: Request) -> Response:
    """The statements that clients send before they write. InfluxQL itself is not spoken: questions are PromQL here."""
    asked = request.query_params.get("q", "")
    if not asked and request.method == "POST":
        try:
            with InFlight(_STATEMENT.body_bytes_max).hold() as held:
                body = await read_body(request, _STATEMENT, held)
        except HannunError as err:
            return _v1(_status(err), err.say("en"))
        asked = parse_qs(body.decode("utf-8", "replace"), max_num_fields=20).get("q", [""])[0]
    if _CREATE.match(asked):
        return JSONResponse({"results": [{"statement_id": 0}]}, headers=_HEADERS)
    if found := _SHOW.match(asked):
        name = found.group(1).lower().split()[0]
        return JSONResponse(
            {"results": [{"statement_id": 0, "series": [{"name": name, "columns": ["name"], "values": []}]}]},
            headers=_HEADERS,
        )
    return _v1(400, f'InfluxQL is not spoken here: "{asked[:80]}". Ask in PromQL at /api/v1/query')


_STATEMENT = ReceiveLimits(body_bytes_max=64 << 10, body_timeout_s=5.0, body_pause_s=5.0)
_NOT_IN_A_HEADER = re.compile(r"[^ -~]")
_HEADERS = {"x-influxdb-version": VERSION, "x-influxdb-build": "OSS"}
_CODES = {400: "invalid", 413: "request too large", 429: "too many requests", 507: "insufficient storage"}


def _v1(status: int, said: str) -> Response:
    # The header carries the same words, as InfluxDB does; they quote the body, and control characters end the answer.
    line = _NOT_IN_A_HEADER.sub("?", " ".join(said.split())[:500])
    return JSONResponse({"error": said}, status, {**_HEADERS, "x-influxdb-error": line, **_retry(status)})


def _v2(status: int, said: str) -> Response:
    code = _CODES.get(status, "unavailable" if status >= 500 else "invalid")
    return JSONResponse({"code": code, "message": said}, status, {**_HEADERS, **_retry(status)})


def _retry(status: int) -> dict[str, str]:
    return {"retry-after": str(_RETRY_S[status])} if status in _RETRY_S else {}


def _partial(columns: InfluxColumns) -> str:
    return f"partial write: {chr(10).join(columns.errors)} dropped=0"


def _status(err: HannunError) -> int:
    match err:
        case TooLarge():
            return 413
        case WireError() | OutOfBounds():
            return 400
        case Unsupported():
            return 415
        case Overloaded():
            return 429
        case DiskFull():
            return 507
        case SlowBody() | StoreUnavailable():
            return 503
        case _:
            return 500


def routes(
    sink: MetricSink,
    outcomes: Outcomes,
    limits: ReceiveLimits | None = None,
    *,
    in_flight: InFlight | None = None,
    clock: Clock | None = None,
) -> list[Endpoint]:
    """At the root, under /influx and on port 8086. `GET /query` at the root belongs to the UI."""
    receiver = InfluxReceiver(sink, outcomes, limits, in_flight=in_flight, clock=clock)
    return [
        Endpoint("POST", "/write", receiver.write_v1, Access.PUSH, PREFIX, credentials_in_query=True),
        Endpoint("POST", "/api/v2/write", receiver.write_v2, Access.PUSH, PREFIX),
        Endpoint("POST", "/query", query, Access.PUSH, PREFIX, credentials_in_query=True),
        Endpoint("GET", "/query", query, Access.PUSH, PREFIX, at_root=False, credentials_in_query=True),
        Endpoint("GET", "/ping", ping, Access.PUBLIC, PREFIX),
        Endpoint("GET", "/health", health, Access.PUBLIC, PREFIX),
    ]
