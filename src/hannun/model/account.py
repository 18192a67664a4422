"""Who has an account here: users, sessions, API tokens, projects and what was changed by whom.

Secrets never stand in these values: a password is its argon2 hash, a session or token the SHA-256 of its key.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import Enum

from hannun.model.access import Role, User


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
