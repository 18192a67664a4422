"""What the account endpoints accept: small JSON bodies, checked field by field, errors in both languages."""

from __future__ import annotations

from typing import TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from starlette.requests import Request

from hannun.model.access import Role
from hannun.model.account import TokenRole
from hannun.model.errors import ConfigError, TooLarge, WireError
from hannun.model.text import Lang, Text

BODY_BYTES_MAX = 16 << 10
ROLES = {role.name.lower(): role for role in Role}
TOKEN_ROLES = {role.value: role for role in TokenRole}


class Form(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A field that is not known is an error: a typo must not look as if it had worked."""


class LoginForm(Form, frozen=True):
    name: str
    password: str


class NewPassword(Form, frozen=True):
    old: str
    new: str


class SessionForm(Form, frozen=True):
    lang: str | None = None
    timezone: str | None = None
    password: NewPassword | None = None


class NewUser(Form, frozen=True):
    name: str
    password: str
    role: str
    lang: str | None = None
    timezone: str | None = None


class UserForm(Form, frozen=True):
    name: str | None = None
    password: str | None = None
    role: str | None = None
    lang: str | None = None
    timezone: str | None = None


class NewToken(Form, frozen=True):
    name: str
    role: str


F = TypeVar("F", bound=Form)


async def read(request: Request, form: type[F]) -> F:
    """Raises TooLarge, or WireError for what is no such form."""
    try:
        return msgspec.json.decode(await _body(request), type=form)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as err:
        raise WireError(_NOT_THE_FORM.with_(why=err)) from err


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > BODY_BYTES_MAX:
            raise TooLarge(_TOO_LARGE.with_(limit=BODY_BYTES_MAX))
    return bytes(body)


def role_of(text: str) -> Role:
    if text not in ROLES:
        raise ConfigError(_NO_ROLE.with_(role=text[:40], known=", ".join(ROLES)))
    return ROLES[text]


def token_role_of(text: str) -> TokenRole:
    if text not in TOKEN_ROLES:
        raise ConfigError(_NO_ROLE.with_(role=text[:40], known=", ".join(TOKEN_ROLES)))
    return TOKEN_ROLES[text]


def lang_of_text(text: str | None) -> Lang | None:
    match text:
        case "ko" | "en" | None:
            return text
        case _:
            raise ConfigError(_NO_LANG.with_(lang=text[:40]))


def timezone_of(text: str | None) -> str | None:
    """A name of the tz database, "Asia/Seoul"."""
    if text is None:
        return None
    try:
        if len(text) > 64 or not text.isascii():
            raise ZoneInfoNotFoundError(text)
        return ZoneInfo(text).key
    # ZoneInfo raises ValueError for names that would leave its folder and OSError for names of folders.
    except (ZoneInfoNotFoundError, ValueError, OSError) as err:
        raise ConfigError(_NO_ZONE.with_(zone=text[:40])) from err


_NOT_THE_FORM = Text(
    en="The body is not what this path takes: {why}", ko="요청 본문이 이 경로의 형식과 다릅니다: {why}"
)
_TOO_LARGE = Text(en="The body is larger than {limit} bytes", ko="요청 본문이 {limit}바이트를 넘습니다")
_NO_ROLE = Text(en='There is no role "{role}". Roles: {known}', ko='"{role}": 없는 역할입니다. 역할: {known}')
_NO_LANG = Text(en='There is no language "{lang}"; take ko or en', ko='"{lang}": 없는 언어입니다. ko 또는 en 을 쓰세요')
_NO_ZONE = Text(
    en='There is no time zone "{zone}"; write for example Asia/Seoul',
    ko='"{zone}": 없는 시간대입니다. 예: Asia/Seoul',
)
