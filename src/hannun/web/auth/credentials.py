"""What a request shows to prove who calls: `Authorization` and the session cookie. Pure; bounded; never raises."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from urllib.parse import parse_qs

from hannun.model.secret import TOKEN_PREFIXES
from hannun.web.auth.proxy import Headers, header

COOKIE = "hannun_session"
AUTHORIZATION_BYTES_MAX = 4096
COOKIES_TRIED_MAX = 3
_KEY_LENGTH_MAX = 128
_QUERY_FIELDS_MAX = 50


@dataclass(frozen=True, slots=True)
class Bearer:
    """A token: as `Bearer`, or as the password of `Basic` under any name."""

    token: str


@dataclass(frozen=True, slots=True)
class Basic:
    name: str
    password: str


def shown(headers: Headers) -> Bearer | Basic | None:
    """The credentials of `Authorization`; None when there are none that we understand."""
    value = header(headers, b"authorization")
    if value is None or len(value) > AUTHORIZATION_BYTES_MAX:
        return None
    scheme, _, rest = value.strip().partition(" ")
    match scheme.lower():
        case "bearer":
            return Bearer(rest.strip())
        case "token":  # InfluxDB's clients; those of 1.x write NAME:PASSWORD there
            name, colon, password = rest.strip().partition(":")
            return _of_pair(name, password) if colon else Bearer(name)
        case "basic":
            return _basic(rest.strip())
        case "apikey":  # Elasticsearch's clients: `id:key` in Base64, or what they were given as it is
            return _basic(rest.strip()) or Bearer(rest.strip())
        case _:
            return None


def with_query(headers: Headers, query_string: bytes) -> Headers:
    """`headers` with what `?u=NAME&p=PASSWORD` shows as Basic, where there is no `Authorization`."""
    if len(query_string) > AUTHORIZATION_BYTES_MAX or header(headers, b"authorization") is not None:
        return headers
    try:
        fields = parse_qs(query_string.decode("utf-8", "replace"), max_num_fields=_QUERY_FIELDS_MAX)
    except ValueError:
        return headers
    name, password = (fields.get(field, [""])[0] for field in ("u", "p"))
    if not password or ":" in name:
        return headers
    shown_as_basic = base64.b64encode(f"{name}:{password}".encode("utf-8", "replace"))
    return [*headers, (b"authorization", b"Basic " + shown_as_basic)]


def _basic(encoded: str) -> Bearer | Basic | None:
    try:
        name, colon, password = base64.b64decode(encoded, validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
    return _of_pair(name, password) if colon else None


def _of_pair(name: str, password: str) -> Bearer | Basic:
    return Bearer(password) if password.startswith(TOKEN_PREFIXES) else Basic(name, password)


def session_keys(headers: Headers) -> tuple[str, ...]:
    """The session cookie's values, at most three: another path or subdomain can have set one of the same name."""
    found: list[str] = []
    for name, value in headers:
        if name != b"cookie":
            continue
        for pair in value.decode("latin-1").split(";"):
            key, equals, content = pair.strip().partition("=")
            if equals and key == COOKIE and 0 < len(content) <= _KEY_LENGTH_MAX:
                found.append(content)
    return tuple(found[:COOKIES_TRIED_MAX])


def cookie(key: str, *, base: str, secure: bool, max_age_s: int) -> str:
    """`Set-Cookie` for a session; an empty key takes it away."""
    parts = [f"{COOKIE}={key}", f"Path={base or ''}/", f"Max-Age={max_age_s if key else 0}", "HttpOnly", "SameSite=Lax"]
    return "; ".join([*parts, "Secure"] if secure else parts)
