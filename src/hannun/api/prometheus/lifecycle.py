"""/version, /-/reload and /-/quit: what scripts around a Prometheus call."""

from __future__ import annotations

import asyncio
import logging

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from hannun.api.answer import Body, respond
from hannun.api.prometheus.around import Around
from hannun.api.prometheus.envelope import json
from hannun.api.prometheus.status import build_info
from hannun.model.access import Access
from hannun.model.errors import HannunError
from hannun.model.http import Endpoint

_log = logging.getLogger("hannun.api")
NOT_ENABLED = "Lifecycle API is not enabled."
WRONG_METHOD = "Only POST or PUT requests allowed"


def endpoints(around: Around) -> list[Endpoint]:
    # Two at once would read the same files and apply them in any order.
    one_at_a_time = asyncio.Lock()

    async def version(_request: Request) -> Response:
        return respond(Body(json(build_info())))

    async def reload(_request: Request) -> Response:
        if around.reload is None:
            return PlainTextResponse(NOT_ENABLED, 403)
        try:
            async with one_at_a_time:
                await around.reload()
        except HannunError as err:
            _log.warning("reload refused, the configuration in force stays: %s", err.say("en"))
            return PlainTextResponse(f"failed to reload config: {err.say('en')}\n", 500)
        return Response(status_code=200)

    async def quit_(_request: Request) -> Response:
        """Who may stop this process is the machine's affair (systemd, SIGTERM), not that of whoever reaches HTTP."""
        return PlainTextResponse(NOT_ENABLED, 403)

    async def wrong_method(_request: Request) -> Response:
        return PlainTextResponse(WRONG_METHOD, 405, {"allow": "POST, PUT"})

    prefix = "/prometheus"
    return [
        Endpoint("GET", "/version", version, Access.VIEW, prefix),
        *(Endpoint(method, "/-/reload", reload, Access.ADMIN, prefix) for method in ("POST", "PUT")),
        *(Endpoint(method, "/-/quit", quit_, Access.ADMIN, prefix) for method in ("POST", "PUT")),
        *(Endpoint("GET", path, wrong_method, Access.PUBLIC, prefix) for path in ("/-/reload", "/-/quit")),
    ]
