"""GET /api/hannun/v1/monitors…: cron jobs, how they stand, and their check-ins."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from hannun.api.form import read_form
from hannun.api.hannun.backend import Backend
from hannun.api.hannun.errors.asked import projects_of
from hannun.api.hannun.errors.kept import KeptBackend
from hannun.api.hannun.route import Parameter, Route
from hannun.api.hannun.times import count
from hannun.model.access import Access
from hannun.model.budget import Budget
from hannun.model.monitor import (
    FAILURE_THRESHOLD,
    MARGIN_MIN,
    MAX_RUNTIME_MIN,
    RECOVERY_THRESHOLD,
    Monitor,
    StoredCheckIn,
)
from hannun.model.sentry_items import Crontab, MonitorConfig

CHECK_INS, CHECK_INS_MAX = 50, 500
FIRST_PROJECT = 1


def routes(backend: Backend, kept: KeptBackend) -> list[Route]:
    async def monitors(request: Request) -> Response:
        projects = projects_of(await read_form(request, backend.limits))

        def work(_: Budget) -> dict[str, Any]:
            return {"monitors": [monitor_json(one) for one in kept.monitors.monitors(projects)]}

        return await backend.answer(request, work)

    async def one(request: Request) -> Response:
        form = await read_form(request, backend.limits)
        slug, limit = request.path_params["slug"], count(form, "limit", CHECK_INS, CHECK_INS_MAX)
        project = next(iter(projects_of(form)), FIRST_PROJECT)
        before = form.one("before")
        before_ms = int(before) if before.isascii() and before.isdecimal() and len(before) < 16 else None

        def work(budget: Budget) -> dict[str, Any]:
            found = kept.monitors.check_ins(project, slug, budget, before_ms=before_ms, limit=limit)
            return {
                **monitor_json(kept.monitors.monitor(project, slug)),
                "check_ins": [check_in_json(one) for one in found],
                "before": found[-1].began_ms if len(found) == limit else None,
            }

        return await backend.answer(request, work)

    project = Parameter("project", "integer", "only of this project")
    return [
        Route("GET", "/monitors", monitors, Access.VIEW, "Cron monitors and how they stand", (project,)),
        Route(
            "GET",
            "/monitors/{slug}",
            one,
            Access.VIEW,
            "One monitor and its check-ins, the newest first",
            (
                Parameter("project", "integer", f"whose monitor it is; {FIRST_PROJECT} without it"),
                Parameter("before", "integer", "Unix ms"),
                Parameter("limit", "integer", f"check-ins, at most {CHECK_INS_MAX}"),
            ),
        ),
    ]


def monitor_json(monitor: Monitor) -> dict[str, Any]:
    return {
        "project": monitor.project,
        "slug": monitor.slug,
        "created_ms": monitor.created_ms,
        "config": None if monitor.config is None else config_json(monitor.config),
        "environments": [
            {
                "environment": one.environment,
                "health": one.health,
                "failing": one.failing,
                "last_ms": one.last_ms or None,
                "due_ms": one.due_ms,
                "running_since_ms": one.open_ms if one.open_id else None,
                "failures": one.failures,
                "successes": one.successes,
            }
            for one in monitor.standings
        ],
    }


def config_json(config: MonitorConfig) -> dict[str, Any]:
    """With the defaults for what was not said."""
    schedule = config.schedule
    return {
        "schedule": (
            {"type": "crontab", "value": schedule.expression}
            if isinstance(schedule, Crontab)
            else {"type": "interval", "value": schedule.value, "unit": schedule.unit}
        ),
        "margin_min": MARGIN_MIN if config.margin_min is None else config.margin_min,
        "max_runtime_min": MAX_RUNTIME_MIN if config.max_runtime_min is None else config.max_runtime_min,
        "timezone": config.timezone or "UTC",
        "failure_threshold": config.failure_threshold or FAILURE_THRESHOLD,
        "recovery_threshold": config.recovery_threshold or RECOVERY_THRESHOLD,
        "owner": config.owner,
    }


def check_in_json(found: StoredCheckIn) -> dict[str, Any]:
    return {
        "id": found.id,
        "environment": found.environment,
        "status": found.status,
        "began_ms": found.began_ms,
        "ended_ms": found.ended_ms,
        "expected_ms": found.expected_ms,
        "duration_s": found.duration_s,
        "release": found.release,
        "trace_id": found.trace_id,
    }
