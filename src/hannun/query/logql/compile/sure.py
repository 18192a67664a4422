"""Three-valued conditions and texts: SQL says yes, no, or that the plain pipeline must look."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

NEVER = "0"
ALWAYS = "1"


class NotInSql(Exception):
    """SQL cannot say what comes of this; the stages before it still narrow the rows down."""


@dataclass(frozen=True, slots=True)
class Sure:
    """`holds` decides wherever `unsure` is false. Neither ever fails or is NULL."""

    holds: str
    unsure: str = NEVER

    def may_hold(self) -> str:
        return any_of((self.holds, self.unsure))


@dataclass(frozen=True, slots=True)
class Text:
    """A String expression ("" where the label is missing) and where it cannot be trusted.

    `empty_there`: where an empty text may be that of a label that is there, which comparisons tell from a missing one.
    """

    sql: str
    unsure: str = NEVER
    empty_there: str = NEVER


ABSENT = Text("''")


def all_of(conditions: Iterable[str]) -> str:
    kept = list(dict.fromkeys(condition for condition in conditions if condition != ALWAYS))
    if NEVER in kept:
        return NEVER
    return " AND ".join(_nested(condition) for condition in kept) or ALWAYS


def any_of(conditions: Iterable[str]) -> str:
    kept = list(dict.fromkeys(condition for condition in conditions if condition != NEVER))
    if ALWAYS in kept:
        return ALWAYS
    if len(kept) == 1:
        return kept[0]
    return f"({' OR '.join(_nested(condition) for condition in kept)})" if kept else NEVER


def none_of(condition: str) -> str:
    if condition in (NEVER, ALWAYS):
        return ALWAYS if condition == NEVER else NEVER
    return f"NOT ({condition})"


def _nested(condition: str) -> str:
    return f"({condition})" if " AND " in condition or " OR " in condition else condition
