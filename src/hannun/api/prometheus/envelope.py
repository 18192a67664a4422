"""Prometheus's JSON envelope: success with data, warnings and infos; errors with their type and status."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import orjson
from starlette.requests import Request
from starlette.responses import Response

from hannun.api.answer import Body, respond
from hannun.api.form import SlowForm
from hannun.model.errors import (
    BadQuery,
    DiskFull,
    ExecutionError,
    HannunError,
    NotFound,
    OutOfBounds,
    Overloaded,
    QueryCanceled,
    QueryTimeout,
    StoreUnavailable,
    TooLarge,
    WireError,
)
from hannun.model.http import Handler


class ApiError(Exception):
    """An error that is already in Prometheus's words."""

    def __init__(self, status: int, kind: str, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.kind = kind
        self.words = words


def bad_data(words: str) -> ApiError:
    return ApiError(400, "bad_data", words)


def bad_parameter(name: str, words: str) -> ApiError:
    return bad_data(f'invalid parameter "{name}": {words}')


_KINDS: dict[type[HannunError], tuple[int, str]] = {
    BadQuery: (400, "bad_data"),
    WireError: (400, "bad_data"),
    OutOfBounds: (400, "bad_data"),
    SlowForm: (408, "bad_data"),
    TooLarge: (413, "bad_data"),
    ExecutionError: (422, "execution"),
    NotFound: (404, "not_found"),
    QueryCanceled: (499, "canceled"),
    QueryTimeout: (503, "timeout"),
    # Prometheus has no word for these; its clients retry after a 503 whatever the type says.
    Overloaded: (503, "unavailable"),
    StoreUnavailable: (503, "unavailable"),
    DiskFull: (507, "unavailable"),
}


def error(status: int, kind: str, words: str, retry_after_s: int | None = None) -> Response:
    said = {"status": "error", "errorType": kind, "error": words}
    headers = {} if retry_after_s is None else {"retry-after": str(retry_after_s)}
    return respond(Body((_dumps(said),)), status, headers)


def of_error(err: ApiError | HannunError) -> Response:
    if isinstance(err, ApiError):
        return error(err.status, err.kind, err.words)
    status, kind = status_of(err)
    retry_after_s = err.retry_after_s if isinstance(err, Overloaded) else None
    return error(status, kind, err.say("en"), retry_after_s)


def status_of(err: HannunError) -> tuple[int, str]:
    """HTTP status and errorType."""
    return next((_KINDS[of] for of in type(err).__mro__ if of in _KINDS), (500, "internal"))


def success(data: Iterable[bytes], warnings: Sequence[str] = (), infos: Sequence[str] = ()) -> list[bytes]:
    """The envelope around `data` (the parts of one JSON value), as parts."""
    parts = [b'{"status":"success","data":', *data]
    for name, notes in ((b"warnings", warnings), (b"infos", infos)):
        if notes:
            parts += [b',"' + name + b'":', _dumps(list(notes))]
    return [*parts, b"}"]


def json(value: object) -> tuple[bytes]:
    """`value` as JSON, in one part; text that is not UTF-8 is replaced, never an error."""
    return (_dumps(value),)


def guarded(handler: Handler) -> Handler:
    """The handler with its errors in Prometheus's shape."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except (ApiError, HannunError) as err:
            return of_error(err)

    return answer


def _dumps(value: object) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError:  # a lone surrogate, which has no UTF-8
        return orjson.dumps(_sendable(value))


def _sendable(value: object) -> object:
    match value:
        case str():
            return value.encode("utf-8", "replace").decode()
        case dict():
            return {_sendable(key): _sendable(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_sendable(inner) for inner in value]
    return value
