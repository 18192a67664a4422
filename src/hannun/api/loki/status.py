"""What people, orchestrators and Grafana ask a Loki about itself: ready, config, services, rings, build, log level."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from hannun import __version__
from hannun.api.answer import Body, respond
from hannun.api.loki.answers import JSON, bare, guarded, plain
from hannun.api.loki.backend import PREFIX, Backend
from hannun.model.access import Access
from hannun.model.http import Endpoint, Handler

SPEAKS_AS = "3.5.0"
"""Grafana switches features by this version: a Loki of the 3.x line."""
SERVICES = (
    "analytics", "cache-generation-loader", "compactor", "distributor", "ingester", "ingester-querier",
    "memberlist-kv", "querier", "query-frontend", "query-scheduler", "ring", "ruler", "server", "store",
)  # fmt: skip
LEVELS = ("debug", "info", "warn", "error")
_LEVEL_OF = {"debug": logging.DEBUG, "info": logging.INFO, "warn": logging.WARNING, "error": logging.ERROR}
_NO_RING = "<!doctype html><title>ring</title><h1>One process</h1><p>There is no ring: Hannun is one process.</p>\n"


@dataclass(frozen=True, slots=True)
class LokiFacts:
    """`config_text`: the configuration in force, as YAML; `ready`: why the server is not, or ""."""

    config_text: Callable[[], str] = str
    ready: Callable[[], str] = str


def build_info() -> dict[str, str]:
    return {
        "version": SPEAKS_AS,
        "revision": f"hannun-{__version__}",
        "branch": "hannun",
        "buildUser": "hannun",
        "buildDate": "",
        "goVersion": "",
    }


def level_name(logger: logging.Logger) -> str:
    return next((name for name in LEVELS if logger.getEffectiveLevel() <= _LEVEL_OF[name]), LEVELS[-1])


def endpoints(backend: Backend, facts: LokiFacts) -> list[Endpoint]:
    logger = logging.getLogger("hannun")

    async def ready(_request: Request) -> Response:
        why = facts.ready()
        return plain(f"{why}\n", 503) if why else PlainTextResponse("ready\n")

    async def config(_request: Request) -> Response:
        return PlainTextResponse(facts.config_text(), media_type="text/plain; charset=utf-8")

    async def services(_request: Request) -> Response:
        return PlainTextResponse("".join(f"{name} => Running\n" for name in SERVICES))

    async def build(_request: Request) -> Response:
        return respond(Body(tuple(bare(build_info()))), media_type=JSON)

    async def log_level(_request: Request) -> Response:
        return respond(Body(tuple(bare({"message": f"Current log level is {level_name(logger)}"}))), media_type=JSON)

    async def set_log_level(request: Request) -> Response:
        wanted = (await backend.form(request)).one("log_level").lower()
        if wanted not in LEVELS:
            words = f'unrecognized log level "{wanted[:100]}"'
            return respond(Body(tuple(bare({"status": "failed", "message": words}))), 400, media_type=JSON)
        logger.setLevel(_LEVEL_OF[wanted])
        said = {"status": "success", "message": f"Log level set to {wanted}"}
        return respond(Body(tuple(bare(said))), media_type=JSON)

    async def ring(_request: Request) -> Response:
        return HTMLResponse(_NO_RING)

    async def nothing_to_do(_request: Request) -> Response:
        # What was acknowledged is on the disk already.
        return Response(status_code=204)

    async def not_from_here(_request: Request) -> Response:
        return plain("this process is stopped by its signals, not over HTTP", 403)

    prefixed: list[tuple[str, str, Handler, Access]] = [
        ("GET", "/config", config, Access.VIEW),
        ("GET", "/services", services, Access.VIEW),
        ("GET", "/log_level", log_level, Access.VIEW),
        ("POST", "/log_level", set_log_level, Access.ADMIN),
        ("GET", "/ring", ring, Access.VIEW),
        ("GET", "/distributor/ring", ring, Access.VIEW),
        ("GET", "/ruler/ring", ring, Access.VIEW),
        ("GET", "/compactor/ring", ring, Access.VIEW),
        ("GET", "/memberlist", ring, Access.VIEW),
        ("POST", "/flush", nothing_to_do, Access.EDIT),
        ("POST", "/flush/tenant", nothing_to_do, Access.EDIT),
        ("POST", "/ingester/flush", nothing_to_do, Access.EDIT),
        ("GET", "/ingester/prepare_shutdown", nothing_to_do, Access.EDIT),
        ("POST", "/ingester/prepare_shutdown", nothing_to_do, Access.EDIT),
        ("DELETE", "/ingester/prepare_shutdown", nothing_to_do, Access.EDIT),
        ("POST", "/ingester/shutdown", not_from_here, Access.ADMIN),
        ("GET", "/ingester/shutdown", not_from_here, Access.ADMIN),
    ]
    return [
        Endpoint("GET", "/ready", ready, Access.PUBLIC, PREFIX),
        Endpoint("GET", "/loki/api/v1/status/buildinfo", build, Access.VIEW, PREFIX),
        *[
            Endpoint(method, path, guarded(handler), access, PREFIX, at_root=False)
            for method, path, handler, access in prefixed
        ],
    ]
