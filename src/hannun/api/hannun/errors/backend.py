"""What the errors pages need beside the backend of all pages, and how an issue is found in a path."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from hannun.api.form import Form
from hannun.api.hannun.errors.kept import KeptBackend
from hannun.model.errors import WireError
from hannun.model.event import Grouping
from hannun.model.http import principal_of
from hannun.model.issue import Issue, IssueDesk, IssueReader
from hannun.model.release_record import ReleaseDesk
from hannun.model.text import Text

BAD_ID = Text(
    en='"{said}" is neither an issue\'s number nor its short id', ko='"{said}": 이슈 번호나 짧은 ID가 아닙니다'
)
IDS_MAX = 1_000


@dataclass(frozen=True, slots=True)
class ErrorBackend:
    """`explain` groups a payload of a project again and tells why."""

    reader: IssueReader
    desk: IssueDesk
    explain: Callable[[int, Mapping[str, Any]], Grouping]
    kept: KeptBackend | None = None
    releases: ReleaseDesk | None = None


def name_of(request: Request) -> str:
    """Who asks, "" when nobody is logged in: marks and acts are kept under it."""
    user = principal_of(request).user
    return user.name if user is not None else ""


def issue_of(errors: ErrorBackend, said: str, viewer: str) -> Issue:
    """By number or short id. Raises NotFound, WireError."""
    if said.isascii() and said.isdecimal() and len(said) < 19:
        return errors.reader.issue(int(said), viewer=viewer)
    if not 0 < len(said) <= 100:
        raise WireError(BAD_ID.with_(said=said[:40]))
    return errors.reader.by_short_id(said.upper(), viewer=viewer)


def numbers(form: Form, name: str) -> tuple[int, ...]:
    """Every value of a parameter that may come more than once. Raises WireError."""
    said = [one for value in form.many(name) for one in value.split(",") if one]
    if any(not (one.isascii() and one.isdecimal()) or len(one) > 18 for one in said):
        raise WireError(BAD_NUMBERS.with_(name=name))
    return tuple(int(one) for one in said[:IDS_MAX])


def texts(form: Form, name: str) -> tuple[str, ...]:
    return tuple(value for value in form.many(name) if value)[:IDS_MAX]


BAD_NUMBERS = Text(en="{name} takes whole numbers", ko="{name}에는 정수를 쓰세요")
