"""GET /api/hannun/v1/logs/series: LogQL that answers with numbers, as columns for a graph."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from hannun.api.answer import accepts_gzip, pack, respond
from hannun.api.form import read_form
from hannun.api.hannun.backend import FRESH, Backend
from hannun.api.hannun.logs.backend import NS_PER_MS, AskedNumbers, LogBackend, read
from hannun.api.hannun.logs.histogram import step_for
from hannun.api.hannun.logs.lines import HOUR_MS, SEARCH
from hannun.api.hannun.panels import Page, Query, rendered
from hannun.api.hannun.route import Parameter, Route
from hannun.api.hannun.times import count, window
from hannun.model.access import Access
from hannun.model.budget import Budget
from hannun.model.errors import BadQuery
from hannun.model.http import lang_of
from hannun.model.text import Text
from hannun.query.logql.found import Series
from hannun.query.logql.printer import show

POINTS, POINTS_MAX = 240, 2_000
NOT_NUMBERS = Text(
    en="This search answers with lines; a graph needs a function around it, as in rate({{selector}}[1m])",
    ko="이 검색의 답은 줄입니다. 그래프로 보려면 함수로 감싸세요. 예: rate({{selector}}[1m])",
)


def routes(backend: Backend, logs: LogBackend) -> list[Route]:
    engine = logs.engine
    if engine is None:
        return []

    async def evaluated(request: Request) -> Response:
        form = await read_form(request, backend.limits)
        times = window(form, backend.clock.now_ms(), HOUR_MS)
        points = count(form, "points", POINTS, POINTS_MAX)
        lang, gzip = lang_of(request), accepts_gzip(request)

        def work(budget: Budget) -> list[bytes]:
            asked = read(logs, form, times, budget)
            if not isinstance(asked, AskedNumbers):
                raise BadQuery(NOT_NUMBERS)
            step_ms = step_for(times[1] - times[0], points)
            # Steps stand on multiples of themselves, so that a graph does not flicker from beat to beat.
            start_ms = -(-times[0] // step_ms) * step_ms
            end_ms = max(times[1] // step_ms * step_ms, start_ms)
            # Shown and read again: the scope is in it by now, and the engine holds what it reads to its limits.
            found = engine.range(
                show(asked.query), start_ms * NS_PER_MS, end_ms * NS_PER_MS + 1, step_ms * NS_PER_MS, budget
            )
            assert isinstance(found, Series), "a metric question has no lines"
            page = Page(start_ms, end_ms, step_ms, [])
            return rendered(page, Query("logs", asked.understood.logql), found.answer, backend.limits, lang)

        return respond(
            await backend.run(request, lambda budget: pack(tuple(work(budget)), gzip=gzip)),
            headers=FRESH,
        )

    return [
        Route(
            "GET",
            "/logs/series",
            evaluated,
            Access.VIEW,
            "Values of a LogQL metric question, as columns; null where there is none",
            (*SEARCH, Parameter("points", "integer", f"points per series wished for, at most {POINTS_MAX}")),
        )
    ]
