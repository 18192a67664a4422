"""Pages of issues in every order."""

from __future__ import annotations

from typing import Any

from hannun.model.budget import Budget
from hannun.model.issue import IssueQuestion
from hannun.model.issue_search import Compare, FreeText

NOW_MS = 1_800_000_000_000
HOUR_MS = 3_600_000

SORTS = ("date", "new", "freq", "user", "priority", "trends")


def test_pages_hold_every_issue_once_and_lead_back(bench: Any) -> None:
    for number in range(7):
        bench.send(*[f"i{number}"] * (1 + number // 3), at_ms=NOW_MS - number // 2 * HOUR_MS)
    for sort in SORTS:
        walk(bench, sort)


def walk(bench: Any, sort: str) -> None:
    seen, cursor, pages = [], "", []
    while True:
        page = bench.store.list(IssueQuestion(terms=(), sort=sort, limit=3, cursor=cursor), Budget())
        assert page.total == 7
        pages.append([issue.id for issue in page.issues])
        seen += pages[-1]
        if not page.next_cursor:
            break
        cursor = page.next_cursor
    assert len(seen) == len(set(seen)) == 7
    assert seen == [one.id for one in bench.store.list(IssueQuestion(terms=(), sort=sort), Budget()).issues]
    for before in reversed(pages[:-1]):
        page = bench.store.list(IssueQuestion(terms=(), sort=sort, limit=3, cursor=page.previous_cursor), Budget())
        assert [issue.id for issue in page.issues] == before
    assert page.previous_cursor == ""


def test_hostile_patterns_are_plain_text(bench: Any) -> None:
    bench.send("a", title="100\\% _x_ 'q' {p:String} \t\n", tags={"k": "\\N"})
    for text in ("\\\\%", "_x_", "'q'", "{p:String}", "\t\n"):
        assert bench.list(FreeText(text)) == ["a"], text
    assert bench.list(Compare("k", "=", ("\\\\N",))) == ["a"]
    assert bench.list(FreeText("x_y")) == bench.list(FreeText("0%0")) == []
