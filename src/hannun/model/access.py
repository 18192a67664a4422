"""Who is asking, and what a route demands of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum

from hannun.model.text import Lang


class Role(IntEnum):
    """Each role may do all that the lower ones may."""

    VIEWER = 1
    EDITOR = 2
    ADMIN = 3


class Access(Enum):
    """What a route asks of its caller."""

    PUBLIC = "public"  # health, login, static assets
    PUSH = "push"  # a token, a network of --ingest-allow, or a logged-in editor
    VIEW = "view"
    EDIT = "edit"
    ADMIN = "admin"
    DSN = "dsn"  # whoever shows a live DSN key, from any page and host; the endpoint itself asks for it


@dataclass(frozen=True, slots=True)
class User:
    id: int
    name: str
    role: Role
    lang: Lang | None = None
    timezone: str | None = None


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller of one request. `user` None: an open server's local caller, an allowed network, or a bare token."""

    role: Role | None
    may_push: bool
    user: User | None = None
    how: str = "anonymous"  # open | session | token | password | network | anonymous
    token_name: str = ""
    """The name of the token that was shown, "" otherwise: the key under which outcomes are counted."""


ANONYMOUS = Principal(role=None, may_push=False)
