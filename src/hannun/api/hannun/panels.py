"""POST /api/hannun/v1/panels: the graphs of a whole page in one request, as columns.

A chart wants numbers in step with a shared time axis, so values come as arrays with null where nothing is; JSON has no
infinity, so that becomes null too and a note says so. A query that fails fails alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import msgspec
import numpy as np
from starlette.requests import Request
from starlette.responses import Response

from hannun.api.answer import Body, accepts_gzip, pack, respond
from hannun.api.form import read_text
from hannun.api.hannun.backend import FRESH, Backend, dumps
from hannun.api.hannun.known import KnownMetrics
from hannun.api.hannun.route import Route
from hannun.api.limits import ApiLimits
from hannun.model.access import Access
from hannun.model.budget import Budget
from hannun.model.errors import ExecutionError, HannunError, QueryCanceled, WireError
from hannun.model.http import lang_of
from hannun.model.labels import Labels
from hannun.model.metric import Floats
from hannun.model.text import Lang, Text
from hannun.query.promql import Answer, prepare

AT_ONCE = 3
"""Queries of one request that run at the same time, so that one page never takes every thread."""
PAGE_TIMEOUT_S = 60.0
_TIME_MS_MAX = 8_640_000_000_000_000

NOT_JSON = Text(
    en="The body is not the JSON of a panels request: {why}", ko="본문이 panels 요청의 JSON이 아닙니다: {why}"
)
SHAPE = Text(
    en='expected {"start_ms", "end_ms", "step_ms", "queries": [{"id", "expr", "instant"}]}',
    ko='필요한 형식: {"start_ms", "end_ms", "step_ms", "queries": [{"id", "expr", "instant"}]}',
)
TOO_MANY_QUERIES = Text(
    en="{count} queries in one request; at most {most}", ko="한 요청에 질의 {count}개. 최대 {most}개입니다"
)
BAD_TIMES = Text(
    en="end_ms must not be before start_ms, and step_ms must be positive",
    ko="end_ms는 start_ms보다 앞설 수 없고 step_ms는 0보다 커야 합니다",
)
TOO_MANY_POINTS = Text(
    en="{points} points per series; at most {most}. Choose a larger step_ms",
    ko="시계열마다 점 {points}개. 최대 {most}개입니다. step_ms를 늘리세요",
)
NO_TEXT = Text(
    en="This query gives a text; a graph needs numbers at each step",
    ko="이 질의의 결과는 글자입니다. 그래프에는 단계마다 숫자가 있어야 합니다",
)
NO_RANGE = Text(
    en="This query gives a range vector; put a function such as rate() around it",
    ko="이 질의의 결과는 구간 벡터입니다. rate() 같은 함수로 감싸세요",
)
INFINITE = Text(en="{count} infinite values are shown as gaps", ko="무한대 값 {count}개를 빈칸으로 표시합니다")


class Query(msgspec.Struct, frozen=True):
    id: str
    expr: str
    instant: bool = False
    explain: bool = False


class Page(msgspec.Struct, frozen=True):
    start_ms: int
    end_ms: int
    step_ms: int
    queries: list[Query]


def routes(backend: Backend, known: KnownMetrics) -> list[Route]:
    async def panels(request: Request) -> Response:
        page = read_page(await read_text(request, backend.limits), backend.limits)
        lang = lang_of(request)
        turns = asyncio.Semaphore(AT_ONCE)
        began_s = backend.clock.monotonic_s()

        async def one(query: Query) -> list[bytes]:
            async with turns:
                left_s = PAGE_TIMEOUT_S - (backend.clock.monotonic_s() - began_s)
                try:
                    return await backend.run(
                        request,
                        lambda budget: _result(backend, known, page, query, budget, lang),
                        timeout_s=max(left_s, 0.0),
                    )
                except QueryCanceled:
                    raise
                except HannunError as err:
                    return [dumps({**_empty(page, query), "error": err.say(lang)})]

        results = await asyncio.gather(*(one(query) for query in page.queries))
        gzip = accepts_gzip(request)
        return respond(await asyncio.to_thread(_whole, list(results), gzip), headers=FRESH)

    return [
        Route(
            "POST",
            "/panels",
            panels,
            Access.VIEW,
            "Many PromQL queries at once; values as columns, null where there is none",
            body={
                "start_ms": "first step",
                "end_ms": "last step at the latest",
                "step_ms": "distance of steps",
                "queries": "list of {id, expr, instant, explain}; instant asks for the value at end_ms",
            },
        )
    ]


def read_page(body: bytes, limits: ApiLimits) -> Page:
    """Raises WireError in words that name the field."""
    try:
        page = msgspec.json.decode(body, type=Page)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as err:
        raise WireError(NOT_JSON.with_(why=str(err)[:200]), SHAPE) from err
    if len(page.queries) > limits.panel_queries_max:
        raise WireError(TOO_MANY_QUERIES.with_(count=len(page.queries), most=limits.panel_queries_max))
    times_fit = abs(page.start_ms) <= _TIME_MS_MAX and abs(page.end_ms) <= _TIME_MS_MAX
    if page.end_ms < page.start_ms or page.step_ms <= 0 or not times_fit:
        raise WireError(BAD_TIMES)
    points = (page.end_ms - page.start_ms) // page.step_ms + 1
    if points > limits.panel_points_max:
        raise WireError(TOO_MANY_POINTS.with_(points=points, most=limits.panel_points_max))
    return page


def _result(backend: Backend, known: KnownMetrics, page: Page, query: Query, budget: Budget, lang: Lang) -> list[bytes]:
    if query.instant:
        answer = backend.engine.instant(query.expr, page.end_ms, budget, explain=query.explain)
    else:
        answer = backend.engine.range(
            query.expr, page.start_ms, page.end_ms, page.step_ms, budget, explain=query.explain
        )
    # A graph stays empty for many reasons; a name that nobody ever sent is the one that can be told at once.
    unknown = known.unknown(prepare(query.expr), budget)
    return rendered(page, query, answer, backend.limits, lang, unknown)


def rendered(
    page: Page,
    query: Query,
    answer: Answer,
    limits: ApiLimits,
    lang: Lang,
    unknown: Sequence[Mapping[str, object]] = (),
) -> list[bytes]:
    """One result as parts of JSON, our own notes in `lang`. Raises ExecutionError for what has no columns."""
    if answer.kind == "string" or answer.raw is not None:
        raise ExecutionError(NO_TEXT if answer.kind == "string" else NO_RANGE)
    most = min(limits.panel_series_max, max(limits.panel_values_max // max(answer.steps, 1), 1))
    values = np.where(answer.present[:most], answer.values[:most], np.nan)
    infinite = int(np.isinf(values).sum())
    said: dict[str, Any] = {
        **_empty(page, query),
        "start_ms": answer.start_ms,
        "steps": answer.steps,
        "warnings": list(answer.warnings),
        "infos": [*answer.infos, *([INFINITE.say(lang, count=infinite)] if infinite else [])],
        "truncated": len(answer.labels) > most,
        "unknown_metrics": unknown,
    }
    del said["series"]
    if not query.instant:
        said["step_ms"] = answer.step_ms
    if answer.explain is not None:
        said["explain"] = asdict(answer.explain)
    rows = _series(answer.labels[:most], np.ascontiguousarray(values))
    return [dumps(said)[:-1], b',"series":[', *rows, b"]}"]


def _series(labels: Sequence[Labels], values: Floats) -> Iterator[bytes]:
    """Each series as JSON, in a call of its own: one call for all would hold the interpreter for its whole length.

    orjson writes NaN and infinities of an array as null.
    """
    for index, (of_series, row) in enumerate(zip(labels, values, strict=True)):
        yield (
            (b',{"labels":' if index else b'{"labels":')
            + dumps(dict(of_series.pairs))
            + b',"values":'
            + dumps(row)
            + b"}"
        )


def _empty(page: Page, query: Query) -> dict[str, Any]:
    return {
        "id": query.id,
        "start_ms": page.end_ms if query.instant else page.start_ms,
        "step_ms": page.step_ms,
        "steps": 0,
        "series": [],
        "warnings": [],
        "infos": [],
        "truncated": False,
        "unknown_metrics": [],
    }


def _whole(results: list[list[bytes]], gzip: bool) -> Body:
    parts = [b'{"results":[']
    for index, result in enumerate(results):
        parts += [b"," if index else b"", *result]
    return pack([*parts, b"]}"], gzip=gzip)
