"""What people do with issues, and what then becomes of them."""

from __future__ import annotations

from typing import Any

import pytest

from hannun.model.budget import Budget
from hannun.model.errors import Conflict, NotFound
from hannun.model.issue import IssueChange, IssueStatus, Priority, StatusDetails, Substatus
from hannun.model.issue_search import Compare

RESOLVE = IssueChange(status=IssueStatus.RESOLVED)


def kinds(bench: Any, issue: int) -> list[str]:
    return [one.kind for one in bench.store.activity(issue)]


def test_resolving_regressing_and_who_had_seen_it(bench: Any) -> None:
    issue = bench.send("a", release="app@1.0.0").id
    bench.store.change([issue], IssueChange(seen=True, bookmarked=True), "kim")
    bench.store.change([issue], RESOLVE, "kim")
    assert bench.of("a").status is IssueStatus.RESOLVED
    assert bench.store.issue(issue, viewer="kim").seen
    bench.clock.advance(1)
    again = bench.send("a", release="app@1.1.0")
    assert (again.status, again.substatus, again.events) == (IssueStatus.UNRESOLVED, Substatus.REGRESSED, 2)
    assert kinds(bench, issue) == ["regressed", "resolved", "first_seen"]
    regressed, resolved, _ = bench.store.activity(issue)
    assert (resolved.actor, regressed.actor, regressed.data["release"]) == ("kim", "", "app@1.1.0")
    mine = bench.store.issue(issue, viewer="kim")
    assert (mine.seen, mine.bookmarked) == (False, True)
    assert bench.list(Compare("bookmarks", "=", ("user:kim",))) == ["a"]


def test_resolved_in_the_next_release_waits_for_it(bench: Any) -> None:
    issue = bench.send("a", release="app@1.0.0").id
    bench.send("b", release="app@1.2.0")
    details = StatusDetails(in_next_release=True)
    (changed,) = bench.store.change([issue], IssueChange(status=IssueStatus.RESOLVED, details=details), "kim")
    assert changed.details.after_release == "app@1.2.0"
    assert bench.send("a", release="app@1.1.0").status is IssueStatus.RESOLVED
    assert bench.send("a", release="unknown").status is IssueStatus.RESOLVED
    assert bench.send("a", release="app@1.3.0").substatus is Substatus.REGRESSED


def test_releases_without_versions_go_by_when_they_were_first_seen(bench: Any) -> None:
    issue = bench.send("a", release="c0ffee1").id
    bench.clock.advance(1)
    bench.send("b", release="c0ffee2")
    details = StatusDetails(in_release="c0ffee2")
    bench.store.change([issue], IssueChange(status=IssueStatus.RESOLVED, details=details), "kim")
    bench.clock.advance(1)
    assert bench.send("a", release="c0ffee1").status is IssueStatus.RESOLVED
    assert bench.send("a", release="c0ffee3").substatus is Substatus.REGRESSED


def test_archived_for_ever_until_more_come_and_until_a_time(bench: Any) -> None:
    bench.send("ever", "count", "time", "users")
    archive = IssueStatus.ARCHIVED
    of = {group: bench.of(group).id for group in ("ever", "count", "time", "users")}
    bench.store.change([of["ever"]], IssueChange(status=archive), "kim")
    bench.store.change([of["count"]], IssueChange(status=archive, details=StatusDetails(until_events=2)), "kim")
    until_ms = bench.clock.ms + 3_600_000
    bench.store.change([of["time"]], IssueChange(status=archive, details=StatusDetails(until_ms=until_ms)), "kim")
    bench.store.change([of["users"]], IssueChange(status=archive, details=StatusDetails(until_users=1)), "kim")
    assert bench.of("ever").substatus is Substatus.FOREVER
    assert bench.of("count").substatus is Substatus.UNTIL_CONDITION
    for group in of:
        bench.send(group, user="same")
    assert bench.of("users").status is IssueStatus.UNRESOLVED
    assert bench.of("count").status is archive
    assert bench.send("count").status is IssueStatus.UNRESOLVED
    bench.clock.advance(2)
    bench.store.sweep()
    assert bench.of("time").status is IssueStatus.UNRESOLVED
    assert bench.of("ever").status is archive


def test_archived_until_a_window_is_full(bench: Any) -> None:
    issue = bench.send("a").id
    details = StatusDetails(until_events=3, window_ms=3_600_000)
    bench.store.change([issue], IssueChange(status=IssueStatus.ARCHIVED, details=details), "kim")
    for _ in range(4):
        bench.clock.advance(0.9)
        bench.send("a")
        bench.store.sweep()
    assert bench.of("a").status is IssueStatus.ARCHIVED
    bench.send("a", "a")
    bench.store.sweep()
    assert bench.of("a").status is IssueStatus.UNRESOLVED


def test_an_archived_issue_escalates_when_it_gets_loud(bench: Any) -> None:
    issue = bench.send("a", level=1).id
    bench.store.change([issue], IssueChange(substatus=Substatus.UNTIL_ESCALATING), "kim")
    bench.clock.advance(24)
    bench.send(*["a"] * 10)
    bench.store.sweep()
    assert bench.of("a").status is IssueStatus.ARCHIVED
    bench.send("a")
    bench.store.sweep()
    loud = bench.of("a")
    assert (loud.status, loud.substatus, loud.priority) == (
        IssueStatus.UNRESOLVED,
        Substatus.ESCALATING,
        Priority.HIGH,
    )
    assert kinds(bench, issue)[0] == "escalating"


def test_new_is_ongoing_after_a_week(bench: Any) -> None:
    bench.send("a")
    bench.clock.advance(7 * 24 - 1)
    bench.store.sweep()
    assert bench.of("a").substatus is Substatus.NEW
    bench.clock.advance(1)
    bench.store.sweep()
    assert bench.of("a").substatus is Substatus.ONGOING
    assert bench.list(Compare("is", "=", ("ongoing",))) == ["a"]


def test_assignment_priority_and_comments_stand_in_the_activity(bench: Any) -> None:
    issue = bench.send("a").id
    change = IssueChange(assignee="user:kim", priority=Priority.LOW)
    (changed,) = bench.store.change([issue], change, "lee")
    assert (changed.assignee, changed.priority) == ("user:kim", Priority.LOW)
    bench.store.change([issue], change, "lee")
    comment = bench.store.comment(issue, "고쳤습니다", "lee")
    assert (comment.kind, comment.data["text"]) == ("comment", "고쳤습니다")
    assert sorted(kinds(bench, issue)) == ["assigned", "comment", "first_seen", "priority"]
    bench.store.change([issue], IssueChange(assignee=""), "lee")
    assert (bench.of("a").assignee, bench.of("a").comments) == ("", 1)
    assert bench.list(Compare("is", "=", ("unassigned",))) == ["a"]


def test_what_cannot_be_is_refused_and_changes_nothing(bench: Any) -> None:
    issue = bench.send("a").id
    with pytest.raises(Conflict):
        bench.store.change([issue], IssueChange(status=IssueStatus.ARCHIVED, substatus=Substatus.NEW), "kim")
    with pytest.raises(NotFound):
        bench.store.change([issue, 999], RESOLVE, "kim")
    with pytest.raises(NotFound):
        bench.store.comment(999, "x", "kim")
    assert bench.of("a").status is IssueStatus.UNRESOLVED


def test_a_deleted_issue_takes_its_events_along(bench: Any) -> None:
    event = bench.event("a", second="both")
    bench.put(event, bench.event("b"))
    issue = bench.of("a").id
    bench.store.delete([issue], "kim")
    with pytest.raises(NotFound):
        bench.store.issue(issue)
    with pytest.raises(NotFound):
        bench.store.find_event(1, event.id, Budget())
    assert bench.engine.query_rows("SELECT count() FROM events") == [(1,)]
    assert bench.put(event) == 1
    assert bench.of("a").short_id == "DEFAULT-3"
    bench.reopen()
    assert bench.of("a").events == 1


def test_a_discarded_group_is_dropped_and_counted(bench: Any) -> None:
    bench.send("a", "b")
    bench.store.delete([bench.of("a").id], "kim", discard=True)
    assert bench.put(bench.event("a"), bench.event("b")) == 1
    bench.reopen()
    assert bench.put(bench.event("a")) == 0
    assert [(t.reason, n) for t, n in bench.outcomes.rows()] == [("discarded issue", 2)]


def test_a_delete_that_was_interrupted_is_finished_by_the_sweep(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from hannun.model.errors import StoreUnavailable

    bench.send("a", "b")

    def refuse(sql: str, params: Any = None) -> None:
        raise StoreUnavailable("out of memory")

    monkeypatch.setattr(bench.engine, "execute", refuse)
    bench.store.delete([bench.of("a").id], "kim")
    monkeypatch.undo()
    bench.reopen()
    bench.send("a")
    bench.store.sweep()
    assert bench.engine.query_rows("SELECT count() FROM events") == [(2,)]
    assert bench.of("a").events == 1
