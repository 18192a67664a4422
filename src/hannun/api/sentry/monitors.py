"""Cron monitors and their check-ins. What a monitor expects comes with its check-ins, so nothing is made here."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from hannun.api.form import read_form
from hannun.api.sentry.answers import NOT_THERE, Page, SentryError, iso
from hannun.api.sentry.backend import SentryBackend, endpoint, limit_of, of_list
from hannun.api.sentry.issue import before_of
from hannun.api.sentry.shown import project_json
from hannun.model.access import Access
from hannun.model.account import Project
from hannun.model.budget import Budget
from hannun.model.http import Endpoint
from hannun.model.monitor import (
    FAILURE_THRESHOLD,
    MARGIN_MIN,
    MAX_RUNTIME_MIN,
    RECOVERY_THRESHOLD,
    Monitor,
    MonitorReader,
    Standing,
    StoredCheckIn,
)
from hannun.model.sentry_items import Crontab, MonitorConfig


def endpoints(backend: SentryBackend, monitors: MonitorReader) -> list[Endpoint]:
    def find(request: Request) -> Monitor:
        """By slug, of the project in the path or of whichever has it first. Raises SentryError."""
        slug, said = request.path_params["monitor"], request.path_params.get("project")
        projects = () if said is None else (backend.project(said).id,)
        for one in monitors.monitors(projects):
            if one.slug == slug:
                return one
        raise SentryError(404, NOT_THERE)

    async def listed(request: Request) -> Response:
        backend.check(request)
        form = await read_form(request, backend.limits)

        def work(_: Budget) -> Page:
            projects = {one.id: one for one in backend.projects()}
            found = monitors.monitors(backend.project_ids(form.many("project")))
            rows = [monitor_json(backend, one, projects[one.project]) for one in found if one.project in projects]
            return of_list(rows, form)

        return await backend.answer(request, work)

    async def one(request: Request) -> Response:
        backend.check(request)

        def work(_: Budget) -> dict[str, Any]:
            found = find(request)
            return monitor_json(backend, found, backend.project(str(found.project)))

        return await backend.answer(request, work)

    async def check_ins(request: Request) -> Response:
        backend.check(request)
        form = await read_form(request, backend.limits)
        before_ms, limit = before_of(form.one("cursor")), limit_of(form)

        def work(budget: Budget) -> Page:
            found = find(request)
            rows = monitors.check_ins(found.project, found.slug, budget, before_ms=before_ms, limit=limit)
            more = f"{rows[-1].began_ms}:0:0" if len(rows) == limit else None
            return Page([check_in_json(row, found) for row in rows], next=more)

        return await backend.answer(request, work)

    organisation, project = "/organizations/{organisation}/monitors/", "/projects/{organisation}/{project}/monitors/"
    return [
        *endpoint("GET", organisation, listed, Access.VIEW),
        *[
            each
            for base in (organisation, project)
            for below, handler in (("{monitor}/", one), ("{monitor}/checkins/", check_ins))
            for each in endpoint("GET", base + below, handler, Access.VIEW)
        ],
    ]


def monitor_json(backend: SentryBackend, monitor: Monitor, project: Project) -> dict[str, Any]:
    return {
        "id": monitor.slug,
        "slug": monitor.slug,
        "name": monitor.slug,
        "status": "active",
        "isMuted": False,
        "isUpserting": True,
        "config": config_json(monitor.config),
        "dateCreated": iso(monitor.created_ms),
        "project": project_json(backend, project),
        "environments": [standing_json(one) for one in monitor.standings],
        "owner": None,
    }


def config_json(config: MonitorConfig | None) -> dict[str, Any]:
    """Empty for a monitor that only its check-ins tell of."""
    if config is None:
        return {}
    schedule = config.schedule
    return {
        "schedule_type": "crontab" if isinstance(schedule, Crontab) else "interval",
        "schedule": schedule.expression if isinstance(schedule, Crontab) else [schedule.value, schedule.unit],
        "checkin_margin": MARGIN_MIN if config.margin_min is None else config.margin_min,
        "max_runtime": MAX_RUNTIME_MIN if config.max_runtime_min is None else config.max_runtime_min,
        "timezone": config.timezone or "UTC",
        "failure_issue_threshold": config.failure_threshold or FAILURE_THRESHOLD,
        "recovery_threshold": config.recovery_threshold or RECOVERY_THRESHOLD,
        "alert_rule_id": None,
    }


def standing_json(one: Standing) -> dict[str, Any]:
    return {
        "name": one.environment,
        "status": one.health,
        "isMuted": False,
        "lastCheckIn": iso(one.last_ms or None),
        "nextCheckIn": iso(one.due_ms),
        "activeIncident": {} if one.failing else None,
    }


def check_in_json(one: StoredCheckIn, monitor: Monitor) -> dict[str, Any]:
    return {
        "id": one.id,
        "environment": one.environment,
        "status": one.status,
        "duration": None if one.duration_s is None else round(one.duration_s * 1000),
        "dateCreated": iso(one.began_ms),
        "dateAdded": iso(one.began_ms),
        "dateUpdated": iso(one.ended_ms if one.ended_ms is not None else one.began_ms),
        "expectedTime": iso(one.expected_ms),
        "monitorConfig": config_json(monitor.config),
    }
