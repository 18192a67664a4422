"""POST /api/v1/write: Prometheus remote write 1.0 and 2.0, told apart by the Content-Type.

204 means durable and visible. 400 tells the sender never to come back with the same bytes, so it stands only for what
no retry can mend; a full queue is 503 and not 429, because Prometheus throws a batch away after a 429 unless
`retry_on_http_429` is set. Series with bad labels are left out and counted; 1.0 says nothing of them, as Prometheus
does, and 2.0 answers 400 after the good ones are stored, with how much was written in its headers. A native histogram
that breaks a rule is answered 400 by both, after everything beside it is stored.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import numpy as np
from starlette.requests import Request
from starlette.responses import Response

from hannun.model.access import Access
from hannun.model.errors import HannunError, TooLarge, Unsupported, WireError
from hannun.model.http import Endpoint
from hannun.model.metric import MetricBatch
from hannun.model.ports import MetricSink
from hannun.observe.outcomes import Outcome, Outcomes
from hannun.receive.answer import refuse
from hannun.receive.body import InFlight, SlowBody, read_body
from hannun.receive.intake import EXEMPLARS, SIGNAL, Intake, Written
from hannun.receive.limits import BODY_SETTING, ReceiveLimits
from hannun.wire.compression import SNAPPY_STREAM_HEAD, Room, content_encodings, decompress, snappy_view
from hannun.wire.remote_write import FastDecoder, Histograms, WriteColumns, v2

HISTOGRAM_BYTES_INLINE_MAX = 24 << 10
"""More bytes of native histograms are read in a thread: a bucket may be one of them, and takes 0.4 us to read."""
LARGE_AT_ONCE = 2
"""Large bodies that are decoded at the same time: what bounds the memory of decompressed bytes."""

PROTO_1 = "prometheus.WriteRequest"
PROTO_2 = "io.prometheus.write.v2.Request"
_MEDIA_TYPE = "application/x-protobuf"
_ENCODINGS = ("snappy", "zstd")  # zstd: vmagent's own variant, which it tries before it falls back to snappy


class PartlyRefused(WireError):
    """What was good is stored, and this is what was not."""


@dataclass(frozen=True, slots=True, eq=False)
class _Read:
    """A request, and what of it goes to the store."""

    columns: WriteColumns
    histograms: Histograms
    batch: MetricBatch
    size_bytes: int


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
        self._intake = Intake(sink, outcomes)
        self._limits = limits or ReceiveLimits()
        self._in_flight = in_flight or InFlight(self._limits.in_flight_bytes_max)
        self._first = decoder or FastDecoder()
        self._second = v2.FastDecoder()
        self._room = Room()
        self._loaded: set[str] = set()
        self._large = asyncio.Semaphore(LARGE_AT_ONCE)

    async def write(self, request: Request) -> Response:
        written = Written()
        proto = PROTO_1
        try:
            proto, encodings = _check_head(request)
            with self._in_flight.hold() as held:
                body = await read_body(request, self._limits, held)
                read = await self._decode(body, proto, encodings)
                held.take(read.size_bytes)
                self._count_left_out(read)
                await self._intake.store(read.batch, written)
                # The sender sent the end of a histogram's series as a histogram, and counts it as one.
                ended = len(read.histograms.ended_series)
                written.samples, written.histograms = written.samples - ended, written.histograms + ended
                self._second.stored(read.columns)
                if refused := _what_was_refused(read, proto):
                    raise PartlyRefused(refused)
        except HannunError as err:
            self._count_request(err)
            answer = refuse(err, overloaded=503)
        else:
            answer = Response(status_code=204)
        if proto == PROTO_2:
            answer.headers.update(_written(written))
        return answer

    async def _decode(self, body: bytes, proto: str, encodings: list[str]) -> _Read:
        # zstd may turn a hundred bytes into the whole limit, so its length says nothing about the work; and the first
        # request loads the compiled decoder, which takes 0.2 s.
        if proto in self._loaded and encodings == ["snappy"] and len(body) <= self._limits.decode_inline_bytes_max:
            columns = self._columns(body, proto, encodings, self._room)
            if columns.histogram_bytes <= HISTOGRAM_BYTES_INLINE_MAX:
                return self._read(columns)
            async with self._large:
                return await asyncio.to_thread(self._read, columns)
        async with self._large:
            found = await asyncio.to_thread(lambda: self._read(self._columns(body, proto, encodings)))
        self._loaded.add(proto)
        return found

    def _columns(self, body: bytes, proto: str, encodings: list[str], room: Room | None = None) -> WriteColumns:
        """`room`: where the inflated body may lie that nothing is asked of after the batch was made."""
        limit = self._limits.body_bytes_max
        if proto == PROTO_1 and room is not None and not body.startswith(SNAPPY_STREAM_HEAD):
            return self._first.decode(snappy_view(body, limit, BODY_SETTING, room))
        raw = decompress(body, encodings, limit_bytes=limit, setting=BODY_SETTING)
        return self._second.decode(raw) if proto == PROTO_2 else self._first.decode(raw)

    def _read(self, columns: WriteColumns) -> _Read:
        histograms = columns.histograms()
        batch = self._batch(columns, histograms)
        # Weighing ten thousand new label sets takes a while too, so it is done here and not on the event loop.
        return _Read(columns, histograms, batch, batch.size_bytes)

    def _batch(self, columns: WriteColumns, histograms: Histograms) -> MetricBatch:
        series, ts_ms, value = columns.series(), columns.ts_ms, columns.value
        wanted = columns.counts > 0
        # An exemplar may come in a message of its own, before the first sample of its series.
        others = [one.series for one in columns.exemplars] + [one.series for one in histograms.samples]
        if len(histograms.ended_series):
            others += histograms.ended_series.tolist()
            series = np.concatenate([series, histograms.ended_series])
            ts_ms = np.concatenate([ts_ms, histograms.ended_ts_ms])
            value = np.concatenate([value, histograms.ended_value])
        if others:
            wanted |= np.isin(columns.ids, np.array(others, np.uint64))
        introduced = self._intake.new_series(columns.ids, columns.labels, wanted)
        return MetricBatch(series, ts_ms, value, introduced, columns.metadata, columns.exemplars, histograms.samples)

    def _count_request(self, err: HannunError) -> None:
        """A request of which nobody knows how many samples it had, because it was not read to its end."""
        count = self._intake.outcomes.count
        match err:
            case PartlyRefused():
                pass  # Its series were counted one by one.
            case WireError() | Unsupported():
                count(SIGNAL, Outcome.INVALID, reason="request that cannot be read")
            case SlowBody():
                count(SIGNAL, Outcome.INVALID, reason="request whose body did not arrive in time")
            case TooLarge():
                count(SIGNAL, Outcome.LIMITED, reason="request that is too large")

    def _count_left_out(self, read: _Read) -> None:
        count, columns = self._intake.outcomes.count, read.columns
        for refusal, cost in columns.refused.items():
            # A refused series without samples is still something that was sent and is not there.
            outcome = Outcome.LIMITED if refusal.by_limit else Outcome.INVALID
            count(SIGNAL, outcome, max(cost.samples, cost.series), reason=refusal.words)
        count(SIGNAL, Outcome.INVALID, columns.metadata_refused, reason="metadata without a readable name")
        count(EXEMPLARS, Outcome.INVALID, columns.exemplars_refused, reason="exemplar with labels that are not allowed")
        count(SIGNAL, Outcome.INVALID, read.histograms.refused, reason="native histogram that breaks a rule")


def _what_was_refused(read: _Read, proto: str) -> str:
    """What the sender is told; "" when nothing. Of bad labels 1.0 says nothing, of bad histograms it does."""
    refused = read.columns.refused if proto == PROTO_2 else {}
    parts = [f"{cost.series} {refusal.words} ({cost.samples} samples)" for refusal, cost in refused.items()]
    if read.histograms.refused:
        parts.append(f"{read.histograms.refused} native histograms, the first of {read.histograms.fault}")
    return "left out: " + "; ".join(parts) if parts else ""


def _written(written: Written) -> dict[str, str]:
    """2.0's own headers: by them a sender learns what became of a request that was taken in part."""
    return {
        "x-prometheus-remote-write-samples-written": str(written.samples),
        "x-prometheus-remote-write-histograms-written": str(written.histograms),
        "x-prometheus-remote-write-exemplars-written": str(written.exemplars),
    }


def _check_head(request: Request) -> tuple[str, list[str]]:
    """The message's name and the codings to undo. Raises Unsupported; absent headers are 1.0's oldest form."""
    content_type = request.headers.get("content-type", _MEDIA_TYPE)
    media, _, parameters = content_type.partition(";")
    named = dict(part.strip().partition("=")[::2] for part in parameters.split(";")).get("proto", PROTO_1).strip('"')
    if media.strip().lower() != _MEDIA_TYPE:
        raise Unsupported(f'Content-Type "{content_type[:100]}" is not taken', f"remote write sends {_MEDIA_TYPE}")
    if named not in (PROTO_1, PROTO_2):
        raise Unsupported(f'protobuf message "{named[:100]}" is not taken', f"known are {PROTO_1} and {PROTO_2}")
    encodings = content_encodings(request.headers.get("content-encoding")) or ["snappy"]
    if len(encodings) != 1 or encodings[0] not in _ENCODINGS:
        raise Unsupported(
            f'Content-Encoding "{", ".join(encodings)[:100]}" is not taken', "remote write bodies are snappy blocks"
        )
    return named, encodings


def routes(
    sink: MetricSink, outcomes: Outcomes, limits: ReceiveLimits | None = None, *, in_flight: InFlight | None = None
) -> list[Endpoint]:
    """The receiver's endpoint, at the root and under /prometheus."""
    receiver = RemoteWriteReceiver(sink, outcomes, limits, in_flight=in_flight)
    return [Endpoint("POST", "/api/v1/write", receiver.write, Access.PUSH, prefix="/prometheus")]
