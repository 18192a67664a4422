"""GET /api/hannun/v1/releases…: releases with what is new in them, their commits and deploys."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from hannun.api.form import read_form
from hannun.api.hannun.backend import Backend
from hannun.api.hannun.errors.backend import numbers
from hannun.api.hannun.route import Parameter, Route
from hannun.api.hannun.times import count
from hannun.model.access import Access
from hannun.model.budget import Budget
from hannun.model.errors import WireError
from hannun.model.release_record import SORTS, Commit, Deploy, ReleaseDesk, ReleaseQuestion, ReleaseRecord
from hannun.model.text import Text

LIMIT, LIMIT_MAX, OFFSET_MAX = 50, 100, 100_000
BAD_SORT = Text(en='sort "{said}" is not one of {known}', ko='정렬 "{said}": {known} 가운데 하나를 쓰세요')


def routes(backend: Backend, releases: ReleaseDesk) -> list[Route]:
    async def listed(request: Request) -> Response:
        form = await read_form(request, backend.limits)

        def work(_: Budget) -> dict[str, Any]:
            sort = form.one("sort") or SORTS[0]
            if sort not in SORTS:
                raise WireError(BAD_SORT.with_(said=sort[:40], known=", ".join(SORTS)))
            offset = 0 if form.one("offset") == "0" else count(form, "offset", 0, OFFSET_MAX)
            found = releases.list(
                ReleaseQuestion(
                    projects=numbers(form, "project"),
                    text=form.one("query")[:200],
                    sort=sort,
                    archived=None if form.flag("archived") else False,
                    offset=offset,
                    limit=count(form, "limit", LIMIT, LIMIT_MAX),
                )
            )
            return {"releases": [release_json(one) for one in found.releases], "total": found.total, "offset": offset}

        return await backend.answer(request, work)

    async def one(request: Request) -> Response:
        version = request.path_params["version"]

        def work(_: Budget) -> dict[str, Any]:
            return {
                **release_json(releases.one(version)),
                "commit_list": [commit_json(each) for each in releases.commits(version)],
                "deploy_list": [deploy_json(each) for each in releases.deploys(version)],
            }

        return await backend.answer(request, work)

    return [
        Route("GET", "/releases", listed, Access.VIEW, "Releases, the newest first", PARAMETERS),
        Route("GET", "/releases/{version}", one, Access.VIEW, "One release with its commits and deploys"),
    ]


PARAMETERS = (
    Parameter("project", "integer", "only of this project; may come more than once"),
    Parameter("query", "string", "part of the version"),
    Parameter("sort", "string", ", ".join(SORTS)),
    Parameter("archived", "boolean", "archived ones too"),
    Parameter("limit", "integer", f"releases of a page, at most {LIMIT_MAX}"),
    Parameter("offset", "integer", "how many to leave out"),
)


def release_json(one: ReleaseRecord) -> dict[str, Any]:
    return {
        "version": one.version,
        "projects": list(one.projects),
        "created_ms": one.created_ms,
        "started_ms": one.started_ms,
        "released_ms": one.released_ms,
        "archived": one.archived,
        "ref": one.ref,
        "url": one.url,
        "first_event_ms": one.first_event_ms,
        "last_event_ms": one.last_event_ms,
        "new_issues": sum(one.new_issues.values()),
        "commits": one.commits,
        "head": None if one.head is None else commit_json(one.head),
        "authors": [{"name": name, "email": email} for name, email in one.authors],
        "deploys": one.deploys,
        "deployed": None if one.deployed is None else deploy_json(one.deployed),
    }


def commit_json(one: Commit) -> dict[str, Any]:
    return {
        "sha": one.sha,
        "message": one.message,
        "author_name": one.author_name,
        "author_email": one.author_email,
        "at_ms": one.at_ms,
        "repository": one.repository,
        "files": [{"path": path, "how": how} for path, how in one.files],
    }


def deploy_json(one: Deploy) -> dict[str, Any]:
    return {
        "id": one.id,
        "environment": one.environment,
        "name": one.name,
        "url": one.url,
        "started_ms": one.started_ms,
        "finished_ms": one.finished_ms,
    }
