"""What one check found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from hannun.model.text import Text


class Grade(Enum):
    OK = "ok"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """`do` says what a person does about it; None where there is nothing to do."""

    grade: Grade
    what: Text
    do: Text | None = None


def ok(en: str, ko: str) -> Finding:
    return Finding(Grade.OK, Text(en=en, ko=ko))


def warn(what: Text, do: Text) -> Finding:
    return Finding(Grade.WARN, what, do)


def bad(what: Text, do: Text | None = None) -> Finding:
    return Finding(Grade.BAD, what, do)
