"""Errors of a push as a plain-text answer, for the protocols whose senders log the body and act on the status."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import PlainTextResponse, Response

from hannun.model.errors import (
    DiskFull,
    HannunError,
    OutOfBounds,
    Overloaded,
    StoreUnavailable,
    TooLarge,
    Unsupported,
    WireError,
)
from hannun.receive.body import SlowBody

_STATUS: dict[type[HannunError], int] = {
    WireError: 400,
    OutOfBounds: 400,
    TooLarge: 413,
    Unsupported: 415,
    # Not 408: senders of metrics throw a batch away after any 4xx but 429, and a slow network mends itself.
    SlowBody: 503,
    StoreUnavailable: 503,
    DiskFull: 507,
}
_RETRY_S = {503: 5, 507: 30}


def refuse(err: HannunError, *, overloaded: int) -> Response:
    """The answer to `err`. `overloaded` is the status after which this protocol's senders try again: 429 or 503."""
    if isinstance(err, Overloaded):
        return _text(overloaded, err, err.retry_after_s)
    status = next((_STATUS[kind] for kind in type(err).__mro__ if kind in _STATUS), 500)
    return _text(status, err, _RETRY_S.get(status))


def told(words: str, status: int, headers: Mapping[str, str] | None = None) -> Response:
    """Words that may quote what somebody sent: half a surrogate in it is no reason to answer 500."""
    return PlainTextResponse(f"{words}\n".encode("utf-8", "replace"), status, headers)


def _text(status: int, err: HannunError, retry_after_s: int | None) -> Response:
    return told(err.say("en"), status, None if retry_after_s is None else {"retry-after": str(retry_after_s)})
