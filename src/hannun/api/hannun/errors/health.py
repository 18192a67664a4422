"""GET /api/hannun/v1/releases/health…: which part of sessions and users saw no crash, per release and hour."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from hannun.api.form import Form, read_form
from hannun.api.hannun.backend import Backend
from hannun.api.hannun.errors.asked import DAY_MS, projects_of
from hannun.api.hannun.errors.backend import texts
from hannun.api.hannun.errors.kept import KeptBackend
from hannun.api.hannun.route import Parameter, Route
from hannun.api.hannun.times import count, window
from hannun.model.access import Access
from hannun.model.budget import Budget
from hannun.model.release_health import HealthQuestion, ReleaseHealth, SessionTotals

LIMIT, LIMIT_MAX = 50, 500


def routes(backend: Backend, kept: KeptBackend) -> list[Route]:
    def question(form: Form) -> HealthQuestion:
        start_ms, end_ms = window(form, backend.clock.now_ms(), DAY_MS)
        limit = count(form, "limit", LIMIT, LIMIT_MAX)
        return HealthQuestion(start_ms, end_ms + 1, projects_of(form), texts(form, "environment"), limit)

    async def releases(request: Request) -> Response:
        asked = question(await read_form(request, backend.limits))

        def work(budget: Budget) -> dict[str, Any]:
            found = kept.health.releases(asked, budget)
            return {
                "from_ms": asked.start_ms,
                "to_ms": asked.end_ms - 1,
                "releases": [release_json(one) for one in found],
            }

        return await backend.answer(request, work)

    async def hours(request: Request) -> Response:
        form = await read_form(request, backend.limits)
        asked, release = question(form), form.one("release")

        def work(budget: Budget) -> dict[str, Any]:
            found = kept.health.hours(asked, release, budget)
            return {"hours": [{"start_ms": one.start_ms, **totals_json(one.totals)} for one in found]}

        return await backend.answer(request, work)

    asked = (
        Parameter("project", "integer", "only of this project; may come more than once"),
        Parameter("environment", "string", "only of this environment; may come more than once"),
        Parameter("from", "string", "Unix ms or RFC 3339; a day before `to`"),
        Parameter("to", "string", "Unix ms or RFC 3339; now"),
    )
    return [
        Route(
            "GET",
            "/releases/health",
            releases,
            Access.VIEW,
            "Crash-free sessions and users of each release, and how many use it",
            (*asked, Parameter("limit", "integer", f"releases, at most {LIMIT_MAX}")),
        ),
        Route(
            "GET",
            "/releases/health/hours",
            hours,
            Access.VIEW,
            "The same for each hour, of one release or of all together",
            (*asked, Parameter("release", "string", "all without it")),
        ),
    ]


def release_json(one: ReleaseHealth) -> dict[str, Any]:
    return {
        "project": one.project,
        "release": one.release,
        "first_ms": one.first_ms,
        "last_ms": one.last_ms,
        "adoption": one.adoption,
        "user_adoption": one.user_adoption,
        **totals_json(one.totals),
    }


def totals_json(totals: SessionTotals) -> dict[str, Any]:
    return {
        "sessions": totals.sessions,
        "healthy": totals.healthy,
        "errored": totals.errored,
        "unhandled": totals.unhandled,
        "abnormal": totals.abnormal,
        "crashed": totals.crashed,
        "users": totals.users,
        "crashed_users": totals.crashed_users,
        "crash_free_sessions": totals.crash_free_sessions,
        "crash_free_users": totals.crash_free_users,
    }
