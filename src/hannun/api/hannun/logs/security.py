"""GET /api/hannun/v1/logs/security: how many lines spoke of an attack or of special rights, by kind.

Every line is counted as it comes, so this asks the counters and reads no line.
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from hannun.api.form import Form, read_form
from hannun.api.hannun.backend import Backend
from hannun.api.hannun.logs.backend import LogBackend
from hannun.api.hannun.logs.lines import HOUR_MS, SEARCH
from hannun.api.hannun.route import Route
from hannun.api.hannun.times import window
from hannun.model.access import Access
from hannun.model.budget import Budget
from hannun.model.labels import quoted

METRIC = "security_events_total"
# A counter that began within the range has all it says since then, which increase() of its first sample is not.
COUNTED = "sum by (kind) ((max_over_time({of}[{s}s]) unless {of} offset {s}s) or increase({of}[{s}s]))"


def routes(backend: Backend, logs: LogBackend) -> list[Route]:
    security = logs.security
    if security is None:
        return []

    async def counted(request: Request) -> Response:
        form = await read_form(request, backend.limits)
        start_ms, end_ms = window(form, backend.clock.now_ms(), HOUR_MS)

        def work(budget: Budget) -> dict[str, Any]:
            expr = COUNTED.format(of=METRIC + _scope(form), s=max(1, (end_ms - start_ms) // 1000))
            answer = backend.engine.instant(expr, end_ms, budget)
            lines = {
                labels.get("kind", ""): round(float(row[0]))
                for labels, row, there in zip(answer.labels, answer.values, answer.present, strict=True)
                if there[0]
            }
            kinds = [
                {"kind": kind, "title": title, "lines": lines[kind], "search": f"security:{kind}"}
                for kind, title in security.kinds.items()
                if lines.get(kind, 0) > 0
            ]
            return {"kinds": sorted(kinds, key=lambda one: -lines[one["kind"]])}

        return await backend.answer(request, work)

    return [Route("GET", "/logs/security", counted, Access.VIEW, "Lines that speak of attacks, by kind", SEARCH[1:])]


def _scope(form: Form) -> str:
    """The parts of the scope that the counters know."""
    said = [f"{name}={quoted(value)}" for name in ("service", "host") if (value := form.one(name))]
    return "{" + ", ".join(said) + "}" if said else ""
