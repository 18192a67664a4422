"""/loki/api/v1/query, /query_range and /format_query."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from hannun.api.answer import Body, respond
from hannun.api.loki import parameters
from hannun.api.loki.answers import JSON, bare, json, success
from hannun.api.loki.backend import Backend, both_ways
from hannun.api.loki.render import CATEGORIZE, FLAGS_HEADER, lines_answer, series_answer
from hannun.model.budget import Budget
from hannun.model.errors import BadQuery
from hannun.model.http import Endpoint
from hannun.query.logql.found import Lines
from hannun.query.logql.parser import parse
from hannun.query.logql.printer import pretty


def wants_categories(flags: str) -> bool:
    """`X-Loki-Response-Encoding-Flags` is a list with commas."""
    return CATEGORIZE in [flag.strip() for flag in flags.split(",")]


def endpoints(backend: Backend) -> list[Endpoint]:
    async def query(request: Request) -> Response:
        form = await backend.form(request)
        parameters.limit(form)
        parameters.backward(form)
        at_ns = parameters.moment(form, "time", backend.now_ns())
        text = form.one("query")

        def work(budget: Budget) -> list[bytes]:
            return series_answer(backend.engine.instant(text, at_ns, budget))

        return await backend.answer(request, work)

    async def query_range(request: Request) -> Response:
        form = await backend.form(request)
        asked = parameters.ordered(parameters.window(form, backend.now_ns()))
        limit, backward = parameters.limit(form), parameters.backward(form)
        step_ns, interval_ns = parameters.step_ns(form, asked), parameters.interval_ns(form)
        categorized = wants_categories(request.headers.get(FLAGS_HEADER, ""))
        text = form.one("query")

        def work(budget: Budget) -> list[bytes]:
            found = backend.engine.range(
                text,
                asked.start_ns,
                asked.end_ns,
                step_ns,
                budget,
                limit=limit,
                backward=backward,
                interval_ns=interval_ns,
            )
            if isinstance(found, Lines):
                return lines_answer(found, backward=backward, categorized=categorized)
            return series_answer(found)

        return await backend.answer(request, work)

    async def format_query(request: Request) -> Response:
        text = (await backend.form(request)).one("query")
        try:
            return await backend.answer(request, lambda _budget: success([json(pretty(parse(text)))]))
        except BadQuery as err:
            # The one error that Loki itself answers as JSON.
            return respond(Body(tuple(bare({"status": "invalid-query", "error": str(err)}))), 400, media_type=JSON)

    return [
        *both_ways("/loki/api/v1/query", query),
        *both_ways("/loki/api/v1/query_range", query_range),
        *both_ways("/loki/api/v1/format_query", format_query),
    ]
