"""POST /api/v1/write: Prometheus remote write 1.0.

204 means durable and visible. 400 tells the sender never to come back with the same bytes, so it stands only for what
no retry can mend; a full queue is 503 and not 429, because Prometheus throws a batch away after a 429 unless
`retry_on_http_429` is set. Series with bad labels are left out and counted, as Prometheus does for 1.0.
"""

from __future__ import annotations

import asyncio

import numpy as np
from numpy.typing import NDArray
from starlette.requests import Request
from starlette.responses import Response

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
from hannun.model.metric import MetricBatch, NewSeries
from hannun.model.ports import MetricSink
from hannun.observe.outcomes import Outcome, Outcomes
from hannun.process.identity import of_metric
from hannun.receive.answer import refuse
from hannun.receive.body import InFlight, SlowBody, read_body
from hannun.receive.limits import BODY_SETTING, ReceiveLimits
from hannun.wire.compression import content_encodings, decompress
from hannun.wire.remote_write import FastDecoder, WriteColumns

SIGNAL = "metrics"
LARGE_AT_ONCE = 2
"""Large bodies that are decoded at the same time: what bounds the memory of decompressed bytes."""

_PROTO_1 = "prometheus.WriteRequest"
_MEDIA_TYPE = "application/x-protobuf"
_ENCODINGS = ("snappy", "zstd")  # zstd: vmagent's own variant, which it tries before it falls back to snappy
_REFUSED_FOR_NOW: dict[type[HannunError], str] = {
    Overloaded: "refused for now: queue full",
    DiskFull: "refused for now: disk reserve reached",
    StoreUnavailable: "refused for now: store unavailable",
}


class RemoteWriteReceiver:
    """Decodes, introduces the series that the sink does not know, and waits until the batch is durable."""

    def __init__(
        self,
        sink: MetricSink,
        outcomes: Outcomes,
        limits: ReceiveLimits | None = None,
        *,
        in_flight: InFlight | None = None,
        decoder: FastDecoder | None = None,
    ) -> None:
        self._sink = sink
        self._outcomes = outcomes
        self._limits = limits or ReceiveLimits()
        self._in_flight = in_flight or InFlight(self._limits.in_flight_bytes_max)
        self._decoder = decoder or FastDecoder()
        self._loaded = False
        self._large = asyncio.Semaphore(LARGE_AT_ONCE)

    async def write(self, request: Request) -> Response:
        try:
            encodings = _check_head(request)
            with self._in_flight.hold() as held:
                body = await read_body(request, self._limits, held)
                columns, batch, size_bytes = await self._decode(body, encodings)
                held.take(size_bytes)
                await self._store(columns, batch)
        except HannunError as err:
            self._count_request(err)
            return refuse(err, overloaded=503)
        return Response(status_code=204)

    async def _decode(self, body: bytes, encodings: list[str]) -> tuple[WriteColumns, MetricBatch, int]:
        # zstd may turn a hundred bytes into the whole limit, so its length says nothing about the work; and the first
        # request loads the compiled decoder, which takes 0.2 s.
        if self._loaded and encodings == ["snappy"] and len(body) <= self._limits.decode_inline_bytes_max:
            return self._decode_now(body, encodings)
        async with self._large:
            found = await asyncio.to_thread(self._decode_now, body, encodings)
        self._loaded = True
        return found

    def _decode_now(self, body: bytes, encodings: list[str]) -> tuple[WriteColumns, MetricBatch, int]:
        limit_bytes = self._limits.body_bytes_max
        columns = self._decoder.decode(decompress(body, encodings, limit_bytes=limit_bytes, setting=BODY_SETTING))
        batch = self._batch(columns)
        # Weighing ten thousand new label sets takes a while too, so it is done here and not on the event loop.
        return columns, batch, batch.size_bytes

    def _batch(self, columns: WriteColumns) -> MetricBatch:
        unknown = np.flatnonzero(self._sink.unknown(columns.ids) & (columns.counts > 0))
        introduced: dict[int, NewSeries] = {}
        for index in unknown.tolist():
            series = int(columns.ids[index])
            if series not in introduced:
                labels = columns.labels(index)
                introduced[series] = NewSeries(series, labels, of_metric(labels))
        return MetricBatch(columns.series(), columns.ts_ms, columns.value, tuple(introduced.values()), columns.metadata)

    async def _store(self, columns: WriteColumns, batch: MetricBatch) -> None:
        self._count_left_out(columns)
        if not len(batch) and not batch.metadata:
            return
        try:
            await self._write(batch)
        except OutOfBounds:
            # The sender will throw the whole request away, so the good neighbours of a target with a wrong clock are
            # stored before it is told; the format allows a part of 1.0 to be kept.
            oldest, newest = self._sink.bounds()
            within = (batch.ts_ms >= oldest) & (batch.ts_ms <= newest)
            kept = int(np.count_nonzero(within))
            self._outcomes.count(SIGNAL, Outcome.INVALID, len(batch) - kept, reason="timestamp out of bounds")
            if kept:
                await self._write(_only(batch, within))
            raise

    async def _write(self, batch: MetricBatch) -> None:
        try:
            await self._sink.write(batch)
        except (Overloaded, DiskFull, StoreUnavailable) as err:
            reason = next(words for kind, words in _REFUSED_FOR_NOW.items() if isinstance(err, kind))
            self._outcomes.count(SIGNAL, Outcome.LIMITED, len(batch), reason=reason)
            raise
        self._outcomes.count(SIGNAL, Outcome.ACCEPTED, len(batch))

    def _count_request(self, err: HannunError) -> None:
        """A request of which nobody knows how many samples it had, because it was not read to its end."""
        match err:
            case WireError() | Unsupported():
                self._outcomes.count(SIGNAL, Outcome.INVALID, reason="request that cannot be read")
            case SlowBody():
                self._outcomes.count(SIGNAL, Outcome.INVALID, reason="request whose body did not arrive in time")
            case TooLarge():
                self._outcomes.count(SIGNAL, Outcome.LIMITED, reason="request that is too large")

    def _count_left_out(self, columns: WriteColumns) -> None:
        count = self._outcomes.count
        for refusal, cost in columns.refused.items():
            # A refused series without samples is still something that was sent and is not there.
            outcome = Outcome.LIMITED if refusal.by_limit else Outcome.INVALID
            count(SIGNAL, outcome, max(cost.samples, cost.series), reason=refusal.words)
        count(SIGNAL, Outcome.INVALID, columns.metadata_refused, reason="metadata without a readable name")
        count(SIGNAL, Outcome.FILTERED, columns.exemplars, reason="exemplars are not stored yet")
        count(SIGNAL, Outcome.FILTERED, columns.histograms, reason="native histograms are not stored yet")


def _only(batch: MetricBatch, wanted: NDArray[np.bool_]) -> MetricBatch:
    """The wanted samples of `batch` with the labels of their series."""
    series = batch.series[wanted]
    left = set(series.tolist())
    introduced = tuple(new for new in batch.introduced if new.id in left)
    return MetricBatch(series, batch.ts_ms[wanted], batch.value[wanted], introduced, batch.metadata)


def _check_head(request: Request) -> list[str]:
    """The codings to undo. Raises Unsupported for what is not remote write 1.0; absent headers are its oldest form."""
    content_type = request.headers.get("content-type", _MEDIA_TYPE)
    media, _, parameters = content_type.partition(";")
    proto = dict(part.strip().partition("=")[::2] for part in parameters.split(";")).get("proto", _PROTO_1)
    if media.strip().lower() != _MEDIA_TYPE:
        raise Unsupported(f'Content-Type "{content_type[:100]}" is not taken', f"remote write sends {_MEDIA_TYPE}")
    if proto.strip('"') != _PROTO_1 or request.headers.get("x-prometheus-remote-write-version", "").startswith("2."):
        raise Unsupported(
            "remote write 2.0 is not taken yet",
            f"in the sender's remote_write set `protobuf_message: {_PROTO_1}` (version 1.0), which is the default",
        )
    encodings = content_encodings(request.headers.get("content-encoding")) or ["snappy"]
    if len(encodings) != 1 or encodings[0] not in _ENCODINGS:
        raise Unsupported(
            f'Content-Encoding "{", ".join(encodings)[:100]}" is not taken', "remote write bodies are snappy blocks"
        )
    return encodings


def routes(
    sink: MetricSink, outcomes: Outcomes, limits: ReceiveLimits | None = None, *, in_flight: InFlight | None = None
) -> list[Endpoint]:
    """The receiver's endpoint, at the root and under /prometheus."""
    receiver = RemoteWriteReceiver(sink, outcomes, limits, in_flight=in_flight)
    return [Endpoint("POST", "/api/v1/write", receiver.write, Access.PUSH, prefix="/prometheus")]
