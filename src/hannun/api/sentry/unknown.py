"""What is not answered here is refused in Sentry's shape, so that its tools can say why."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from hannun.api.sentry.answers import NOT_THERE, detail
from hannun.api.sentry.backend import BASE, PREFIX
from hannun.model.access import Access
from hannun.model.http import Endpoint


def endpoints() -> list[Endpoint]:
    async def nothing(_: Request) -> Response:
        return detail(404, NOT_THERE)

    methods = ("GET", "POST", "PUT", "PATCH", "DELETE")
    return [Endpoint(method, f"{BASE}/{{rest:path}}", nothing, Access.VIEW, PREFIX) for method in methods]
