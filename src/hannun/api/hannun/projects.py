"""GET /api/hannun/v1/projects: each project with the DSN that its clients are given."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from hannun.api.hannun.backend import Backend
from hannun.api.hannun.route import Route
from hannun.model.access import Access
from hannun.model.account import Project
from hannun.model.budget import Budget


def routes(backend: Backend) -> list[Route]:
    async def projects(request: Request) -> Response:
        def work(_budget: Budget) -> list[dict[str, Any]]:
            sources = backend.sources
            return [
                {"id": project.id, "name": project.slug, "dsn": dsn(sources.url, project)}
                for project in sources.projects()
            ]

        return await backend.answer(request, work)

    return [Route("GET", "/projects", projects, Access.VIEW, "Projects and their DSNs")]


def dsn(url: str, project: Project) -> str:
    """`http://KEY@HOST:PORT/ID`, a base path before the id; "" for a project without a live key."""
    if not project.keys:
        return ""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{project.keys[0]}@{rest.rstrip('/')}/{project.id}"
