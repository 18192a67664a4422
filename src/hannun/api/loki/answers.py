"""Loki's envelope: JSON with a newline for what went well, plain text for what did not."""

from __future__ import annotations

from collections.abc import Iterable

import orjson
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from hannun.api.form import SlowForm
from hannun.model.errors import (
    BadQuery,
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
from hannun.model.http import Handler

JSON = "application/json; charset=UTF-8"
TIMED_OUT = (
    "request timed out, decrease the duration of the request or add more label matchers (prefer exact match over "
    "regex match) to reduce the amount of data processed"
)
_NOSNIFF = {"x-content-type-options": "nosniff"}
_STATUS: dict[type[HannunError], int] = {
    BadQuery: 400,
    WireError: 400,
    # A pipeline that fails on a line, too many series, too much memory: all the question's own doing.
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


class LokiError(Exception):
    """An answer that is already in Loki's words."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.words = words


def plain(words: str, status: int) -> Response:
    return PlainTextResponse(_sendable(words), status, _NOSNIFF)


def of_error(err: LokiError | HannunError) -> Response:
    if isinstance(err, LokiError):
        return plain(err.words, err.status)
    status = next((_STATUS[kind] for kind in type(err).__mro__ if kind in _STATUS), 500)
    words = err.say("en")
    if isinstance(err, QueryTimeout):
        words = TIMED_OUT
    elif isinstance(err, QueryCanceled):
        words = "the request was cancelled by the client"
    elif isinstance(err, Overloaded):
        words = "too many outstanding requests"
    answer = plain(words, status)
    if isinstance(err, Overloaded):
        answer.headers["retry-after"] = str(err.retry_after_s)
    return answer


def guarded(handler: Handler) -> Handler:
    """The handler with its errors in Loki's shape."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except (LokiError, HannunError) as err:
            return of_error(err)

    return answer


def success(data: Iterable[bytes] | None) -> list[bytes]:
    """The envelope around the parts of one JSON value; nothing found is an envelope without data."""
    if data is None:
        return [b'{"status":"success"}\n']
    return [b'{"status":"success","data":', *data, b"}\n"]


def json(value: object) -> bytes:
    """Text that is not UTF-8 is replaced, never an error."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return orjson.dumps(_clean(value))


def bare(value: object) -> list[bytes]:
    """A JSON value without the envelope."""
    return [json(value), b"\n"]


def _clean(value: object) -> object:
    match value:
        case str():
            return _sendable(value)
        case dict():
            return {_clean(key): _clean(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_clean(inner) for inner in value]
    return value


def _sendable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
