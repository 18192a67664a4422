"""One issue and what belongs to it: its page, events, tags, hashes; and whose issue an event or a short id is."""

from __future__ import annotations

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from hannun.api.form import read_form
from hannun.api.sentry.answers import NOT_THERE, Page, SentryError
from hannun.api.sentry.backend import SentryBackend, actor_of, endpoint, limit_of, of_list
from hannun.api.sentry.event_json import event_json, row_json
from hannun.api.sentry.find import find_issue, issue_paths
from hannun.api.sentry.issue_json import activity_json, issue_json, tag_json, values_json
from hannun.api.sentry.issue_list import DAY_MS, HOUR_MS, drawn
from hannun.model.access import Access
from hannun.model.budget import Budget
from hannun.model.http import Endpoint
from hannun.model.issue import StoredEvent

ACTIVITY = 100
TAG_VALUES = 10
VALUES_MAX = 100
_CURSOR = re.compile(r"(\d{1,15}):(\d{1,6}):[01]")


def endpoints(backend: SentryBackend) -> list[Endpoint]:
    async def one(request: Request) -> Response:
        backend.check(request)
        said, viewer = request.path_params["issue"], actor_of(request)

        def work(budget: Budget) -> dict[str, Any]:
            issue = find_issue(backend, said, viewer)
            stats = {
                "24h": drawn(backend, [issue.id], 24, HOUR_MS, budget)[issue.id],
                "30d": drawn(backend, [issue.id], 30, DAY_MS, budget)[issue.id],
            }
            acts = backend.reader.activity(issue.id, ACTIVITY)
            return {
                **issue_json(issue, backend, {each.id: each for each in backend.projects()}, stats),
                "activity": [activity_json(act) for act in acts],
                "seenBy": [],
                "participants": [],
                "pluginActions": [],
                "pluginIssues": [],
                "pluginContexts": [],
                "userReportCount": 0,
                "firstRelease": _release(issue.first_release),
                "lastRelease": _release(issue.last_release),
                "tags": [
                    {"key": tag.key, "name": tag.key, "totalValues": tag.events}
                    for tag in backend.reader.tags(issue.id, budget, values=1)
                ],
            }

        return await backend.answer(request, work)

    async def event(request: Request) -> Response:
        backend.check(request)
        form = await read_form(request, backend.limits)
        said, which = request.path_params["issue"], request.path_params["event"]

        def work(budget: Budget) -> dict[str, Any]:
            issue = find_issue(backend, said, "")
            environments = tuple(one for one in form.many("environment") if one)[:100]
            return whole(backend, backend.reader.event(issue.id, which, budget, environments=environments))

        return await backend.answer(request, work)

    async def events(request: Request) -> Response:
        backend.check(request)
        form, said = await read_form(request, backend.limits), request.path_params["issue"]
        before_ms, limit = before_of(form.one("cursor")), limit_of(form)

        def work(budget: Budget) -> Page:
            issue = find_issue(backend, said, "")
            found = backend.reader.events(issue.id, budget, before_ms=before_ms, limit=limit)
            slug = slug_of(backend, issue.project)
            make = event_json if form.flag("full") else row_json
            more = f"{found[-1].ts_ms}:0:0" if len(found) == limit else None
            return Page([make(one, issue, slug) for one in found], next=more)

        return await backend.answer(request, work)

    async def of_project(request: Request) -> Response:
        backend.check(request)
        project, said = request.path_params["project"], request.path_params["event"]

        def work(budget: Budget) -> dict[str, Any]:
            return whole(backend, backend.reader.find_event(backend.project(project).id, said, budget))

        return await backend.answer(request, work)

    async def whose(request: Request) -> Response:
        backend.check(request)
        said = request.path_params["event"]

        def work(budget: Budget) -> dict[str, Any]:
            found = backend.reader.find_event(None, said, budget)
            return {
                "organizationSlug": backend.organisation,
                "projectSlug": slug_of(backend, found.project),
                "groupId": str(found.issue),
                "eventId": found.id,
                "event": whole(backend, found),
            }

        return await backend.answer(request, work)

    async def short_id(request: Request) -> Response:
        backend.check(request)
        said, viewer = request.path_params["short_id"], actor_of(request)

        def work(_: Budget) -> dict[str, Any]:
            issue = find_issue(backend, said, viewer)
            projects = {each.id: each for each in backend.projects()}
            return {
                "organizationSlug": backend.organisation,
                "projectSlug": slug_of(backend, issue.project),
                "groupId": str(issue.id),
                "group": issue_json(issue, backend, projects),
                "shortId": issue.short_id,
            }

        return await backend.answer(request, work)

    async def tags(request: Request) -> Response:
        backend.check(request)
        said = request.path_params["issue"]

        def work(budget: Budget) -> list[dict[str, Any]]:
            issue = find_issue(backend, said, "")
            return [tag_json(one) for one in backend.reader.tags(issue.id, budget, values=TAG_VALUES)]

        return await backend.answer(request, work)

    def one_tag(*, values_alone: bool) -> Any:
        async def tag(request: Request) -> Response:
            backend.check(request)
            form, said = await read_form(request, backend.limits), request.path_params["issue"]
            key = request.path_params["key"]

            def work(budget: Budget) -> dict[str, Any] | Page:
                issue = find_issue(backend, said, "")
                for found in backend.reader.tags(issue.id, budget, values=VALUES_MAX):
                    if found.key == key:
                        return of_list(values_json(found), form) if values_alone else tag_json(found)
                raise SentryError(404, NOT_THERE)

            return await backend.answer(request, work)

        return tag

    async def hashes(request: Request) -> Response:
        backend.check(request)
        form, said = await read_form(request, backend.limits), request.path_params["issue"]

        def work(budget: Budget) -> Page:
            issue = find_issue(backend, said, "")
            latest = backend.reader.events(issue.id, budget, limit=1)
            # Which hash an event came by is not told here; the newest of the issue stands for all of them.
            shown = row_json(latest[0], issue, slug_of(backend, issue.project)) if latest else None
            rows = [{"id": one, "latestEvent": shown, "mergedBySeer": False} for one in backend.reader.hashes(issue.id)]
            return of_list(rows, form)

        return await backend.answer(request, work)

    async def all_tags(request: Request) -> Response:
        backend.check(request)
        form = await read_form(request, backend.limits)

        def work(budget: Budget) -> list[dict[str, Any]]:
            keys = backend.reader.tag_keys(backend.project_ids(form.many("project")), budget)
            return [{"key": key, "name": key} for key in keys]

        return await backend.answer(request, work)

    view = Access.VIEW
    found = []
    for below, handler in (
        ("", one),
        ("events/", events),
        ("events/{event}/", event),
        ("tags/", tags),
        ("tags/{key}/", one_tag(values_alone=False)),
        ("tags/{key}/values/", one_tag(values_alone=True)),
        ("hashes/", hashes),
    ):
        found += [each for path in issue_paths(below) for each in endpoint("GET", path, handler, view)]
    return [
        *found,
        *endpoint("GET", "/projects/{organisation}/{project}/events/{event}/", of_project, view),
        *endpoint("GET", "/organizations/{organisation}/eventids/{event}/", whose, view),
        *endpoint("GET", "/organizations/{organisation}/shortids/{short_id}/", short_id, view),
        *endpoint("GET", "/organizations/{organisation}/tags/", all_tags, view),
    ]


def whole(backend: SentryBackend, event: StoredEvent) -> dict[str, Any]:
    """One event with all that is known of it."""
    return event_json(event, backend.reader.issue(event.issue), slug_of(backend, event.project))


def slug_of(backend: SentryBackend, project: int) -> str:
    return next((one.slug for one in backend.projects() if one.id == project), str(project))


def before_of(cursor: str) -> int | None:
    """Lists of events go on before a time. Raises SentryError."""
    if not cursor or cursor in ("0:0:0", "0:0:1"):
        return None
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise SentryError(400, "Invalid cursor parameter.")
    return int(found[1])


def _release(version: str) -> dict[str, Any] | None:
    return {"version": version, "shortVersion": version.rpartition("@")[2]} if version else None
