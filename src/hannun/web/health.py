"""Endpoints of the server itself: health and readiness in Prometheus's words, own metrics, the old graph page."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from hannun.api.prometheus.graph_link import explore_query
from hannun.model.access import Access
from hannun.model.http import Endpoint, lang_of
from hannun.model.text import Text
from hannun.web.answer import refusal

LOST = Text(
    en="The store's engine has ended itself; this process is leaving and must be started again",
    ko="저장소 엔진이 스스로 종료되었습니다. 이 프로세스도 종료되니 다시 시작해야 합니다",
)
NOT_YET = Text(en="The server is starting", ko="서버가 시작되는 중입니다")


MetricsPage = Callable[[str], tuple[str, bytes]]
"""`Accept` header -> (content type, body). Called in a thread."""


def routes(
    *, metrics_page: MetricsPage, is_ready: Callable[[], bool], is_lost: Callable[[], bool], base: str
) -> list[Endpoint]:
    """`is_ready` False: /-/ready answers 503 until the store and collectors stand. `is_lost` True: both answer 503,
    because nothing but a new process helps."""

    async def healthy(request: Request) -> Response:
        if is_lost():
            return refusal(503, LOST, lang_of(request))
        return PlainTextResponse("Prometheus Server is Healthy.\n")

    async def ready(request: Request) -> Response:
        if is_lost():
            return refusal(503, LOST, lang_of(request))
        if not is_ready():
            return refusal(503, NOT_YET, lang_of(request), headers={"retry-after": "1"})
        return PlainTextResponse("Prometheus Server is Ready.\n")

    async def metrics(request: Request) -> Response:
        content_type, body = await asyncio.to_thread(metrics_page, request.headers.get("accept", ""))
        return Response(body, headers={"content-type": content_type, "vary": "Accept"})

    async def graph(request: Request) -> Response:
        return _moved(base, "/query", request)

    async def query(request: Request) -> Response:
        return RedirectResponse(f"{base}/explore{_asked(explore_query(request.url.query))}", status_code=302)

    prefix = "/prometheus"
    return [
        Endpoint("GET", "/-/healthy", healthy, Access.PUBLIC, prefix),
        Endpoint("GET", "/-/ready", ready, Access.PUBLIC, prefix),
        Endpoint("GET", "/metrics", metrics, Access.VIEW),
        Endpoint("GET", "/graph", graph, Access.PUBLIC, prefix),
        Endpoint("GET", "/query", query, Access.PUBLIC, prefix),
    ]


def _moved(base: str, path: str, request: Request) -> Response:
    # The location is ours alone; only the query is the caller's, and it cannot change where the browser goes.
    return RedirectResponse(f"{base}{path}{_asked(request.url.query)}", status_code=302)


def _asked(query: str) -> str:
    return f"?{query}" if query else ""
