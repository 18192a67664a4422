"""Who has an account here: users, sessions, API tokens, projects and what was changed by whom.

Secrets never stand in these values: a password is its argon2 hash, a session or token the SHA-256 of its key.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import Enum

from hannun.model.access import Role, User
from hannun.model.errors import ConfigError
from hannun.model.text import Text

NAME_LENGTH_MAX = 64


class TokenRole(Enum):
    """What a token may do. PUSH sends data and reads nothing, so that a key on a host betrays nobody."""

    PUSH = "push"
    VIEWER = "viewer"
    EDITOR = "editor"
    ADMIN = "admin"

    @property
    def role(self) -> Role | None:
        return None if self is TokenRole.PUSH else Role[self.name]


@dataclass(frozen=True, slots=True)
class Account:
    """A user with what only the login needs to know."""

    user: User
    password_hash: str
    created_ms: int
    seen_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """`key_hash` is `secret.fingerprint` of the cookie's value."""

    key_hash: str
    user_id: int
    created_ms: int
    seen_ms: int


@dataclass(frozen=True, slots=True)
class Token:
    """`user_id` is who made it in the browser; None: made on the command line or on an open server."""

    id: int
    name: str
    role: TokenRole
    key_hash: str
    created_ms: int
    used_ms: int | None = None
    user_id: int | None = None


@dataclass(frozen=True, slots=True)
class Project:
    """`keys` are the live DSN keys, 32 hex digits each, oldest first."""

    id: int
    slug: str
    name: str
    organisation: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AuditRow:
    """`actor` is a user's or token's name, `action` a fixed word ("user.add"), `subject` what it was done to."""

    at_ms: int
    actor: str
    how: str
    address: str
    action: str
    subject: str
    detail: str = ""


def name_key(name: str) -> str:
    """Two names with the same key are one user: case, width and composition do not tell people apart."""
    return unicodedata.normalize("NFKC", name).casefold().strip()


def name_of(text: str) -> str:
    """A user's or token's name in composed form, without spaces around it. Raises ConfigError."""
    name = unicodedata.normalize("NFC", text).strip()
    # A colon ends the name in Basic authentication; control and format characters could forge a line or hide in one.
    plain = all(unicodedata.category(letter)[0] != "C" for letter in name) and ":" not in name
    if not 0 < len(name) <= NAME_LENGTH_MAX or not plain:
        raise ConfigError(_NO_NAME.with_(length=NAME_LENGTH_MAX))
    return name


_NO_NAME = Text(
    en="A name has 1 to {length} visible characters and no colon",
    ko="이름은 1~{length}자의 보이는 글자여야 하고 쌍점(:)을 쓸 수 없습니다",
)
