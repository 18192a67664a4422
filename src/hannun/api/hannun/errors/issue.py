"""GET /api/hannun/v1/errors/{issue}…: one issue, its events, its tags, what happened to it, and why it is one."""

from __future__ import annotations

from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from hannun.api.form import read_form
from hannun.api.hannun.backend import Backend
from hannun.api.hannun.errors.backend import ErrorBackend, issue_of, name_of, texts
from hannun.api.hannun.errors.shown import activity_json, issue_json, tag_json
from hannun.api.hannun.errors.stream import BARS, bars_of
from hannun.api.hannun.route import Parameter, Route
from hannun.api.hannun.times import count
from hannun.model.access import Access
from hannun.model.budget import Budget
from hannun.model.issue import StoredEvent

EVENTS, EVENTS_MAX = 50, 200
ACTIVITY = 100
TAG_VALUES, TAG_VALUES_MAX = 10, 100
SIMILAR = 10


def routes(backend: Backend, errors: ErrorBackend) -> list[Route]:
    async def one(request: Request) -> Response:
        said, viewer = request.path_params["issue"], name_of(request)

        def work(budget: Budget) -> dict[str, Any]:
            issue = issue_of(errors, said, viewer)
            now_ms = backend.clock.now_ms()
            return {
                **issue_json(issue),
                "bars": {name: bars_of(errors, issue.id, *BARS[name], now_ms, budget) for name in BARS},
                "activity": [activity_json(act) for act in errors.reader.activity(issue.id, ACTIVITY)],
                "hashes": list(errors.reader.hashes(issue.id)),
            }

        return await backend.answer(request, work)

    async def event(request: Request) -> Response:
        form = await read_form(request, backend.limits)
        said, which = request.path_params["issue"], request.path_params["which"]

        def work(budget: Budget) -> dict[str, Any]:
            issue = issue_of(errors, said, "")
            found = errors.reader.event(issue.id, which, budget, environments=texts(form, "environment"))
            return event_json(found)

        return await backend.answer(request, work)

    async def events(request: Request) -> Response:
        form = await read_form(request, backend.limits)
        said, limit = request.path_params["issue"], count(form, "limit", EVENTS, EVENTS_MAX)
        before = form.one("before")
        before_ms = int(before) if before.isascii() and before.isdecimal() and len(before) < 16 else None

        def work(budget: Budget) -> dict[str, Any]:
            issue = issue_of(errors, said, "")
            found = errors.reader.events(issue.id, budget, before_ms=before_ms, limit=limit)
            return {
                "events": [row_json(one) for one in found],
                "before": found[-1].ts_ms if len(found) == limit else None,
            }

        return await backend.answer(request, work)

    async def tags(request: Request) -> Response:
        form = await read_form(request, backend.limits)
        said, values = request.path_params["issue"], count(form, "values", TAG_VALUES, TAG_VALUES_MAX)

        def work(budget: Budget) -> dict[str, Any]:
            issue = issue_of(errors, said, "")
            return {"tags": [tag_json(tag) for tag in errors.reader.tags(issue.id, budget, values=values)]}

        return await backend.answer(request, work)

    async def similar(request: Request) -> Response:
        said = request.path_params["issue"]

        def work(budget: Budget) -> dict[str, Any]:
            issue = issue_of(errors, said, "")
            return {"issues": [issue_json(other) for other in errors.reader.similar(issue.id, budget, SIMILAR)]}

        return await backend.answer(request, work)

    async def grouping(request: Request) -> Response:
        said, which = request.path_params["issue"], request.path_params["which"]

        def work(budget: Budget) -> dict[str, Any]:
            issue = issue_of(errors, said, "")
            found = errors.reader.event(issue.id, which, budget)
            told = errors.explain(found.project, orjson.loads(found.payload))
            return {
                "version": told.version,
                "reason": told.reason,
                "hashes": list(told.hashes),
                "variants": [dict(variant) for variant in told.variants],
            }

        return await backend.answer(request, work)

    async def find(request: Request) -> Response:
        event_id = request.path_params["event"].replace("-", "").lower()

        def work(budget: Budget) -> dict[str, Any]:
            found = errors.reader.find_event(None, event_id, budget)
            return {"issue": found.issue, "project": found.project, "event": found.id}

        return await backend.answer(request, work)

    which = "an event's id, `latest`, `oldest` or `recommended`"
    return [
        Route("GET", "/errors/events/{event}", find, Access.VIEW, "The issue of an event"),
        Route("GET", "/errors/{issue}", one, Access.VIEW, "One issue, by number or short id"),
        Route(
            "GET",
            "/errors/{issue}/events",
            events,
            Access.VIEW,
            "Events of an issue, the newest first",
            (Parameter("before", "integer", "Unix ms"), Parameter("limit", "integer", f"at most {EVENTS_MAX}")),
        ),
        Route(
            "GET",
            "/errors/{issue}/events/{which}",
            event,
            Access.VIEW,
            f"One event whole: {which}",
            (Parameter("environment", "string", "only of this environment"),),
        ),
        Route(
            "GET", "/errors/{issue}/events/{which}/grouping", grouping, Access.VIEW, f"Why it was grouped so: {which}"
        ),
        Route(
            "GET",
            "/errors/{issue}/tags",
            tags,
            Access.VIEW,
            "How the tags of an issue are spread",
            (Parameter("values", "integer", "values of each tag"),),
        ),
        Route("GET", "/errors/{issue}/similar", similar, Access.VIEW, "Issues that look alike"),
    ]


def event_json(found: StoredEvent) -> dict[str, Any]:
    return {
        **row_json(found),
        "issue": found.issue,
        "project": found.project,
        "previous": found.previous_id or None,
        "next": found.next_id or None,
        "payload": orjson.loads(found.payload),
    }


def row_json(found: StoredEvent) -> dict[str, Any]:
    return {
        "id": found.id,
        "ts_ms": found.ts_ms,
        "received_ms": found.received_ms,
        "tags": dict(found.tags),
    }
