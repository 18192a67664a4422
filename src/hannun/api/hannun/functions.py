"""GET /api/hannun/v1/functions: PromQL's functions and aggregations, for completion and for reading."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from hannun.api.hannun.backend import Backend
from hannun.api.hannun.route import Route
from hannun.model.access import Access
from hannun.model.budget import Budget
from hannun.query.promql import AGGREGATIONS, FUNCTIONS
from hannun.query.promql.registry import Aggregation, Function


def routes(backend: Backend) -> list[Route]:
    async def functions(request: Request) -> Response:
        def work(_budget: Budget) -> list[dict[str, Any]]:
            return listed()

        return await backend.answer(request, work)

    return [Route("GET", "/functions", functions, Access.VIEW, "PromQL functions and aggregations, with their words")]


def listed() -> list[dict[str, Any]]:
    """Functions, then aggregations, each by name."""
    found = [_function(FUNCTIONS[name]) for name in sorted(FUNCTIONS)]
    return found + [_aggregation(AGGREGATIONS[name]) for name in sorted(AGGREGATIONS)]


def _function(of: Function) -> dict[str, Any]:
    args = [kind.value + ("?" if index >= of.least else "") for index, kind in enumerate(of.args)]
    return {
        "name": of.name,
        "args": [*args, "…"] if of.most is None else args,
        "returns": of.returns.value,
        "doc": of.doc,
        "kind": "function",
        "experimental": of.experimental,
    }


def _aggregation(of: Aggregation) -> dict[str, Any]:
    return {
        "name": of.name,
        "args": [*([of.param.value] if of.param else []), "instant vector"],
        "returns": "instant vector",
        "doc": of.doc,
        "kind": "aggregation",
        "experimental": of.experimental,
    }
