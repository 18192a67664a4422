"""GET /api/hannun/v1/openapi.json: the own API as an OpenAPI 3.1 page, made from the table of routes.

The accounts' endpoints live in `web/` and are listed here by hand; a test holds both lists against the real routes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from hannun import __version__
from hannun.api.answer import accepts_gzip, pack, respond
from hannun.api.hannun.backend import dumps
from hannun.api.hannun.route import BASE, Parameter, Route
from hannun.model.access import Access


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A route below BASE that another room serves."""

    method: str
    path: str
    access: Access
    text: str


ACCOUNTS = (
    Elsewhere("GET", "/session", Access.PUBLIC, "Who asks, their language, and the CSRF token"),
    Elsewhere("PATCH", "/session", Access.VIEW, "Change one's own language, time zone or password"),
    Elsewhere("POST", "/login", Access.PUBLIC, "Name and password for a session cookie"),
    Elsewhere("POST", "/logout", Access.PUBLIC, "End the session"),
    Elsewhere("GET", "/users", Access.ADMIN, "Users"),
    Elsewhere("POST", "/users", Access.ADMIN, "Make a user"),
    Elsewhere("PATCH", "/users/{id}", Access.ADMIN, "Change a user"),
    Elsewhere("DELETE", "/users/{id}", Access.ADMIN, "Remove a user"),
    Elsewhere("GET", "/tokens", Access.ADMIN, "API tokens, without their secrets"),
    Elsewhere("POST", "/tokens", Access.ADMIN, "Make a token; its secret is shown once"),
    Elsewhere("DELETE", "/tokens/{id}", Access.ADMIN, "Revoke a token"),
)
_IN_PATH = re.compile(r"\{(\w+)(?::\w+)?\}")


def route(described: Sequence[Route]) -> Route:
    """The page about `described`, the accounts, and itself."""

    async def openapi(request: Request) -> Response:
        return respond(pack((page_bytes,), gzip=accepts_gzip(request)))

    made = Route("GET", "/openapi.json", openapi, Access.VIEW, "This page")
    page_bytes = dumps(page([*described, made]))
    return made


def page(described: Sequence[Route]) -> dict[str, Any]:
    paths: dict[str, dict[str, Any]] = {}
    for one in described:
        paths.setdefault(_plain(one.path), {})[one.method.lower()] = _operation(
            one.path, one.access, one.text, one.parameters, one.body
        )
    for other in ACCOUNTS:
        paths.setdefault(_plain(other.path), {})[other.method.lower()] = _operation(
            other.path, other.access, other.text
        )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Hannun",
            "version": __version__,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": BASE}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "hannun_session"},
            },
            "schemas": {
                "Error": {
                    "type": "object",
                    "required": ["error"],
                    "properties": {"error": {"type": "string"}, "hint": {"type": "string"}},
                }
            },
        },
    }


def _operation(
    path: str, access: Access, text: str, parameters: Sequence[Parameter] = (), body: dict[str, str] | None = None
) -> dict[str, Any]:
    said: dict[str, Any] = {
        "summary": text,
        "responses": {
            "2XX": {"description": "Done"},
            "default": {
                "description": "Refused, in the caller's language",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
            },
        },
    }
    in_path = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in _IN_PATH.findall(path)
    ]
    in_query = [
        {"name": one.name, "in": "query", "description": one.text, "schema": {"type": one.kind}} for one in parameters
    ]
    if in_path or in_query:
        said["parameters"] = in_path + in_query
    if body:
        fields = {name: {"description": text} for name, text in body.items()}
        said["requestBody"] = {"content": {"application/json": {"schema": {"type": "object", "properties": fields}}}}
    said["security"] = [] if access is Access.PUBLIC else [{"token": []}, {"session": []}]
    return said


def _plain(path: str) -> str:
    return _IN_PATH.sub(r"{\1}", path)
