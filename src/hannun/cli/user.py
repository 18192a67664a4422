"""`hannun user …`: who may log in. Works on the files, so the first user can be made before the first start."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING

from hannun.cli.command import Argument, OneOf, Option, group
from hannun.cli.terminal import CommandError, Terminal
from hannun.cli.where import data_options, meta_store, settings_of
from hannun.config.complaint import nearest, quote
from hannun.model.access import Role
from hannun.model.text import Text

if TYPE_CHECKING:
    from hannun.model.account import Account
    from hannun.store.meta import MetaStore

ROLES = ("viewer", "editor", "admin")
_NAME = Argument("name", text=Text(en="The name that is typed at login", ko="로그인할 때 쓰는 이름"), metavar="NAME")
_ROLE_WORDS = Text(
    en="viewer reads, editor also changes and pushes, admin also manages users",
    ko="viewer는 보기, editor는 바꾸기와 보내기까지, admin은 사용자 관리까지",
)

user = group("user", Text(en="Users: who may log in", ko="사용자: 누가 로그인할 수 있는지"))


@user.command_of(
    "add",
    Text(
        en="Add a user\nThe password is asked for, or read from the first line of stdin.",
        ko="사용자를 추가합니다\n비밀번호는 물어보거나 표준 입력의 첫 줄에서 읽습니다.",
    ),
    _NAME,
    Option(
        "--role",
        type=OneOf(*ROLES),
        metavar="ROLE",
        text=_ROLE_WORDS,
        default_said=Text(en="admin for the first user, then viewer", ko="첫 사용자는 admin, 그다음부터 viewer"),
    ),
    *data_options(),
)
def add(terminal: Terminal, name: str, role: str | None, **where: str | None) -> None:
    from hannun.model.account import name_of
    from hannun.model.secret import hash_password

    settings = settings_of(terminal, **where)
    name = name_of(name)
    with meta_store(settings, create=True) as meta:
        accounts = meta.users.all()
        if _named(accounts, name) is not None:
            raise CommandError(_TAKEN.with_(name=name))
        wanted = role or ("viewer" if accounts else "admin")
        if not accounts and wanted != "admin":
            raise CommandError(_FIRST_IS_ADMIN)
        meta.users.add(name, hash_password(terminal.ask_password(name)), Role[wanted.upper()])
        note(meta, "user.add", name, wanted)
    terminal.say(_ADDED, name=name, role=wanted)


@user.command_of("list", Text(en="List users", ko="사용자 목록을 봅니다"), *data_options())
def list_(terminal: Terminal, **where: str | None) -> None:
    from hannun.cli.when import said

    settings = settings_of(terminal, **where)
    with meta_store(settings, create=False) as meta:
        accounts = meta.users.all()
    if not accounts:
        terminal.say(_NOBODY)
        return
    terminal.table(
        (_HEAD_NAME, _HEAD_ROLE, _HEAD_CREATED, _HEAD_SEEN),
        (
            (
                account.user.name,
                account.user.role.name.lower(),
                said(account.created_ms, settings.timezone),
                said(account.seen_ms, settings.timezone),
            )
            for account in accounts
        ),
    )


@user.command_of("remove", Text(en="Remove a user", ko="사용자를 지웁니다"), _NAME, *data_options())
def remove(terminal: Terminal, name: str, **where: str | None) -> None:
    with meta_store(settings_of(terminal, **where), create=False) as meta:
        account = _find(meta, name)
        meta.users.remove(account.user.id)
        note(meta, "user.remove", account.user.name)
    terminal.say(_REMOVED, name=account.user.name)


@user.command_of(
    "passwd",
    Text(
        en="Set a user's password and end their sessions\nIt is asked for, or read from the first line of stdin.",
        ko="사용자의 비밀번호를 바꾸고 로그인된 곳을 모두 끊습니다\n물어보거나 표준 입력의 첫 줄에서 읽습니다.",
    ),
    _NAME,
    *data_options(),
)
def passwd(terminal: Terminal, name: str, **where: str | None) -> None:
    from hannun.model.secret import hash_password

    with meta_store(settings_of(terminal, **where), create=False) as meta:
        account = _find(meta, name)
        meta.users.change(account.user.id, password_hash=hash_password(terminal.ask_password(account.user.name)))
        note(meta, "user.change", account.user.name, "password")
    terminal.say(_PASSWORD_SET, name=account.user.name)


@user.command_of(
    "role",
    Text(en="Give a user another role", ko="사용자의 역할을 바꿉니다"),
    _NAME,
    Argument("role", text=_ROLE_WORDS, metavar="ROLE", type=OneOf(*ROLES)),
    *data_options(),
)
def role_(terminal: Terminal, name: str, role: str, **where: str | None) -> None:
    with meta_store(settings_of(terminal, **where), create=False) as meta:
        account = _find(meta, name)
        meta.users.change(account.user.id, role=Role[role.upper()])
        note(meta, "user.change", account.user.name, "role")
    terminal.say(_ROLE_SET, name=account.user.name, role=role)


def note(meta: MetaStore, action: str, subject: str, detail: str = "") -> None:
    """Put a change made on the command line into the audit trail, under the operating system's user."""
    from hannun.model.account import AuditRow
    from hannun.model.time import SystemClock

    try:
        actor = getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        actor = "?"
    meta.audit.write(AuditRow(SystemClock().now_ms(), actor, "cli", "", action, subject, detail))


def _find(meta: MetaStore, name: str) -> Account:
    accounts = meta.users.all()
    found = _named(accounts, name)
    if found is None:
        near = nearest(name, [account.user.name for account in accounts])
        raise CommandError(_unknown(name, near))
    return found


def _named(accounts: list[Account], name: str) -> Account | None:
    from hannun.model.account import name_key

    return next((account for account in accounts if name_key(account.user.name) == name_key(name)), None)


def _unknown(name: str, near: str | None) -> Text:
    shown = quote(name)
    return Text(
        en=f"no user {shown}" + (f"; did you mean {near}?" if near else ""),
        ko=f"{shown}: 그런 사용자가 없습니다" + (f". 혹시 {near}?" if near else ""),
    )


_HEAD_NAME = Text(en="name", ko="이름")
_HEAD_ROLE = Text(en="role", ko="역할")
_HEAD_CREATED = Text(en="created", ko="만든 때")
_HEAD_SEEN = Text(en="last seen", ko="마지막 접속")
_ADDED = Text(en="{name} is added as {role}", ko="{name}: {role} 역할로 추가했습니다")
_REMOVED = Text(en="{name} is removed", ko="{name}: 지웠습니다")
_PASSWORD_SET = Text(
    en="{name} has a new password; open sessions are ended", ko="{name}: 비밀번호를 바꾸고 로그인된 곳을 끊었습니다"
)
_ROLE_SET = Text(en="{name} is now {role}", ko="{name}: 이제 {role} 역할입니다")
_NOBODY = Text(
    en="no users yet; `hannun user add NAME` makes the first",
    ko="아직 사용자가 없습니다. `hannun user add 이름`으로 만듭니다",
)
_TAKEN = Text(
    en="there is a user {name} already; `hannun user passwd {name}` sets a password",
    ko="{name}: 이미 있는 사용자입니다. 비밀번호는 `hannun user passwd {name}`으로 바꿉니다",
)
_FIRST_IS_ADMIN = Text(
    en="the first user must be an admin, or nobody could add others",
    ko="첫 사용자는 admin이어야 합니다. 그래야 다른 사용자를 추가할 수 있습니다",
)
