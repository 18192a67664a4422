"""/api/v1/query_exemplars: the observations with a trace id behind the series that an expression reads."""

from __future__ import annotations

from collections.abc import Iterator

from starlette.requests import Request
from starlette.responses import Response

from hannun.api.prometheus import parameters
from hannun.api.prometheus.backend import Backend, too_long
from hannun.api.prometheus.envelope import bad_data, guarded, json, success
from hannun.model.access import Access
from hannun.model.budget import Budget
from hannun.model.errors import BadQuery
from hannun.model.exemplar import SeriesExemplars
from hannun.model.http import Endpoint
from hannun.model.matcher import Matchers
from hannun.model.time import format_seconds
from hannun.query.promql import prepare
from hannun.query.promql.numbers import go_float
from hannun.query.promql.syntax import Node, Selector, children


def endpoints(backend: Backend) -> list[Endpoint]:
    async def query_exemplars(request: Request) -> Response:
        form = await backend.form(request)
        start_ms, end_ms = parameters.window(form)
        if end_ms < start_ms:
            raise bad_data("end timestamp must not be before start timestamp")
        expr = form.one("query")
        asked = await backend.runner.run(request.is_disconnected, lambda: _asked(expr), backend.runner.budget())
        if not asked:
            # Prometheus has nothing to say about an expression that reads nothing.
            return Response(status_code=204)

        def work(budget: Budget) -> list[bytes]:
            found = backend.around.exemplars.exemplars(asked, start_ms, end_ms, backend.limits.exemplars_max, budget)
            budget.check()
            parts = [b"[", *rendered(found), b"]"]
            size = sum(map(len, parts))
            if size > backend.limits.answer_bytes_max:
                raise too_long(size, backend.limits)
            return success(parts)

        return await backend.answer(request, work)

    return [
        Endpoint(method, "/api/v1/query_exemplars", guarded(query_exemplars), Access.VIEW, prefix="/prometheus")
        for method in ("GET", "POST")
    ]


def _asked(expr: str) -> tuple[Matchers, ...]:
    try:
        return tuple(dict.fromkeys(selectors_of(prepare(expr))))
    except BadQuery as err:
        raise bad_data(str(err)) from err


def selectors_of(node: Node) -> Iterator[Matchers]:
    """What every selector of the expression asks for."""
    if isinstance(node, Selector):
        yield node.matchers
    for child in children(node):
        yield from selectors_of(child)


def rendered(found: list[SeriesExemplars]) -> Iterator[bytes]:
    """Series by series; times carry up to three decimals, which no float may round."""
    for index, of in enumerate(found):
        exemplars = [
            b'{"labels":%b,"value":"%b","timestamp":%b}'
            % (*json(dict(one.labels.pairs)), go_float(one.value).encode(), format_seconds(one.ts_ms).encode())
            for one in of.exemplars
        ]
        yield (b"," if index else b"") + b'{"seriesLabels":%b,"exemplars":[%b]}' % (
            *json(dict(of.series.pairs)),
            b",".join(exemplars),
        )
