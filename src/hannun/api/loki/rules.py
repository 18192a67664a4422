"""The ruler's paths, answered as a Loki without rule groups answers them: LogQL rules are not run yet."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from hannun.api.answer import Body, respond
from hannun.api.loki.answers import JSON, bare, plain
from hannun.api.loki.backend import PREFIX
from hannun.model.access import Access
from hannun.model.http import Endpoint

NO_GROUPS = "no rule groups found"
NOT_RUN = "rule groups are not stored over this API; give their files with --prometheus-config"
ROOTS = ("/loki/api/v1/rules", "/api/prom/rules")


def endpoints() -> list[Endpoint]:
    async def none(_request: Request) -> Response:
        return plain(f"{NO_GROUPS}\n", 404)

    async def group(_request: Request) -> Response:
        return plain("group does not exist\n", 404)

    async def refused(_request: Request) -> Response:
        return plain(f"{NOT_RUN}\n", 403)

    async def no_rules(_request: Request) -> Response:
        return _listed({"groups": []})

    async def no_alerts(_request: Request) -> Response:
        return _listed({"alerts": []})

    found = []
    for root in ROOTS:
        one = f"{root}/{{namespace}}/{{group}}"
        found += [
            Endpoint("GET", root, none, Access.VIEW, PREFIX),
            Endpoint("GET", f"{root}/{{namespace}}", none, Access.VIEW, PREFIX),
            Endpoint("GET", one, group, Access.VIEW, PREFIX),
            Endpoint("POST", f"{root}/{{namespace}}", refused, Access.EDIT, PREFIX),
            Endpoint("DELETE", f"{root}/{{namespace}}", none, Access.EDIT, PREFIX),
            Endpoint("DELETE", one, group, Access.EDIT, PREFIX),
        ]
    # At the root these are Prometheus's, whose rules they list.
    return [
        *found,
        Endpoint("GET", "/prometheus/api/v1/rules", no_rules, Access.VIEW, PREFIX, at_root=False),
        Endpoint("GET", "/prometheus/api/v1/alerts", no_alerts, Access.VIEW, PREFIX, at_root=False),
    ]


def _listed(data: object) -> Response:
    body = {"status": "success", "data": data, "errorType": "", "error": ""}
    return respond(Body(tuple(bare(body))), media_type=JSON)
