"""Projects and their DSN keys."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from hannun.api.form import read_form
from hannun.api.sentry.answers import Page
from hannun.api.sentry.backend import SentryBackend, endpoint, of_list
from hannun.api.sentry.shown import key_json, organisation_json, project_json, team_json
from hannun.model.access import Access
from hannun.model.budget import Budget
from hannun.model.http import Endpoint


def endpoints(backend: SentryBackend) -> list[Endpoint]:
    async def projects(request: Request) -> Response:
        backend.check(request)
        form = await read_form(request, backend.limits)
        return await backend.answer(
            request, lambda _: of_list([project_json(backend, one) for one in backend.projects()], form)
        )

    async def one(request: Request) -> Response:
        backend.check(request)
        said = request.path_params["project"]

        def work(_: Budget) -> dict[str, Any]:
            project = backend.project(said)
            return {
                **project_json(backend, project),
                "organization": organisation_json(backend),
                "team": team_json(backend),
                "options": {},
            }

        return await backend.answer(request, work)

    async def keys(request: Request) -> Response:
        backend.check(request)
        form = await read_form(request, backend.limits)
        said = request.path_params["project"]

        def work(_: Budget) -> Page:
            project = backend.project(said)
            return of_list([key_json(backend, project, key) for key in project.keys], form)

        return await backend.answer(request, work)

    view = Access.VIEW
    return [
        *endpoint("GET", "/projects/", projects, view),
        *endpoint("GET", "/organizations/{organisation}/projects/", projects, view),
        *endpoint("GET", "/teams/{organisation}/{team}/projects/", projects, view),
        *endpoint("GET", "/projects/{organisation}/{project}/", one, view),
        # A key lets its holder send; who may read what was sent may know it.
        *endpoint("GET", "/projects/{organisation}/{project}/keys/", keys, view),
    ]
