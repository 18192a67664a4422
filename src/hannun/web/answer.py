"""How the web server itself says no: JSON `{"error", "hint"}` in the caller's language.

Products answer errors in their own shape inside their handlers; only what they let through arrives here.
"""

from __future__ import annotations

from collections.abc import Mapping

import orjson
from starlette.responses import Response

from hannun.model.errors import (
    BadQuery,
    ConfigError,
    Conflict,
    DiskFull,
    ExecutionError,
    HannunError,
    NotAllowed,
    NotFound,
    OutOfBounds,
    Overloaded,
    QueryCanceled,
    QueryTimeout,
    StoreUnavailable,
    TooLarge,
    Unsupported,
    WireError,
)
from hannun.model.text import Lang, Text, say

STATUS: dict[type[HannunError], int] = {
    WireError: 400,
    ConfigError: 400,
    OutOfBounds: 400,
    BadQuery: 400,
    NotAllowed: 403,
    NotFound: 404,
    Conflict: 409,
    TooLarge: 413,
    Unsupported: 415,
    ExecutionError: 422,
    Overloaded: 429,
    QueryCanceled: 499,
    StoreUnavailable: 503,
    QueryTimeout: 503,
    DiskFull: 507,
}


def json_answer(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Answers of the account endpoints: never stored by a browser or a proxy."""
    return Response(
        orjson.dumps(value),
        status,
        headers={"cache-control": "no-store", **(headers or {})},
        media_type="application/json",
    )


def refusal(
    status: int, what: str | Text, lang: Lang, hint: str | Text | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    body = {"error": say(what, lang)} | ({} if hint is None else {"hint": say(hint, lang)})
    return json_answer(body, status, headers)


def of_error(err: HannunError, lang: Lang) -> Response:
    """The answer to an error that a handler let through."""
    status = next((STATUS[kind] for kind in type(err).__mro__ if kind in STATUS), 500)
    headers = {"retry-after": str(err.retry_after_s)} if isinstance(err, Overloaded) else None
    return refusal(status, err.what, lang, err.hint, headers)
