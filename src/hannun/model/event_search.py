"""Events themselves, asked across issues: which fields of those that match, or how many of each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from hannun.model.budget import Budget
from hannun.model.issue_search import SearchTerm

FUNCTIONS = {
    "count()": "integer",
    "count_unique(user)": "integer",
    "count_unique(issue)": "integer",
    "last_seen()": "date",
    "first_seen()": "date",
}
"""What can be asked of many events at once, and its type."""
DATE_FIELDS = frozenset(("timestamp", "received"))
NUMBER_FIELDS = frozenset(("project.id", "issue.id"))
FIELDS_MAX = 20
_FIELD = re.compile(r"[\w.\-/ ]{1,200}|tags\[[^\]]{1,200}\]")


@dataclass(frozen=True, slots=True)
class EventQuestion:
    """`fields` are columns, tags or FUNCTIONS; with a function the others group. `order` is one of them.

    `projects` and `environments` empty: all. Times are Unix ms.
    """

    fields: tuple[str, ...]
    terms: tuple[SearchTerm, ...] = ()
    projects: tuple[int, ...] = ()
    environments: tuple[str, ...] = ()
    start_ms: int | None = None
    end_ms: int | None = None
    order: str = "timestamp"
    descending: bool = True
    limit: int = 100
    offset: int = 0


class EventFinder(Protocol):
    """Blocks. Raises BadQuery for what cannot be asked of events, and what the engine raises under a budget."""

    def rows(self, question: EventQuestion, budget: Budget) -> Sequence[Sequence[Any]]:
        """Values in the order of `fields`: texts, whole numbers; times are Unix ms."""
        ...


def kind_of(field: str) -> str:
    """`date`, `integer` or `string`."""
    if field in FUNCTIONS:
        return FUNCTIONS[field]
    return "date" if field in DATE_FIELDS else "integer" if field in NUMBER_FIELDS else "string"


def is_field(field: str) -> bool:
    """Whether it can be a field at all: a function that is not in FUNCTIONS is none."""
    return field in FUNCTIONS or _FIELD.fullmatch(field) is not None
