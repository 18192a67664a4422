"""/api/v1/format_query and /parse_query: an expression printed back, and as a tree."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from hannun.api.prometheus.backend import Backend
from hannun.api.prometheus.envelope import bad_parameter, guarded, json, success
from hannun.api.prometheus.pretty import pretty
from hannun.api.prometheus.tree import tree_of
from hannun.model.access import Access
from hannun.model.budget import Budget
from hannun.model.errors import BadQuery
from hannun.model.http import Endpoint, Handler
from hannun.query.promql import prepare
from hannun.query.promql.syntax import Node


def endpoints(backend: Backend) -> list[Endpoint]:
    def told(tell: Callable[[Node], Any]) -> Handler:
        async def handler(request: Request) -> Response:
            expr = (await backend.form(request)).one("query")

            def work(_budget: Budget) -> list[bytes]:
                try:
                    return success(json(tell(prepare(expr))))
                except BadQuery as err:
                    raise bad_parameter("query", str(err)) from err

            return await backend.answer(request, work)

        return guarded(handler)

    return [
        Endpoint(method, path, handler, Access.VIEW, prefix="/prometheus")
        for path, handler in (("/api/v1/format_query", told(pretty)), ("/api/v1/parse_query", told(tree_of)))
        for method in ("GET", "POST")
    ]
