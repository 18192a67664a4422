"""Events in, issues out: the whole store over a real engine and SQLite."""

from __future__ import annotations

from typing import Any

import pytest

from hannun.model.budget import Budget
from hannun.model.errors import NotFound
from hannun.model.issue import IssueStatus, Priority, Substatus
from hannun.model.issue_search import Compare, FreeText


def test_an_event_makes_an_issue_that_tells_of_it(bench: Any) -> None:
    event = bench.event(
        "boom", release="shop@1.0", environment="prod", user="u1", payload=b'{"k":"\xec\x97\x90\xeb\x9f\xac"}'
    )
    assert bench.put(event) == 1
    issue = bench.of("boom")
    assert issue.short_id == "DEFAULT-1"
    assert (issue.title, issue.culprit, issue.events, issue.users) == ("ValueError: boom", "app in boom", 1, 1)
    assert (issue.status, issue.substatus, issue.priority) == (IssueStatus.UNRESOLVED, Substatus.NEW, Priority.HIGH)
    assert issue.first_release == issue.last_release == "shop@1.0"
    latest = bench.store.event(issue.id, "latest", Budget())
    assert (latest.id, latest.payload, latest.issue) == (event.id, event.payload, issue.id)
    assert (latest.previous_id, latest.next_id) == ("", "")


def test_neighbours_are_those_of_the_issue_in_order_of_time(bench: Any) -> None:
    events = [bench.event("a", at_ms=bench.clock.ms - hours * 3_600_000) for hours in (100, 60, 30, 1)]
    bench.put(*events, bench.event("b", at_ms=bench.clock.ms - 31 * 3_600_000))
    issue = bench.of("a").id
    chain = [bench.store.event(issue, event.id, Budget()) for event in events]
    assert [(one.previous_id, one.next_id) for one in chain] == [
        ("", events[1].id),
        (events[0].id, events[2].id),
        (events[1].id, events[3].id),
        (events[2].id, ""),
    ]
    assert bench.store.event(issue, "oldest", Budget()).id == events[0].id
    assert bench.store.event(issue, "recommended", Budget()).id == events[3].id
    with pytest.raises(NotFound):
        bench.store.event(issue, "f" * 32, Budget())


def test_the_same_id_counts_once_also_in_one_request_and_after_a_restart(bench: Any) -> None:
    event = bench.event("a")
    assert bench.put(event, event) == 1
    assert bench.put(event) == 0
    bench.reopen()
    assert bench.put(event, bench.event("a")) == 1
    assert bench.of("a").events == 2


def test_issues_are_listed_as_asked(bench: Any) -> None:
    bench.send("old", at_ms=bench.clock.ms - 7_200_000, environment="dev", tags={"browser.name": "Chrome 117"})
    bench.send("twice", "twice", at_ms=bench.clock.ms - 3_600_000, level=2, environment="prod")
    bench.send("new", environment="prod", release="shop@2.0.0")
    assert bench.list() == ["new", "twice", "old"]
    assert bench.list(sort="freq")[0] == "twice"
    assert bench.list(environments=("dev",)) == ["old"]
    assert bench.list(Compare("level", "=", ("warning",))) == ["twice"]
    assert bench.list(Compare("browser.name", "=", ("chrome*",))) == ["old"]
    assert bench.list(Compare("release.version", ">=", ("2.0",))) == ["new"]
    assert bench.list(FreeText("WIC")) == ["twice"]


def test_releases_of_an_issue_are_those_of_its_earliest_and_latest_events_that_name_one(bench: Any) -> None:
    now = bench.clock.ms
    assert bench.send("a", at_ms=now - 3_000).first_release == ""
    seen = bench.send("a", at_ms=now - 2_000, release="app@1.1")
    assert (seen.first_release, seen.last_release) == ("app@1.1", "app@1.1")
    bench.put(bench.event("a", at_ms=now, release="app@1.2"), bench.event("a", at_ms=now + 1))
    late = bench.send("a", at_ms=now - 5_000, release="app@1.0")
    assert (late.first_release, late.last_release) == ("app@1.0", "app@1.2")
    assert (late.first_seen_ms, late.last_seen_ms) == (now - 5_000, now + 1)
