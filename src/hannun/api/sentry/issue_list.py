"""Lists of issues: searched, sorted, one page of them, with their bars."""

from __future__ import annotations

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from hannun.api.form import Form, read_form
from hannun.api.sentry.answers import Page, SentryError
from hannun.api.sentry.backend import SentryBackend, actor_of, endpoint, limit_of
from hannun.api.sentry.issue_json import bars_json, issue_json
from hannun.api.sentry.times import period_ms, window
from hannun.model.access import Access
from hannun.model.budget import Budget
from hannun.model.http import Endpoint
from hannun.model.issue import IssueQuestion
from hannun.query.issue_search import parse

DEFAULT_QUERY = "is:unresolved"
SORTS = {
    "": "date",
    "date": "date",
    "new": "new",
    "freq": "freq",
    "user": "user",
    "priority": "priority",
    "trends": "trends",
    # Sentry chooses by a score of its own and by when an issue came into the inbox; the last event is nearest to both.
    "recommended": "date",
    "inbox": "date",
}
HOUR_MS, DAY_MS = 3_600_000, 86_400_000
BARS_MAX = 90
_CURSOR = re.compile(r"(-?\d{1,19}):(\d{1,19}):([01])")


def endpoints(backend: SentryBackend) -> list[Endpoint]:
    async def listed(request: Request) -> Response:
        backend.check(request)
        form = await read_form(request, backend.limits)
        viewer, of_project = actor_of(request), request.path_params.get("project")

        def work(budget: Budget) -> Page:
            question = question_of(backend, form, viewer, of_project)
            found = backend.reader.list(question, budget)
            projects = {one.id: one for one in backend.projects()}
            stats = bars_of(backend, form, [one.id for one in found.issues], budget)
            return Page(
                [issue_json(one, backend, projects, stats.get(one.id)) for one in found.issues],
                next=cursor_out(found.next_cursor),
                previous=cursor_out(found.previous_cursor),
                total=found.total,
            )

        return await backend.answer(request, work)

    view = Access.VIEW
    return [
        *endpoint("GET", "/issues/", listed, view),
        *endpoint("GET", "/organizations/{organisation}/issues/", listed, view),
        *endpoint("GET", "/projects/{organisation}/{project}/issues/", listed, view),
    ]


def question_of(backend: SentryBackend, form: Form, viewer: str, of_project: str | None) -> IssueQuestion:
    """Raises SentryError, BadQuery."""
    sort = form.one("sort")
    if sort not in SORTS:
        raise SentryError(400, f'Invalid sort "{sort[:40]}": there are {", ".join(name for name in SORTS if name)}')
    now_ms = backend.clock.now_ms()
    start_ms, end_ms = window(form, now_ms)
    said = form.many("project") if of_project is None else [of_project]
    return IssueQuestion(
        terms=parse(form.one("query", DEFAULT_QUERY), now_ms=now_ms, me=viewer),
        projects=backend.project_ids(said),
        environments=tuple(one for one in form.many("environment") if one)[:100],
        start_ms=start_ms,
        end_ms=end_ms,
        sort=SORTS[sort],
        limit=limit_of(form),
        cursor=cursor_in(form.one("cursor")),
        viewer=viewer,
    )


def bars_of(backend: SentryBackend, form: Form, issues: list[int], budget: Budget) -> dict[int, dict[str, Any]]:
    """`stats` of each issue under the name of the period that was asked for; none with `collapse=stats`."""
    period = form.one("groupStatsPeriod", "24h")
    if not issues or not period or "stats" in form.many("collapse"):
        return {}
    spans_ms = DAY_MS if period == "auto" and not form.one("statsPeriod") else None
    if spans_ms is None:
        spans_ms = period_ms(form.one("statsPeriod") if period == "auto" else period)
    step_ms = HOUR_MS if spans_ms <= 2 * DAY_MS else DAY_MS
    steps = min(max(1, -(-spans_ms // step_ms)), BARS_MAX)
    return {issue: {period: bars} for issue, bars in drawn(backend, issues, steps, step_ms, budget).items()}


def drawn(
    backend: SentryBackend, issues: list[int], steps: int, step_ms: int, budget: Budget
) -> dict[int, list[list[int]]]:
    """Bars of each issue; the last one holds this moment."""
    start_ms = backend.clock.now_ms() // step_ms * step_ms - (steps - 1) * step_ms
    found = backend.reader.bars(issues, start_ms, start_ms + steps * step_ms, step_ms, budget)
    return {
        issue: bars_json(start_ms, step_ms, [int(count) for count in found.get(issue, [0] * steps)][:steps])
        for issue in issues
    }


def cursor_out(cursor: str) -> str | None:
    """The reader's cursor in Sentry's form, `value:id:is_prev`."""
    if not cursor:
        return None
    return f"{cursor[1:]}:1" if cursor.startswith("<") else f"{cursor}:0"


def cursor_in(said: str) -> str:
    """Raises SentryError for what is none of ours."""
    if not said or said in ("0:0:0", "0:0:1"):
        return ""
    found = _CURSOR.fullmatch(said)
    if found is None:
        raise SentryError(400, "Invalid cursor parameter.")
    return f"{'<' if found[3] == '1' else ''}{found[1]}:{found[2]}"
