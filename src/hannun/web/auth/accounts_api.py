"""Users and tokens, for admins: `/api/hannun/v1/{users,tokens}`."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from hannun.model.access import Access, User
from hannun.model.account import Account, Token, name_of
from hannun.model.http import Endpoint, principal_of
from hannun.model.secret import fingerprint, hash_password, new_token
from hannun.web.answer import json_answer
from hannun.web.auth.forms import (
    NewToken,
    NewUser,
    UserForm,
    lang_of_text,
    read,
    role_of,
    timezone_of,
    token_role_of,
)
from hannun.web.auth.gate import Gate
from hannun.web.auth.session_api import user_json
from hannun.web.auth.trail import note


def routes(gate: Gate) -> list[Endpoint]:
    async def users(_: Request) -> Response:
        await gate.note_seen()
        return json_answer([_account_json(account) for account in await asyncio.to_thread(gate.meta.users.all)])

    async def add_user(request: Request) -> Response:
        form = await read(request, NewUser)
        name, role = name_of(form.name), role_of(form.role)
        lang, zone = lang_of_text(form.lang), timezone_of(form.timezone)
        hashed = await asyncio.to_thread(hash_password, form.password)
        user = await asyncio.to_thread(lambda: gate.meta.users.add(name, hashed, role, lang=lang, timezone=zone))
        await note(gate, request, "user.add", user.name, form.role)
        return json_answer(await _row(gate, user), 201)

    async def change_user(request: Request) -> Response:
        user_id, form = request.path_params["id"], await read(request, UserForm)
        name = None if form.name is None else name_of(form.name)
        role = None if form.role is None else role_of(form.role)
        lang, zone = lang_of_text(form.lang), timezone_of(form.timezone)
        hashed = None if form.password is None else await asyncio.to_thread(hash_password, form.password)
        user = await asyncio.to_thread(
            lambda: gate.meta.users.change(
                user_id, name=name, password_hash=hashed, role=role, lang=lang, timezone=zone
            )
        )
        changed = [field for field in form.__struct_fields__ if getattr(form, field) is not None]
        await note(gate, request, "user.change", user.name, " ".join(changed))
        return json_answer(await _row(gate, user))

    async def remove_user(request: Request) -> Response:
        user = await asyncio.to_thread(gate.meta.users.remove, request.path_params["id"])
        await note(gate, request, "user.remove", user.name)
        return Response(status_code=204)

    async def tokens(_: Request) -> Response:
        await gate.note_seen()
        return json_answer([_token_json(token) for token in await asyncio.to_thread(gate.meta.tokens.all)])

    async def add_token(request: Request) -> Response:
        form = await read(request, NewToken)
        name, role, key = name_of(form.name), token_role_of(form.role), new_token()
        maker = principal_of(request).user
        token = await asyncio.to_thread(
            lambda: gate.meta.tokens.add(name, role, fingerprint(key), user_id=maker.id if maker else None)
        )
        await note(gate, request, "token.add", token.name, form.role)
        # The only time that the key itself is ever shown.
        return json_answer({**_token_json(token), "token": key}, 201)

    async def revoke_token(request: Request) -> Response:
        token = await asyncio.to_thread(gate.meta.tokens.revoke, request.path_params["id"])
        await note(gate, request, "token.revoke", token.name)
        return Response(status_code=204)

    at = "/api/hannun/v1"
    return [
        Endpoint("GET", f"{at}/users", users, Access.ADMIN),
        Endpoint("POST", f"{at}/users", add_user, Access.ADMIN),
        Endpoint("PATCH", f"{at}/users/{{id:int}}", change_user, Access.ADMIN),
        Endpoint("DELETE", f"{at}/users/{{id:int}}", remove_user, Access.ADMIN),
        Endpoint("GET", f"{at}/tokens", tokens, Access.ADMIN),
        Endpoint("POST", f"{at}/tokens", add_token, Access.ADMIN),
        Endpoint("DELETE", f"{at}/tokens/{{id:int}}", revoke_token, Access.ADMIN),
    ]


async def _row(gate: Gate, user: User) -> dict[str, object]:
    account = (await gate.directory()).accounts.get(user.id)
    # Between the change and this line another admin may have removed the user.
    return user_json(user) if account is None else _account_json(account)


def _account_json(account: Account) -> dict[str, object]:
    return {**user_json(account.user), "created_ms": account.created_ms, "last_seen_ms": account.seen_ms}


def _token_json(token: Token) -> dict[str, object]:
    return {
        "id": token.id,
        "name": token.name,
        "role": token.role.value,
        "created_ms": token.created_ms,
        "last_used_ms": token.used_ms,
    }
