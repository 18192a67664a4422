"""/federate: the newest sample of every chosen series, for a Prometheus above this one to scrape."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from hannun.api.answer import accepts_gzip, pack, respond
from hannun.api.prometheus import federated, parameters
from hannun.api.prometheus.backend import Backend, too_long
from hannun.api.prometheus.envelope import status_of
from hannun.api.prometheus.federated import Newest
from hannun.model.access import Access
from hannun.model.budget import Budget
from hannun.model.errors import HannunError
from hannun.model.http import Endpoint
from hannun.model.labels import Labels
from hannun.model.metric import STALE_NAN_BITS, SeriesColumns
from hannun.query.promql.engine import LOOKBACK_MS


def endpoints(backend: Backend) -> list[Endpoint]:
    async def federate(request: Request) -> Response:
        try:
            return await answer(request)
        except HannunError as err:
            # Not JSON: whoever asks is a scraper, and shows the body as the target's last error.
            return PlainTextResponse(f"{err.say('en')}\n", status_of(err)[0])

    async def answer(request: Request) -> Response:
        form = await backend.form(request)
        utf8 = federated.takes_utf8(request.headers.get("accept", ""))
        gzip = accepts_gzip(request)
        external = dict(backend.around.external_labels())
        now_ms = backend.clock.now_ms()
        budget = backend.runner.budget()

        def work() -> Response:
            found = newest(backend, form.many("match[]"), now_ms, budget)
            parts: list[bytes] = []
            size = 0
            for piece in federated.text(found, external, utf8=utf8):
                budget.check()
                parts.append(piece)
                size += len(piece)
                if size > backend.limits.answer_bytes_max:
                    raise too_long(size, backend.limits)
            media_type = federated.UTF8_CONTENT_TYPE if utf8 else federated.CONTENT_TYPE
            return respond(pack(parts, gzip=gzip), headers={"vary": "Accept, Accept-Encoding"}, media_type=media_type)

        return await backend.runner.run(request.is_disconnected, work, budget)

    return [Endpoint("GET", "/federate", federate, Access.VIEW, prefix="/prometheus")]


def newest(backend: Backend, selectors: Sequence[str], now_ms: int, budget: Budget) -> list[Newest]:
    """Of each series that any selector matches: its newest sample of the last minutes, unless it has ended."""
    wanted = dict.fromkeys(parameters.metric_selector(one) for one in selectors)
    found: dict[Labels, Newest] = {}
    for matchers in wanted:
        budget.check()
        columns = backend.reader.select(matchers, now_ms - LOOKBACK_MS, now_ms, budget)
        found.update(_last_samples(columns))
    return list(found.values())


def _last_samples(columns: SeriesColumns) -> dict[Labels, Newest]:
    last = columns.offsets[1:] - 1
    times = columns.ts[last].astype(np.int64) + columns.base_ms
    values = columns.value[last]
    # Text has no staleness marker. A series that ended is left out, and the scraper marks its end itself.
    alive = values.view(np.uint64) != STALE_NAN_BITS
    return {
        labels: Newest(labels, ts_ms, value)
        for labels, ts_ms, value, is_alive in zip(
            columns.labels, times.tolist(), values.tolist(), alive.tolist(), strict=True
        )
        if is_alive
    }
