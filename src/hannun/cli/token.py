"""`hannun token …`: keys for programs. A token is shown once, when it is made; only its hash is kept."""

from __future__ import annotations

import time

from hannun.cli.command import Argument, OneOf, Option, group
from hannun.cli.terminal import CommandError, Terminal
from hannun.cli.user import note
from hannun.cli.where import data_options, meta_store, settings_of
from hannun.config.complaint import nearest, quote
from hannun.model.text import Text

ROLES = ("push", "viewer", "editor", "admin")

token = group("token", Text(en="Tokens: keys for programs", ko="토큰: 프로그램이 쓰는 키"))


@token.command_of(
    "create",
    Text(
        en="Make a token and print it, this once\nUse it as `Authorization: Bearer …` or as the password of Basic.",
        ko="토큰을 만들어 한 번만 보여줍니다\n`Authorization: Bearer …` 또는 Basic 인증의 비밀번호로 씁니다.",
    ),
    Argument("name", text=Text(en="What it is for", ko="어디에 쓰는지"), metavar="NAME"),
    Option(
        "--role",
        type=OneOf(*ROLES),
        default="push",
        metavar="ROLE",
        text=Text(
            en="push sends data and reads nothing; viewer, editor and admin as for users",
            ko="push는 보내기만 하고 읽지 못합니다. viewer, editor, admin은 사용자와 같습니다",
        ),
        default_said="push",
    ),
    Option(
        "--sentry",
        "for_sentry",
        is_flag=True,
        text=Text(
            en="In Sentry's form (sntrys_…), which tells sentry-cli and bundler plugins this server's address",
            ko="Sentry 형식(sntrys_…)으로 만듭니다. sentry-cli와 번들러 플러그인이 여기서 서버 주소를 읽습니다",
        ),
    ),
    Option(
        "--url",
        metavar="URL",
        text=Text(
            en="With --sentry: where those tools reach this server",
            ko="--sentry와 함께: 그 도구들이 이 서버에 접속하는 주소",
        ),
        default_said=Text(en="as the configuration says", ko="설정에 적힌 대로"),
    ),
    *data_options(),
)
def create(terminal: Terminal, name: str, role: str, *, for_sentry: bool, url: str | None, **where: str | None) -> None:
    from hannun.model.account import TokenRole, name_of
    from hannun.model.secret import fingerprint, new_sentry_token, new_token

    name, settings = name_of(name), settings_of(terminal, **where)
    with meta_store(settings, create=True) as meta:
        made = new_token()
        if for_sentry:
            made = new_sentry_token((url or settings.url).rstrip("/"), meta.projects.all()[0].organisation, time.time())
        meta.tokens.add(name, TokenRole(role), fingerprint(made))
        note(meta, "token.add", name, role)
    # Alone on stdout, so that `TOKEN=$(hannun token create ci)` holds it and nothing else.
    terminal.say(made)
    terminal.warn(_KEEP_IT)


@token.command_of("list", Text(en="List tokens", ko="토큰 목록을 봅니다"), *data_options())
def list_(terminal: Terminal, **where: str | None) -> None:
    from hannun.cli.when import said

    settings = settings_of(terminal, **where)
    with meta_store(settings, create=False) as meta:
        tokens = meta.tokens.all()
    if not tokens:
        terminal.say(_NONE)
        return
    terminal.table(
        (_HEAD_ID, _HEAD_NAME, _HEAD_ROLE, _HEAD_CREATED, _HEAD_USED),
        (
            (
                str(each.id),
                each.name,
                each.role.value,
                said(each.created_ms, settings.timezone),
                said(each.used_ms, settings.timezone),
            )
            for each in tokens
        ),
    )


@token.command_of(
    "revoke",
    Text(en="Revoke a token at once", ko="토큰을 바로 폐기합니다"),
    Argument("name", text=Text(en="Its name or number", ko="이름 또는 번호"), metavar="NAME"),
    *data_options(),
)
def revoke(terminal: Terminal, name: str, **where: str | None) -> None:
    from hannun.model.account import name_key

    with meta_store(settings_of(terminal, **where), create=False) as meta:
        tokens = meta.tokens.all()
        by_name = [each for each in tokens if name_key(each.name) == name_key(name)]
        found = by_name or [each for each in tokens if str(each.id) == name]
        if not found:
            near = nearest(name, [each.name for each in tokens])
            raise CommandError(
                Text(
                    en=f"no token {quote(name)}" + (f"; did you mean {near}?" if near else ""),
                    ko=f"{quote(name)}: 그런 토큰이 없습니다" + (f". 혹시 {near}?" if near else ""),
                )
            )
        meta.tokens.revoke(found[0].id)
        note(meta, "token.revoke", found[0].name)
    terminal.say(_REVOKED, name=found[0].name)


_HEAD_ID = Text(en="no.", ko="번호")
_HEAD_NAME = Text(en="name", ko="이름")
_HEAD_ROLE = Text(en="role", ko="역할")
_HEAD_CREATED = Text(en="created", ko="만든 때")
_HEAD_USED = Text(en="last used", ko="마지막 사용")
_KEEP_IT = Text(en="Keep it now: it is not shown again.", ko="지금 적어 두세요. 다시 보여주지 않습니다.")
_NONE = Text(
    en="no tokens yet; `hannun token create NAME` makes one",
    ko="아직 토큰이 없습니다. `hannun token create 이름`으로 만듭니다",
)
_REVOKED = Text(en="{name} is revoked", ko="{name}: 폐기했습니다")
