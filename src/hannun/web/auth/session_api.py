"""Who am I, login, logout, my own settings: `/api/hannun/v1/{session,login,logout}`."""

from __future__ import annotations

import asyncio
import logging

from starlette.requests import Request
from starlette.responses import Response

from hannun.model.access import Access, Role, User
from hannun.model.account import Account, name_key
from hannun.model.errors import NotAllowed
from hannun.model.http import Endpoint, lang_of, principal_of
from hannun.model.secret import hash_password, outdated
from hannun.model.text import Text
from hannun.web.answer import json_answer, refusal
from hannun.web.auth import policy
from hannun.web.auth.credentials import cookie, session_keys
from hannun.web.auth.forms import LoginForm, SessionForm, lang_of_text, read, timezone_of
from hannun.web.auth.gate import ABSOLUTE_MS, Admitted, Gate, csrf_of
from hannun.web.auth.proxy import Caller
from hannun.web.auth.trail import note

_log = logging.getLogger("hannun.auth")


def routes(gate: Gate) -> list[Endpoint]:
    async def session(request: Request) -> Response:
        admitted = _admitted(request)
        return json_answer(await _session(gate, admitted.principal.user, admitted.principal.role, admitted.csrf))

    async def login(request: Request) -> Response:
        form = await read(request, LoginForm)
        account = (await gate.directory()).by_name.get(name_key(form.name[:256]))
        if not await gate.passwords.check(account, form.name, form.password, _caller(request).address):
            _log.warning("login of %r failed from %s", form.name[:64], _caller(request).address)
            return refusal(401, _WRONG, lang_of(request))
        assert account is not None, "no password is right for an unknown user"
        await _raise_cost(gate, account, form.password)
        answer = await _logged_in(gate, request, account)
        await note(gate, request, "login", account.user.name, actor=account.user.name)
        return answer

    async def logout(request: Request) -> Response:
        keys = session_keys(request.scope["headers"])
        admitted = _admitted(request)
        if keys and not admitted.session_key and await gate.knows(keys):
            # The session is alive but the CSRF header is not its own: saying 204 would be a lie.
            return refusal(403, policy.NO_CSRF.what, lang_of(request), policy.NO_CSRF.hint)
        if admitted.session_key:
            await gate.close_session(admitted.session_key)
        return Response(status_code=204, headers={"set-cookie": _cookie(gate, request, "")})

    async def change(request: Request) -> Response:
        user = principal_of(request).user
        form = await read(request, SessionForm)
        if user is None:
            raise NotAllowed(_NO_USER)
        lang, zone = lang_of_text(form.lang), timezone_of(form.timezone)
        hashed: str | None = None
        if form.password is not None:
            account = (await gate.directory()).accounts.get(user.id)
            if not await gate.passwords.check(account, user.name, form.password.old, _caller(request).address):
                return refusal(403, _OLD_WRONG, lang_of(request))
            hashed = await asyncio.to_thread(hash_password, form.password.new)
        changed = await asyncio.to_thread(
            lambda: gate.meta.users.change(user.id, lang=lang, timezone=zone, password_hash=hashed)
        )
        if hashed is not None:
            await note(gate, request, "user.password", user.name)
        admitted = _admitted(request)
        if hashed is not None and admitted.session_key:
            # A new password ended every session of this user; the one at hand goes on under a new key.
            return await _logged_in(gate, request, (await gate.directory()).accounts[user.id])
        return json_answer(await _session(gate, changed, changed.role, admitted.csrf))

    at = "/api/hannun/v1"
    return [
        Endpoint("GET", f"{at}/session", session, Access.PUBLIC),
        Endpoint("PATCH", f"{at}/session", change, Access.VIEW),
        Endpoint("POST", f"{at}/login", login, Access.PUBLIC),
        Endpoint("POST", f"{at}/logout", logout, Access.PUBLIC),
    ]


async def _session(gate: Gate, user: User | None, role: Role | None, csrf: str) -> dict[str, object]:
    directory, site = await gate.directory(), gate.site
    return {
        "open": policy.is_open(site, has_users=bool(directory.accounts)),
        "user": None if user is None else user_json(user),
        "role": None if role is None else role.name.lower(),
        "csrf": csrf,
        "server": {
            "version": site.version,
            "lang": site.lang,
            "timezone": site.timezone,
            "base": site.base,
            "started_ms": site.started_ms,
            # Who is not in yet learns no more than the login page must show.
            "hostname": site.hostname if role is not None else "",
        },
    }


def user_json(user: User) -> dict[str, object]:
    return {
        "id": user.id,
        "name": user.name,
        "role": user.role.name.lower(),
        "lang": user.lang,
        "timezone": user.timezone,
    }


async def _logged_in(gate: Gate, request: Request, account: Account) -> Response:
    key = await gate.open_session(account.user.id, session_keys(request.scope["headers"]))
    session = await _session(gate, account.user, account.user.role, csrf_of(key))
    return json_answer(session, headers={"set-cookie": _cookie(gate, request, key)})


def _cookie(gate: Gate, request: Request, key: str) -> str:
    secure = _caller(request).scheme == "https"
    return cookie(key, base=gate.site.base, secure=secure, max_age_s=ABSOLUTE_MS // 1000)


async def _raise_cost(gate: Gate, account: Account, password: str) -> None:
    """Hash the password anew when the cost of hashing was raised since; only now do we know it."""
    if outdated(account.password_hash):
        hashed = await asyncio.to_thread(lambda: hash_password(password, length_min=1))
        await asyncio.to_thread(lambda: gate.meta.users.change(account.user.id, password_hash=hashed))


def _admitted(request: Request) -> Admitted:
    found = request.scope["state"]["admitted"]
    assert isinstance(found, Admitted), "the gate lets every request in before its handler runs"
    return found


def _caller(request: Request) -> Caller:
    found = request.scope["state"]["caller"]
    assert isinstance(found, Caller), "dispatch finds out who calls before anything else"
    return found


_WRONG = Text(en="Name or password is wrong", ko="이름 또는 비밀번호가 틀렸습니다")
_OLD_WRONG = Text(en="The old password is wrong", ko="이전 비밀번호가 틀렸습니다")
_NO_USER = Text(
    en="Only a logged-in user has own settings; here nobody is logged in",
    ko="개인 설정은 로그인한 사용자에게만 있습니다. 지금은 로그인한 사용자가 없습니다",
)
