"""/api/v1/query and /query_range."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from hannun.api.limits import ApiLimits
from hannun.api.prometheus import parameters
from hannun.api.prometheus.backend import Backend, too_long
from hannun.api.prometheus.envelope import bad_data, bad_parameter, guarded, json, success
from hannun.model.access import Access
from hannun.model.budget import Budget
from hannun.model.errors import BadQuery
from hannun.model.http import Endpoint
from hannun.query.promql import Answer
from hannun.query.promql.render import data_json, matrix_json

TOO_MANY_POINTS = (
    "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)"
)
# A value is `[1435781451.781,"0.1234567890123456"],`: rather more than that is assumed, so that nothing is rendered
# only to be thrown away.
_BYTES_PER_VALUE, _BYTES_PER_SERIES = 28, 40
_BYTES_PER_HISTOGRAM = 60  # with a bucket; what the others come to is seen when they are written
_BLOCK_VALUES = 100_000  # about 2 MB of text


def endpoints(backend: Backend) -> list[Endpoint]:
    async def query(request: Request) -> Response:
        form = await backend.form(request)
        limit = parameters.limit(form)
        at_ms = parameters.optional_time_ms(form, "time", backend.clock.now_ms())
        timeout_s = parameters.timeout_s(form)
        lookback_ms = parameters.lookback_ms(form)
        wants_stats, explain = form.one("stats") != "", form.flag("explain")
        expr = form.one("query")

        def work(budget: Budget) -> list[bytes]:
            budget.check()
            try:
                answer = backend.engine.instant(
                    expr, at_ms, budget, lookback_ms=lookback_ms, limit=limit, explain=explain
                )
            except BadQuery as err:
                raise bad_parameter("query", str(err)) from err
            return rendered(answer, backend.limits, stats=wants_stats)

        return await backend.answer(request, work, timeout_s=timeout_s)

    async def query_range(request: Request) -> Response:
        form = await backend.form(request)
        limit = parameters.limit(form)
        start_ms = parameters.required_time_ms(form, "start")
        end_ms = parameters.required_time_ms(form, "end")
        if end_ms < start_ms:
            raise bad_parameter("end", "end timestamp must not be before start time")
        step_ms = parameters.step_ms(form)
        if (end_ms - start_ms) // step_ms > backend.limits.points_max:
            raise bad_data(TOO_MANY_POINTS)
        timeout_s = parameters.timeout_s(form)
        lookback_ms = parameters.lookback_ms(form)
        wants_stats, explain = form.one("stats") != "", form.flag("explain")
        expr = form.one("query")

        def work(budget: Budget) -> list[bytes]:
            budget.check()
            try:
                answer = backend.engine.range(
                    expr, start_ms, end_ms, step_ms, budget, lookback_ms=lookback_ms, limit=limit, explain=explain
                )
            except BadQuery as err:
                raise bad_parameter("query", str(err)) from err
            return rendered(answer, backend.limits, stats=wants_stats)

        return await backend.answer(request, work, timeout_s=timeout_s)

    return [
        Endpoint(method, path, guarded(handler), Access.VIEW, prefix="/prometheus")
        for path, handler in (
            ("/api/v1/query", query),
            ("/api/v1/query_range", query_range),
        )
        for method in ("GET", "POST")
    ]


def rendered(answer: Answer, limits: ApiLimits, *, stats: bool) -> list[bytes]:
    """The whole envelope, in parts. Raises ExecutionError for what would be too long to send, before it is rendered."""
    raw, cells = answer.raw, answer.histograms
    values = int(answer.present.sum()) if raw is None else len(raw.value)
    histograms = 0 if cells is None else int(cells.there.sum())
    histograms += 0 if raw is None else raw.histograms
    estimate = values * _BYTES_PER_VALUE + len(answer.labels) * _BYTES_PER_SERIES + histograms * _BYTES_PER_HISTOGRAM
    if estimate > limits.answer_bytes_max:
        raise too_long(estimate, limits)
    data = [*data_parts(answer)]
    if stats:
        data += [b',"stats":', *json(_stats(answer))]
    if answer.explain is not None:
        data += [b',"explain":', *json(asdict(answer.explain))]
    size = sum(map(len, data))
    if size > limits.answer_bytes_max:
        raise too_long(size, limits)
    return success([*data, b"}"], answer.warnings, answer.infos)


def data_parts(answer: Answer) -> Iterator[bytes]:
    """`{"resultType":…,"result":…` without the closing brace; a large matrix in blocks of rows."""
    rows = max(_BLOCK_VALUES // max(answer.steps, 1), 1)
    if answer.kind != "matrix" or answer.raw is not None or len(answer.labels) <= rows:
        yield data_json(answer)[:-1]
        return
    yield b'{"resultType":"matrix","result":['
    comma = b""
    for first in range(0, len(answer.labels), rows):
        text = matrix_json(answer.rows(slice(first, first + rows)))
        if len(text) > 2:
            yield comma
            yield text[1:-1]
            comma = b","
    yield b"]"


def _stats(answer: Answer) -> dict[str, Any]:
    spent = answer.stats
    total_s = spent.prepare_s + spent.evaluate_s + spent.sort_s
    return {
        "timings": {
            "evalTotalTime": total_s,
            "resultSortTime": spent.sort_s,
            "queryPreparationTime": spent.prepare_s,
            "innerEvalTime": spent.evaluate_s,
            "execQueueTime": 0,
            "execTotalTime": total_s,
        },
        "samples": {"totalQueryableSamples": spent.samples, "peakSamples": spent.peak},
    }
