"""GET /api/hannun/v1/logs: lines that a search finds, the newest first, page by page."""

from __future__ import annotations

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from hannun.api.form import Form, read_form
from hannun.api.hannun.backend import Backend
from hannun.api.hannun.logs.backend import Asked, AskedNumbers, LogBackend, read
from hannun.api.hannun.logs.shown import Shown
from hannun.api.hannun.route import Parameter, Route
from hannun.api.hannun.times import count, window
from hannun.model.access import Access
from hannun.model.budget import Budget
from hannun.model.errors import WireError
from hannun.model.text import Text

LIMIT, LIMIT_MAX = 200, 5_000
SKIPPED_MAX = 100_000
HOUR_MS = 3_600_000
BAD_CURSOR = Text(en="the cursor is none that this page gave", ko="이 화면이 준 커서가 아닙니다")
_CURSOR = re.compile(r"([0-9]{1,19})-([0-9]{1,6})")
SEARCH = (
    Parameter("q", "string", "words, field:value or LogQL"),
    Parameter("from", "string", "Unix ms or RFC 3339; an hour ago by default"),
    Parameter("to", "string", "Unix ms or RFC 3339; now by default"),
    Parameter("service", "string", "only lines of this service"),
    Parameter("environment", "string", "only lines of this environment"),
    Parameter("host", "string", "only lines of this host"),
)


def routes(backend: Backend, logs: LogBackend) -> list[Route]:
    async def found(request: Request) -> Response:
        form = await read_form(request, backend.limits)
        times = window(form, backend.clock.now_ms(), HOUR_MS)
        limit = count(form, "limit", LIMIT, LIMIT_MAX)
        return await backend.answer(request, lambda budget: page(logs, form, times, limit, budget))

    return [
        Route(
            "GET",
            "/logs",
            found,
            Access.VIEW,
            "Log lines, the newest first; `cursor` of an answer leads to the next page",
            (
                *SEARCH,
                Parameter("limit", "integer", f"lines of a page, at most {LIMIT_MAX}"),
                Parameter("cursor", "string", "where the page before ended"),
            ),
        )
    ]


def page(logs: LogBackend, form: Form, times: tuple[int, int], limit: int, budget: Budget) -> dict[str, Any]:
    asked = read(logs, form, times, budget)
    query = {
        "kind": asked.understood.kind,
        "logql": asked.understood.logql,
        "words": list(asked.understood.words),
    }
    if isinstance(asked, AskedNumbers):
        # `logs/series` draws it; here it is only told apart, since one box takes both.
        return {"query": query, "lines": [], "streams": [], "cursor": None}
    end_ns, skipped = _begin(asked, form.one("cursor"))
    answer = logs.evaluator.select(asked.query, asked.start_ns, end_ns, limit + skipped, True, 0, budget)
    lines = answer.lines[skipped:]
    shown = Shown()
    return {
        "query": query,
        "lines": shown.lines(lines),
        "streams": shown.streams,
        "cursor": _next(answer.lines, limit + skipped) if lines else None,
    }


def _begin(asked: Asked, cursor: str) -> tuple[int, int]:
    """Where the page ends in time (exclusive), and how many lines of its last moment were shown before."""
    if not cursor:
        return asked.end_ns, 0
    found = _CURSOR.fullmatch(cursor)
    if found is None or int(found[2]) > SKIPPED_MAX:
        raise WireError(BAD_CURSOR)
    return min(int(found[1]) + 1, asked.end_ns), int(found[2])


def _next(lines: Any, asked_for: int) -> str | None:
    """The moment of the last line and how many lines have it: the next page begins with that moment again."""
    if len(lines) < asked_for:
        return None
    last_ns = lines[-1].ts_ns
    same = 0
    for line in reversed(lines):
        if line.ts_ns != last_ns:
            break
        same += 1
    return f"{last_ns}-{same}"
