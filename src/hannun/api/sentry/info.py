"""Who asks and what is here: `/api/0/`, users, organisations and what stands directly below one."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from hannun.api.form import read_form
from hannun.api.sentry import answers
from hannun.api.sentry.backend import SentryBackend, endpoint, of_list
from hannun.api.sentry.shown import organisation_json, team_json, user_json
from hannun.model.access import Access, Principal, Role
from hannun.model.budget import Budget
from hannun.model.http import Endpoint, principal_of

VIEW_SCOPES = ("org:read", "project:read", "team:read", "member:read", "event:read", "alerts:read")
EDIT_SCOPES = ("org:ci", "project:write", "project:releases", "event:write", "event:admin", "alerts:write")
ADMIN_SCOPES = ("org:write", "org:admin", "project:admin", "team:write", "team:admin", "member:write", "member:admin")


def endpoints(backend: SentryBackend) -> list[Endpoint]:
    async def root(request: Request) -> Response:
        principal = principal_of(request)
        user = None if principal.user is None else user_json(principal.user)
        return answers.json({"version": "0", "auth": {"scopes": list(scopes(principal))}, "user": user})

    async def me(request: Request) -> Response:
        principal = principal_of(request)
        if principal.user is None:
            # A token of the command line belongs to nobody; who asks for a person is given its name.
            name = principal.token_name or "hannun"
            return answers.json({"id": "0", "name": name, "username": name, "email": ""})
        return answers.json(user_json(principal.user))

    async def regions(_: Request) -> Response:
        return answers.json({"regions": [{"name": backend.organisation, "url": backend.url}]})

    async def organisations(request: Request) -> Response:
        form = await read_form(request, backend.limits)
        return await backend.answer(request, lambda _: of_list([organisation_json(backend)], form))

    async def organisation(request: Request) -> Response:
        backend.check(request)

        def work(_: Budget) -> dict[str, Any]:
            projects = backend.projects()
            return {
                **organisation_json(backend),
                "projects": [{"id": str(one.id), "slug": one.slug, "name": one.name} for one in projects],
                "teams": [team_json(backend)],
                "access": list(scopes(principal_of(request))),
            }

        return await backend.answer(request, work)

    async def teams(request: Request) -> Response:
        backend.check(request)
        form = await read_form(request, backend.limits)
        return await backend.answer(request, lambda _: of_list([team_json(backend)], form))

    async def members(request: Request) -> Response:
        backend.check(request)
        form = await read_form(request, backend.limits)
        return await backend.answer(
            request,
            lambda _: of_list([{**user_json(one), "user": user_json(one)} for one in backend.users()], form),
        )

    async def repos(request: Request) -> Response:
        # Nothing here reads repositories: commits come with what sentry-cli found in the local one.
        backend.check(request)
        form = await read_form(request, backend.limits)
        return await backend.answer(request, lambda _: of_list([], form))

    view = Access.VIEW
    return [
        *endpoint("GET", "/", root, view),
        *endpoint("GET", "/users/me/", me, view),
        *endpoint("GET", "/users/me/regions/", regions, view),
        *endpoint("GET", "/organizations/", organisations, view),
        *endpoint("GET", "/organizations/{organisation}/", organisation, view),
        *endpoint("GET", "/organizations/{organisation}/teams/", teams, view),
        *endpoint("GET", "/organizations/{organisation}/members/", members, Access.ADMIN),
        *endpoint("GET", "/organizations/{organisation}/users/", members, Access.ADMIN),
        *endpoint("GET", "/organizations/{organisation}/repos/", repos, view),
    ]


def scopes(principal: Principal) -> tuple[str, ...]:
    """Sentry's scopes that come to what this role may do here."""
    role = principal.role
    if role is None:
        return ()
    found: tuple[str, ...] = VIEW_SCOPES
    if role >= Role.EDITOR:
        found += EDIT_SCOPES
    return found + ADMIN_SCOPES if role >= Role.ADMIN else found
