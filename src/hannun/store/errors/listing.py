"""Lists of issues: which match, in which order, one page of them.

The rows of issues answer what they can; what only events know comes from the engine as a set of issues. All that match
are sorted here, because half of the orders (events or users in a window, trends) are known to the engine alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from hannun.model.budget import Budget
from hannun.model.errors import BadQuery
from hannun.model.issue import IssuePage, IssueQuestion
from hannun.store.errors.event_terms import EventSearch
from hannun.store.errors.issue_terms import Condition, split
from hannun.store.errors.rows import many
from hannun.store.errors.volumes import Volumes
from hannun.store.meta.database import Database
from hannun.store.meta.issues import ISSUES

LIMIT_MAX = 1_000
MATCHES_MAX = 200_000
"""Of more issues than these, the ones seen last are sorted."""
DAY_MS, HOUR_MS = 86_400_000, 3_600_000
Keys = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Matches:
    """Issues that match: ids and a few columns of each."""

    ids: Keys
    last_seen_ms: Keys
    first_seen_ms: Keys
    events: Keys
    users: Keys
    priority: Keys


class IssueList:
    """Blocks; safe from any thread."""

    def __init__(self, database: Database, search: EventSearch, volumes: Volumes, now_ms: Callable[[], int]) -> None:
        self._database = database
        self._search = search
        self._volumes = volumes
        self._now_ms = now_ms

    def page(self, question: IssueQuestion, budget: Budget) -> IssuePage:
        """Raises BadQuery for terms, sort or cursor that cannot be."""
        order = _ORDERS.get(question.sort)
        if order is None:
            raise BadQuery(f'sort "{question.sort}" is not known; there are {", ".join(_ORDERS)}')
        terms = split(question.terms)
        wanted = self._search.issues(question, terms.event, budget)
        matches = self._matching(question, terms.issue, wanted)
        budget.check()
        values = order(self, question, matches, budget)
        by_value = np.lexsort((-matches.ids, -values))
        ids, values = matches.ids[by_value], values[by_value]
        start, end = _window(values, ids, question.cursor, min(max(question.limit, 1), LIMIT_MAX))
        with self._database.reading() as connection:
            issues = many(connection, ids[start:end].tolist(), question.viewer, missing_ok=True)
        return IssuePage(
            tuple(issues),
            len(ids),
            next_cursor=f"{values[end - 1]}:{ids[end - 1]}" if start < end < len(ids) else "",
            previous_cursor=f"<{values[start]}:{ids[start]}" if 0 < start < end else "",
        )

    def _matching(self, question: IssueQuestion, conditions: Sequence[Condition], wanted: Keys | None) -> _Matches:
        columns = (ISSUES.c.id, ISSUES.c.last_seen_ms, ISSUES.c.first_seen_ms, ISSUES.c.events, ISSUES.c.users)
        found = select(*columns, ISSUES.c.priority).where(*conditions)
        if question.projects:
            found = found.where(ISSUES.c.project_id.in_(question.projects))
        if question.start_ms is not None:
            found = found.where(ISSUES.c.last_seen_ms >= question.start_ms)
        if question.end_ms is not None:
            found = found.where(ISSUES.c.first_seen_ms <= question.end_ms)
        found = found.order_by(ISSUES.c.last_seen_ms.desc()).limit(MATCHES_MAX)
        with self._database.reading() as connection:
            rows = connection.execute(found).all()
        table = np.array([tuple(row) for row in rows], np.int64).reshape(len(rows), 6)
        if wanted is not None:
            table = table[np.isin(table[:, 0], wanted)]
        return _Matches(*(table[:, i] for i in range(6)))

    # --- orders -------------------------------------------------------------------------------------------------------

    def _freq(self, question: IssueQuestion, matches: _Matches, budget: Budget) -> Keys:
        if question.start_ms is None and question.end_ms is None and not question.environments:
            return matches.events
        return self._volumes.events(matches.ids, *self._span(question), question.environments, budget)

    def _user(self, question: IssueQuestion, matches: _Matches, budget: Budget) -> Keys:
        if question.start_ms is None and question.end_ms is None and not question.environments:
            return matches.users
        return self._volumes.users(matches.ids, *self._span(question), question.environments, budget)

    def _trends(self, question: IssueQuestion, matches: _Matches, budget: Budget) -> Keys:
        """How much more of it came in the last day than in a day of the week before, in thousandths."""
        end_ms = self._now_ms() if question.end_ms is None else question.end_ms
        recent = self._volumes.events(matches.ids, end_ms - DAY_MS, end_ms, question.environments, budget)
        week_ms = (end_ms - 8 * DAY_MS, end_ms - DAY_MS - HOUR_MS)
        week = self._volumes.events(matches.ids, *week_ms, question.environments, budget)
        return (1000 * recent / np.maximum(1.0, week / 7)).astype(np.int64)

    def _span(self, question: IssueQuestion) -> tuple[int, int]:
        end_ms = self._now_ms() + DAY_MS if question.end_ms is None else question.end_ms
        return question.start_ms or 0, end_ms


_Order = Callable[[IssueList, IssueQuestion, _Matches, Budget], Keys]
_ORDERS: dict[str, _Order] = {
    "date": lambda _list, _question, matches, _budget: matches.last_seen_ms,
    "new": lambda _list, _question, matches, _budget: matches.first_seen_ms,
    "priority": lambda _list, _question, matches, _budget: (matches.priority << 50) + matches.last_seen_ms,
    "freq": IssueList._freq,
    "user": IssueList._user,
    "trends": IssueList._trends,
}


def _window(values: Keys, ids: Keys, cursor: str, limit: int) -> tuple[int, int]:
    """Positions of the page that a cursor asks for: after the issue that it names, or with `<` before it."""
    if not cursor:
        return 0, min(limit, len(ids))
    value, _, issue = cursor.removeprefix("<").partition(":")
    try:
        at = (int(value), int(issue))
    except ValueError as err:
        raise BadQuery("the cursor is not one that this server handed out") from err
    first = int(np.searchsorted(-values, -at[0], "left")) if abs(at[0]) < 2**62 else 0
    while first < len(ids) and int(values[first]) == at[0] and int(ids[first]) > at[1]:
        first += 1
    there = first < len(ids) and int(values[first]) == at[0] and int(ids[first]) == at[1]
    if cursor.startswith("<"):
        return max(0, first - limit), first
    first += there
    return first, min(first + limit, len(ids))
