"""Sentry's answers: bare JSON, `{"detail": …}` for what went wrong, pages linked by the `Link` header."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

import orjson
from starlette.requests import Request
from starlette.responses import Response

from hannun.api.form import SlowForm
from hannun.model.errors import (
    BadQuery,
    Conflict,
    DiskFull,
    ExecutionError,
    HannunError,
    NotAllowed,
    NotFound,
    Overloaded,
    QueryCanceled,
    QueryTimeout,
    StoreUnavailable,
    TooLarge,
    WireError,
)
from hannun.model.http import Handler, lang_of

NOT_THERE = "The requested resource does not exist"
"""Sentry's words for whatever is not found."""
_STATUS: dict[type[HannunError], int] = {
    BadQuery: 400,
    WireError: 400,
    Conflict: 400,
    ExecutionError: 400,
    NotAllowed: 403,
    NotFound: 404,
    SlowForm: 408,
    TooLarge: 413,
    Overloaded: 429,
    QueryCanceled: 499,
    StoreUnavailable: 503,
    QueryTimeout: 504,
    DiskFull: 507,
}


class SentryError(Exception):
    """An answer that is already in Sentry's words."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Page:
    """Part of a list. `previous` and `next` are cursors; None: there is no such page. `total` None: not counted."""

    rows: list[Any]
    next: str | None = None
    previous: str | None = None
    total: int | None = None


def json(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(dumps(value), status, {"cache-control": "no-store", **(headers or {})}, "application/json")


def detail(status: int, words: str) -> Response:
    return json({"detail": words}, status)


def dumps(value: object) -> bytes:
    """Text that is not UTF-8 is replaced; numbers that JSON cannot hold become null."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return orjson.dumps(_sendable(value))


def page(request: Request, found: Page) -> Response:
    """The rows, with `Link` to the pages before and after as Sentry's clients follow it."""
    links = [
        _link(request, "previous", found.previous, "0:0:1"),
        _link(request, "next", found.next, "0:0:0"),
    ]
    headers = {"link": ", ".join(links)}
    if found.total is not None:
        headers["x-hits"] = str(found.total)
    return json(found.rows, headers=headers)


def guarded(handler: Handler) -> Handler:
    """The handler with its errors in Sentry's shape."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except SentryError as err:
            return detail(err.status, err.detail)
        except NotFound:
            return detail(404, NOT_THERE)
        except HannunError as err:
            status = next((_STATUS[kind] for kind in type(err).__mro__ if kind in _STATUS), 500)
            answered = detail(status, err.say(lang_of(request)))
            if isinstance(err, Overloaded):
                answered.headers["retry-after"] = str(err.retry_after_s)
            return answered

    return answer


def iso(ms: int | None) -> str | None:
    """`2026-01-31T09:00:00.123000Z`; a time that no calendar has is None."""
    if ms is None:
        return None
    try:
        return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    except (ValueError, OverflowError, OSError):
        return None


def _link(request: Request, rel: str, cursor: str | None, nowhere: str) -> str:
    said = cursor if cursor is not None else nowhere
    query = request.scope.get("query_string", b"").decode("latin-1")[:4096]
    kept = [pair for pair in parse_qsl(query, keep_blank_values=True) if pair[0] != "cursor"]
    # Quoted anew: the path is there decoded, and a line break in it would end the header.
    path = quote(request.url.path, safe="/@:")
    url = (
        f"{request.url.scheme}://{quote(request.url.netloc, safe='[]:.')}{path}?{urlencode([*kept, ('cursor', said)])}"
    )
    results = "true" if cursor is not None else "false"
    return f'<{url}>; rel="{rel}"; results="{results}"; cursor="{said}"'


def _sendable(value: object) -> object:
    match value:
        case str():
            return value.encode("utf-8", "replace").decode()
        case dict():
            return {_sendable(str(key)): _sendable(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_sendable(inner) for inner in value]
        case int() if not -(1 << 63) <= value < 1 << 64:
            return float(value) if abs(value) < 1 << 1000 else None
    return value
