"""/api/v1/openapi.yaml: this API as an OpenAPI 3.1 page, made from the endpoints that are really there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from hannun.api.answer import accepts_gzip, pack, respond
from hannun.api.prometheus.envelope import guarded
from hannun.api.prometheus.status import SPEAKS_AS
from hannun.model.access import Access
from hannun.model.http import Endpoint

BASE = "/api/v1"
MEDIA_TYPE = "application/yaml; charset=utf-8"
_MATCH = {"match[]": "series selector, may be given again and again"}
_WINDOW = {"start": "Unix seconds or RFC 3339", "end": "Unix seconds or RFC 3339"}
_LIMIT = {"limit": "most rows, 0 for all"}
_EVAL = {
    "timeout": "how long it may take",
    "lookback_delta": "how old the newest sample of a series may be",
    "stats": "any text: answer with what the query cost",
    **_LIMIT,
}
PARAMETERS: dict[str, dict[str, str]] = {
    "/query": {"query": "PromQL", "time": "when, now if left out", **_EVAL},
    "/query_range": {"query": "PromQL", **_WINDOW, "step": "distance of the steps", **_EVAL},
    "/query_exemplars": {"query": "PromQL", **_WINDOW},
    "/format_query": {"query": "PromQL"},
    "/parse_query": {"query": "PromQL"},
    "/series": {**_MATCH, **_WINDOW, **_LIMIT},
    "/labels": {**_MATCH, **_WINDOW, **_LIMIT},
    "/label/{name}/values": {**_MATCH, **_WINDOW, **_LIMIT},
    "/metadata": {"metric": "one metric only", "limit": "most metrics", "limit_per_metric": "most entries of each"},
    "/targets": {"state": "active, dropped or any", "scrapePool": "one job only"},
    "/targets/metadata": {"match_target": "selector over target labels", "metric": "one metric only", **_LIMIT},
    "/targets/relabel_steps": {"scrapePool": "the job", "labels": "discovered labels as a JSON object"},
    "/scrape_pools/config": {"scrapePool": "the job"},
    "/rules": {
        "type": "alert or record",
        "rule_name[]": "rules of this name",
        "rule_group[]": "groups of this name",
        "file[]": "groups of this file",
        **_MATCH,
        "exclude_alerts": "true: without the active alerts",
        "group_limit": "most groups of one page",
        "group_next_token": "the groupNextToken of the page before",
    },
    "/status/tsdb": {"limit": "rows of each list, at most 10,000"},
    "/admin/tsdb/delete_series": {**_MATCH, **_WINDOW},
    "/admin/tsdb/snapshot": {"skip_head": "taken and without effect"},
}
_IN_PATH = re.compile(r"\{(\w+)\}")


def endpoints(described: Sequence[Endpoint]) -> list[Endpoint]:
    async def openapi(request: Request) -> Response:
        import yaml  # only this page needs it

        text = yaml.dump(page((*described, *made)), Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True)
        return respond(pack((text.encode(),), gzip=accepts_gzip(request)), media_type=MEDIA_TYPE)

    made = [Endpoint("GET", f"{BASE}/openapi.yaml", guarded(openapi), Access.VIEW, prefix="/prometheus")]
    return made


def page(described: Sequence[Endpoint]) -> dict[str, Any]:
    paths: dict[str, dict[str, Any]] = {}
    for one in described:
        if one.path.startswith(f"{BASE}/"):
            path = one.path.removeprefix(BASE)
            paths.setdefault(path, {})[one.method.lower()] = _operation(path, one)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Prometheus API", "version": SPEAKS_AS},
        "servers": [{"url": BASE}],
        "paths": dict(sorted(paths.items())),
    }


def _operation(path: str, of: Endpoint) -> dict[str, Any]:
    asked = PARAMETERS.get(path, {})
    in_path = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in _IN_PATH.findall(path)
    ]
    in_query = [
        {"name": name, "in": "query", "description": text, "schema": _schema(name)} for name, text in asked.items()
    ]
    said: dict[str, Any] = {"operationId": f"{of.method.lower()}{re.sub(r'[^a-zA-Z]+', '-', path)}"}
    if of.method == "GET":
        said["parameters"] = in_path + in_query
    else:
        said["parameters"] = in_path
        if asked:
            fields = {name: {"description": text, **_schema(name)} for name, text in asked.items()}
            form = {"schema": {"type": "object", "properties": fields}}
            said["requestBody"] = {"content": {"application/x-www-form-urlencoded": form}}
    if not said["parameters"]:
        del said["parameters"]
    said["responses"] = {
        "2XX": {"description": "Done"},
        "default": {"description": "Refused: status, errorType and error"},
    }
    return said


def _schema(name: str) -> dict[str, Any]:
    return {"type": "array", "items": {"type": "string"}} if name.endswith("[]") else {"type": "string"}
