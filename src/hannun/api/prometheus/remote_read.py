"""POST /api/v1/read: raw samples for another Prometheus (spec: remote read, sampled answer).

External labels belong to every series that leaves this server. So they are added to the answer where a series lacks
them, and an equality with one of them is true of everything here and therefore not asked of the store.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from hannun.api.answer import Body, respond
from hannun.api.form import read_text
from hannun.api.prometheus.backend import Backend
from hannun.api.prometheus.envelope import status_of
from hannun.model.access import Access
from hannun.model.budget import Budget
from hannun.model.errors import HannunError, TooLarge, Unsupported, WireError
from hannun.model.histogram import HistogramReader, HistogramSeries
from hannun.model.http import Endpoint
from hannun.model.labels import Labels
from hannun.model.matcher import Matchers, MatchOp
from hannun.model.metric import SeriesColumns
from hannun.wire import remote_read
from hannun.wire.compression import snappy_block


def endpoints(backend: Backend) -> list[Endpoint]:
    async def read(request: Request) -> Response:
        try:
            return await answer(request)
        except HannunError as err:
            # Prometheus's own answer is a line of text, and its clients log it.
            status = 415 if isinstance(err, Unsupported) else status_of(err)[0]
            return PlainTextResponse(f"{err.say('en')}\n", status)

    async def answer(request: Request) -> Response:
        encoding = request.headers.get("content-encoding", "snappy").strip().lower()
        if encoding != "snappy":
            raise Unsupported(f"remote read bodies are snappy blocks, not {encoding[:40]!r}")
        body = await read_text(request, backend.limits)
        external = dict(backend.around.external_labels())
        budget = backend.runner.budget()

        def work() -> Body:
            asked = remote_read.decode(_plain(body, backend.limits.form_bytes_max))
            if not asked.takes_samples:
                raise WireError("remote read: only SAMPLES answers are sent, and the request does not take them")
            found = [_select(backend, query, external, budget) for query in asked.queries]
            shapes = [_histograms(backend, query, external, budget) for query in asked.queries]
            budget.check()
            whole = remote_read.encode(found, shapes, bytes_max=backend.limits.answer_bytes_max)
            return Body((remote_read.compress(whole),))

        packed = await backend.runner.run(request.is_disconnected, work, budget)
        headers = {"content-encoding": remote_read.CONTENT_ENCODING}
        return respond(packed, headers=headers, media_type=remote_read.CONTENT_TYPE)

    return [Endpoint("POST", "/api/v1/read", read, Access.VIEW, prefix="/prometheus")]


def _plain(body: bytes, bytes_max: int) -> bytes:
    try:
        return snappy_block(body, bytes_max)
    except TooLarge as err:
        # The hint names a setting of the receivers, and this is a question: it has a bound of its own.
        raise TooLarge(f"{err.what}; ask for fewer queries in one request") from err


def _select(
    backend: Backend, query: remote_read.ReadQuery, external: Mapping[str, str], budget: Budget
) -> SeriesColumns:
    """Both ends of the range belong to it; the reader's left end does not."""
    found = backend.reader.select(_inner(query.matchers, external), query.start_ms - 1, query.end_ms, budget)
    return replace(found, labels=tuple(_leaving(labels, external) for labels in found.labels)) if external else found


def _histograms(
    backend: Backend, query: remote_read.ReadQuery, external: Mapping[str, str], budget: Budget
) -> tuple[HistogramSeries, ...]:
    reader = backend.reader
    if not isinstance(reader, HistogramReader):
        return ()
    found = reader.histograms(_inner(query.matchers, external), query.start_ms - 1, query.end_ms, budget)
    return tuple(replace(one, labels=_leaving(one.labels, external)) for one in found) if external else found


def _leaving(labels: Labels, external: Mapping[str, str]) -> Labels:
    """The labels that a series leaves this server with."""
    return Labels.of({**external, **labels.as_dict()})


def _inner(matchers: Matchers, external: Mapping[str, str]) -> Matchers:
    return tuple(one for one in matchers if not (one.op is MatchOp.EQUAL and external.get(one.name) == one.value))
