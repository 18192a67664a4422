"""GET /api/hannun/v1/errors: the issues that a search finds, with their bars; what completes a search."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from hannun.api.form import Form, read_form
from hannun.api.hannun.backend import Backend
from hannun.api.hannun.errors.backend import ErrorBackend, name_of, numbers, texts
from hannun.api.hannun.errors.shown import issue_json
from hannun.api.hannun.route import Parameter, Route
from hannun.api.hannun.times import count, window
from hannun.model.access import Access
from hannun.model.budget import Budget
from hannun.model.errors import WireError
from hannun.model.issue import IssueQuestion
from hannun.model.issue_search import EVENT_KEYS, ISSUE_KEYS, STATES, Compare, SearchTerm
from hannun.model.text import Text
from hannun.query.issue_search import parse

DEFAULT_SEARCH = "is:unresolved"
LIMIT, LIMIT_MAX = 50, 200
HOUR_MS, DAY_MS = 3_600_000, 86_400_000
SORTS = ("date", "new", "freq", "user", "priority", "trends")
BARS = {"24h": (24, HOUR_MS), "30d": (30, DAY_MS)}
SCOPE = (("service", "service"), ("host", "server_name"), ("release", "release"))
"""Parameters of the scope bar and the key of the search that each stands for."""
BAD_SORT = Text(en='sort "{said}" is not one of {known}', ko='정렬 "{said}": {known} 가운데 하나를 쓰세요')
BAD_BARS = Text(en='bars "{said}" is not one of {known}', ko='막대 "{said}": {known} 가운데 하나를 쓰세요')


def routes(backend: Backend, errors: ErrorBackend) -> list[Route]:
    async def found(request: Request) -> Response:
        form = await read_form(request, backend.limits)
        viewer = name_of(request)
        return await backend.answer(request, lambda budget: page(backend, errors, form, viewer, budget))

    async def keys(request: Request) -> Response:
        form = await read_form(request, backend.limits)

        def work(budget: Budget) -> dict[str, Any]:
            tags = errors.reader.tag_keys(numbers(form, "project"), budget)
            known = sorted(ISSUE_KEYS | EVENT_KEYS | {"has"})
            return {"keys": known, "tags": [key for key in tags if key not in known], "states": sorted(STATES)}

        return await backend.answer(request, work)

    async def values(request: Request) -> Response:
        form = await read_form(request, backend.limits)
        key, prefix = form.one("key")[:200], form.one("prefix")[:200]

        def work(budget: Budget) -> dict[str, Any]:
            return {"values": list(errors.reader.tag_values(numbers(form, "project"), key, prefix, budget))}

        return await backend.answer(request, work)

    return [
        Route("GET", "/errors", found, Access.VIEW, "Issues that a search finds", PARAMETERS),
        Route("GET", "/errors/search/keys", keys, Access.VIEW, "What a search of issues can ask", PARAMETERS[1:2]),
        Route(
            "GET",
            "/errors/search/values",
            values,
            Access.VIEW,
            "Values of a key, the commonest first",
            (Parameter("key", "string", "a key of the search"), Parameter("prefix", "string", "how they begin")),
        ),
    ]


PARAMETERS = (
    Parameter("query", "string", f"in Sentry's search language; {DEFAULT_SEARCH} when left out"),
    Parameter("project", "integer", "only of this project; may come more than once"),
    Parameter("environment", "string", "only of this environment; may come more than once"),
    Parameter("service", "string", "only with events of this service"),
    Parameter("host", "string", "only with events of this host"),
    Parameter("release", "string", "only with events of this release"),
    Parameter("from", "string", "Unix ms or RFC 3339: only with events since; all when left out"),
    Parameter("to", "string", "Unix ms or RFC 3339: only with events before"),
    Parameter("sort", "string", ", ".join(SORTS)),
    Parameter("bars", "string", ", ".join(BARS)),
    Parameter("limit", "integer", f"issues of a page, at most {LIMIT_MAX}"),
    Parameter("cursor", "string", "where the page before ended"),
)


def page(backend: Backend, errors: ErrorBackend, form: Form, viewer: str, budget: Budget) -> dict[str, Any]:
    now_ms = backend.clock.now_ms()
    sort, bars = form.one("sort") or "date", form.one("bars") or "24h"
    if sort not in SORTS:
        raise WireError(BAD_SORT.with_(said=sort[:40], known=", ".join(SORTS)))
    if bars not in BARS:
        raise WireError(BAD_BARS.with_(said=bars[:40], known=", ".join(BARS)))
    text = form.one("query", DEFAULT_SEARCH)
    timed = bool(form.one("from") or form.one("to"))
    start_ms, end_ms = window(form, now_ms, 30 * DAY_MS)
    found = errors.reader.list(
        IssueQuestion(
            terms=(*parse(text, now_ms=now_ms, me=viewer), *_scope(form)),
            projects=numbers(form, "project"),
            environments=texts(form, "environment"),
            start_ms=start_ms if timed else None,
            end_ms=end_ms if timed else None,
            sort=sort,
            limit=count(form, "limit", LIMIT, LIMIT_MAX),
            cursor=form.one("cursor"),
            viewer=viewer,
        ),
        budget,
    )
    steps, step_ms = BARS[bars]
    drawn = _bars(errors, [one.id for one in found.issues], steps, step_ms, now_ms, budget)
    return {
        "query": text,
        "issues": [{**issue_json(one), "bars": drawn.get(one.id, [])} for one in found.issues],
        "bars": {"start_ms": _first_bar(steps, step_ms, now_ms), "step_ms": step_ms, "count": steps},
        "total": found.total,
        "next": found.next_cursor or None,
        "previous": found.previous_cursor or None,
    }


def _scope(form: Form) -> list[SearchTerm]:
    return [Compare(key, "=", values) for name, key in SCOPE if (values := texts(form, name))]


def _first_bar(steps: int, step_ms: int, now_ms: int) -> int:
    """So that the last bar holds this moment."""
    return now_ms // step_ms * step_ms - (steps - 1) * step_ms


def _bars(
    errors: ErrorBackend, issues: list[int], steps: int, step_ms: int, now_ms: int, budget: Budget
) -> dict[int, list[int]]:
    if not issues:
        return {}
    start_ms = _first_bar(steps, step_ms, now_ms)
    found = errors.reader.bars(issues, start_ms, start_ms + steps * step_ms, step_ms, budget)
    return {issue: list(counts)[:steps] for issue, counts in found.items()}


def bars_of(errors: ErrorBackend, issue: int, steps: int, step_ms: int, now_ms: int, budget: Budget) -> dict[str, Any]:
    """The bars of one issue, with their place in time."""
    drawn = _bars(errors, [issue], steps, step_ms, now_ms, budget)
    return {
        "start_ms": _first_bar(steps, step_ms, now_ms),
        "step_ms": step_ms,
        "counts": drawn.get(issue, [0] * steps),
    }
