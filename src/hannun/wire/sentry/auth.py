"""Who sends: the DSN key in one of its four places. All that are given must name the same key."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hannun.model.errors import HannunError, NotAllowed
from hannun.model.time import parse_timestamp_ms
from hannun.wire.sentry.dsn import Dsn

HEADER_LENGTH_MAX = 4_096
_SCHEME = re.compile(r"\s*sentry\s+", re.IGNORECASE)
_KEY = re.compile(r"[0-9A-Za-z_-]{1,64}")


class NoKey(HannunError):
    """Nobody said which key it is, or the header cannot be read (401)."""


@dataclass(frozen=True, slots=True)
class Auth:
    """`client` is `sentry.python/2.75.0` or "". `project` is what a DSN named, 0 when none was given."""

    key: str
    client: str = ""
    version: str = ""
    sent_ms: int | None = None
    project: int = 0


def read(
    header: str | None,
    authorization: str | None,
    query: Mapping[str, str],
    dsn: Dsn | None = None,
    path_key: str = "",
) -> Auth | None:
    """`header` is X-Sentry-Auth. None: no place holds anything, so only the envelope can tell.

    Raises NoKey (a header without a key) and NotAllowed (two places name different keys).
    """
    found = list(_places(header, authorization, query))
    if path_key:
        found.append(Auth(path_key))
    if dsn is not None:
        found.append(Auth(dsn.key, project=dsn.project))
    if not found:
        return None
    first = found[0]
    if any(other.key.lower() != first.key.lower() for other in found[1:]):
        raise NotAllowed("the request names different DSN keys")
    if not _KEY.fullmatch(first.key):
        raise NoKey("bad sentry DSN public key")
    told = max(found, key=lambda auth: bool(auth.client))
    sent_ms = next((auth.sent_ms for auth in found if auth.sent_ms is not None), None)
    return Auth(first.key.lower(), told.client[:200], told.version[:20], sent_ms, dsn.project if dsn else 0)


def _places(header: str | None, authorization: str | None, query: Mapping[str, str]) -> Iterator[Auth]:
    if header is not None and header.strip():
        yield _of(_fields(header))
    if authorization is not None and _SCHEME.match(authorization):
        # Any other scheme is for a proxy in between.
        yield _of(_fields(authorization))
    if query.get("sentry_key"):
        yield _of(query)


def _fields(header: str) -> dict[str, str]:
    if len(header) > HEADER_LENGTH_MAX:
        raise NoKey("bad x-sentry-auth header")
    fields: dict[str, str] = {}
    for part in _SCHEME.sub("", header, count=1).split(","):
        name, _, value = part.partition("=")
        fields[name.strip().lower()] = value.strip().strip('"')
    return fields


def _of(fields: Mapping[str, str]) -> Auth:
    key = fields.get("sentry_key", "")
    if not key:
        raise NoKey("bad x-sentry-auth header")
    return Auth(key, fields.get("sentry_client", ""), fields.get("sentry_version", ""), _time(fields))


def _time(fields: Mapping[str, str]) -> int | None:
    try:
        return parse_timestamp_ms(fields.get("sentry_timestamp", ""))
    except ValueError:
        return None
