"""Answers as SDKs read them: `{"detail": …}` with the reason, limits in headers, and open to every page (CORS)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import orjson
from starlette.responses import Response

from hannun.model.errors import (
    DiskFull,
    HannunError,
    NotAllowed,
    NotFound,
    Overloaded,
    StoreUnavailable,
    TooLarge,
    Unsupported,
    WireError,
)
from hannun.receive.body import SlowBody
from hannun.receive.sentry.quota import Limited
from hannun.wire.sentry.auth import NoKey

CORS = {
    "access-control-allow-origin": "*",
    # Without this a browser's SDK cannot see that it is limited and goes on sending.
    "access-control-expose-headers": "X-Sentry-Error, X-Sentry-Rate-Limits, Retry-After",
    # Pages of other sites read these answers; everything else of the server stays closed to them.
    "cross-origin-resource-policy": "cross-origin",
}
PREFLIGHT = {
    **CORS,
    "access-control-allow-methods": "GET, POST, PUT, OPTIONS",
    "access-control-allow-headers": (
        "X-Sentry-Auth, X-Requested-With, Origin, Accept, Content-Type, Authentication, Authorization, "
        "Content-Encoding, Transfer-Encoding, sentry-trace, baggage, traceparent"
    ),
    "access-control-max-age": "3600",
}
_STATUS: dict[type[HannunError], int] = {
    NoKey: 401,
    NotAllowed: 403,
    NotFound: 404,
    TooLarge: 413,
    Unsupported: 415,
    Overloaded: 429,
    # Not 507: SDKs wait only after 429, and know no other word for "not now".
    DiskFull: 429,
    StoreUnavailable: 503,
    SlowBody: 503,
    WireError: 400,
}
DISK_FULL_S = 60
UNAVAILABLE_S = 5


def retry_after_s(err: HannunError) -> int:
    """How long a sender should leave us alone after this refusal."""
    match err:
        case Overloaded():
            return max(1, err.retry_after_s)
        case DiskFull():
            return DISK_FULL_S
        case _:
            return UNAVAILABLE_S


def status_of(err: HannunError) -> int:
    return next((_STATUS[kind] for kind in type(err).__mro__ if kind in _STATUS), 400)


def taken(value: Mapping[str, object], limits: Sequence[Limited] = (), status: int = 200) -> Response:
    """Accepted. `limits` hold from now on: SDKs obey them after a 200, too."""
    headers = dict(CORS)
    if limits:
        headers["x-sentry-rate-limits"] = written(limits)
    return Response(orjson.dumps(value), status, headers, media_type="application/json")


def refuse(err: HannunError, limits: Sequence[Limited] = ()) -> Response:
    """The answer to `err`. Its words are English, as Sentry's: programs match on them."""
    status = status_of(err)
    if status in (429, 503) and not limits:
        limits = (Limited(retry_after_s(err), (), "organization", "busy"),)
    return detail(err.say("en"), status, limits)


def detail(words: str, status: int, limits: Sequence[Limited] = ()) -> Response:
    """`words` may quote what was sent: half a surrogate in it is no reason to answer 500."""
    said = words.encode("utf-8", "replace").decode()
    headers = {**CORS, "x-sentry-error": _one_line(said)}
    if limits:
        headers["x-sentry-rate-limits"] = written(limits)
        headers["retry-after"] = str(max(limited.seconds for limited in limits))
    return Response(orjson.dumps({"detail": said}), status, headers, media_type="application/json")


def written(limits: Sequence[Limited]) -> str:
    """`60:error;transaction:key:key_quota, 5:log_item:organization:busy`."""
    return ", ".join(
        f"{limited.seconds}:{';'.join(limited.categories)}:{limited.scope}:{limited.reason}" for limited in limits
    )


def preflight() -> Response:
    return Response(status_code=200, headers=PREFLIGHT)


def _one_line(words: str) -> str:
    """What may stand in a header: printable ASCII."""
    return "".join(char if " " <= char <= "~" else "?" for char in words[:200])
