"""/api/prom/query: the API of Loki before 1.0, for log lines only."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from hannun.api.loki import parameters
from hannun.api.loki.answers import json
from hannun.api.loki.backend import Backend, both_ways
from hannun.api.loki.render import merged, stats
from hannun.model.budget import Budget
from hannun.model.errors import BadQuery
from hannun.model.http import Endpoint
from hannun.model.labels import Labels
from hannun.query.logql.found import FoundLine, Lines
from hannun.query.promql.lexer import go_quote

NOT_LOGS = "legacy endpoints only support streams result type, current type is {kind}"


def rfc3339_nano(ns: int) -> str:
    """As Go prints a time in UTC: no zeros at the end of the fraction."""
    seconds, rest = divmod(ns, 1_000_000_000)
    fraction = f".{rest:09d}".rstrip("0") if rest else ""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}{fraction}Z"


def legacy_streams(lines: list[FoundLine]) -> list[dict[str, Any]]:
    streams: dict[Labels, list[dict[str, str]]] = {}
    for line in lines:
        streams.setdefault(merged(line), []).append({"ts": rfc3339_nano(line.ts_ns), "line": line.line})
    return [{"labels": str(labels), "entries": entries} for labels, entries in streams.items()]


def endpoints(backend: Backend) -> list[Endpoint]:
    async def query(request: Request) -> Response:
        form = await backend.form(request)
        asked = parameters.ordered(parameters.window(form, backend.now_ns()))
        limit, backward = parameters.limit(form), parameters.backward(form)
        text, regexp = form.one("query"), form.one("regexp")
        if regexp:
            text += f" |~ {go_quote(regexp)}"

        def work(budget: Budget) -> list[bytes]:
            step_ns = asked.end_ns - asked.start_ns
            found = backend.engine.range(
                text, asked.start_ns, asked.end_ns, step_ns, budget, limit=limit, backward=backward
            )
            if not isinstance(found, Lines):
                raise BadQuery(NOT_LOGS.format(kind=found.answer.kind))
            body = json({"streams": legacy_streams(list(found.lines))})
            return [body[:-1], b',"stats":', stats(found.statistics), b"}\n"]

        return await backend.answer(request, work)

    return both_ways("/api/prom/query", query)
