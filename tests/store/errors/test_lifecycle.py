"""The rules by which issues change by themselves, as tables."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hannun.model.event import Event, Grouping
from hannun.model.issue import IssueStatus, Priority, StatusDetails, Substatus
from hannun.model.release import compare
from hannun.store.errors import lifecycle
from hannun.store.errors.lifecycle import DAY_MS, News, Standing

NOW_MS = 1_800_000_000_000
OPEN = Standing(IssueStatus.UNRESOLVED, Substatus.NEW, StatusDetails(), Priority.MEDIUM, since_ms=NOW_MS)
RESOLVED = replace(OPEN, status=IssueStatus.RESOLVED, substatus=None)
ARCHIVED = replace(OPEN, status=IssueStatus.ARCHIVED, substatus=Substatus.UNTIL_CONDITION)


def by_name(release: str, bound: str) -> bool:
    return (compare(release, bound) or 0) <= 0


def news(*releases: str, events: int = 1, users: int = 0, at_ms: int = NOW_MS) -> News:
    return News(at_ms, releases or ("",), events, users)


@pytest.mark.parametrize(
    ("details", "releases", "comes_back"),
    [
        pytest.param({}, [""], True, id="resolved: any event brings it back"),
        pytest.param({"in_commit": "abc"}, ["app@1.0.0"], True, id="a commit that no release has holds nothing back"),
        pytest.param({"in_release": "app@1.2.0"}, ["app@1.1.9"], False, id="an older release may still fail"),
        pytest.param({"in_release": "app@1.2.0"}, ["app@1.2.0"], False, id="the release itself"),
        pytest.param({"in_release": "app@1.2.0"}, ["app@1.2.1"], True, id="a later release"),
        pytest.param({"in_release": "app@1.2.0"}, ["app@1.1.0", "app@1.3.0"], True, id="one of the group is later"),
        pytest.param({"in_release": "app@1.10.0"}, ["app@1.9.0"], False, id="numbers, not letters"),
        pytest.param({"in_release": "app@1.2.0"}, [""], False, id="without a release nobody knows"),
        pytest.param({"in_release": "app@1.2.0"}, ["unknown"], False, id="unknown is no release"),
        pytest.param({"in_next_release": True, "after_release": "app@1.0.0"}, ["app@1.0.0"], False, id="not next yet"),
        pytest.param({"in_next_release": True, "after_release": "app@1.0.0"}, ["app@1.0.1"], True, id="next"),
        pytest.param({"in_next_release": True}, ["app@0.0.1"], True, id="next: the first that is known at all"),
        pytest.param({"in_next_release": True}, [""], False, id="next: without a release"),
    ],
)
def test_a_resolved_issue_comes_back_unless_the_error_was_to_be_expected(
    details: dict[str, Any], releases: list[str], comes_back: bool
) -> None:
    turn = lifecycle.on_news(replace(RESOLVED, details=StatusDetails(**details)), news(*releases), by_name)
    assert (turn is not None) is comes_back
    if turn is not None:
        assert (turn.kind, turn.standing.substatus) == ("regressed", Substatus.REGRESSED)
        assert turn.standing.details == StatusDetails()


@pytest.mark.parametrize(
    ("details", "what", "wakes"),
    [
        pytest.param({}, news(events=10**6), False, id="for ever"),
        pytest.param({"until_ms": NOW_MS}, news(), True, id="its time has come"),
        pytest.param({"until_ms": NOW_MS + 1}, news(), False, id="its time comes later"),
        pytest.param({"until_events": 10, "since_events": 5}, news(events=14), False, id="nine of ten events"),
        pytest.param({"until_events": 10, "since_events": 5}, news(events=15), True, id="ten of ten events"),
        pytest.param({"until_users": 2, "since_users": 1}, news(users=3), True, id="two more users"),
        pytest.param({"until_events": 1, "window_ms": 60_000}, news(events=99), False, id="a window is the sweep's"),
    ],
)
def test_an_archived_issue_wakes_on_its_condition(details: dict[str, Any], what: News, wakes: bool) -> None:
    turn = lifecycle.on_news(replace(ARCHIVED, details=StatusDetails(**details)), what, by_name)
    assert (turn is not None) is wakes
    if turn is not None:
        assert turn.standing.status is IssueStatus.UNRESOLVED


def test_events_change_nothing_about_an_open_issue() -> None:
    assert lifecycle.on_news(OPEN, news("app@9.9.9", events=10**9), by_name) is None


@pytest.mark.parametrize("substatus", [Substatus.NEW, Substatus.REGRESSED, Substatus.ESCALATING])
def test_after_a_week_it_is_ongoing(substatus: Substatus) -> None:
    standing = replace(OPEN, substatus=substatus)
    assert lifecycle.on_time(standing, NOW_MS + 7 * DAY_MS - 1) is None
    turn = lifecycle.on_time(standing, NOW_MS + 7 * DAY_MS)
    assert turn is not None
    assert turn.standing.substatus is Substatus.ONGOING


@pytest.mark.parametrize(
    ("history", "this_hour", "escalates"),
    [
        pytest.param([], 10, False, id="nothing before: the floor"),
        pytest.param([], 11, True, id="nothing before: above the floor"),
        pytest.param([5] * 168, 50, False, id="ten times the mean"),
        pytest.param([5] * 168, 51, True, id="more than ten times the mean"),
        pytest.param([0] * 167 + [168], 11, True, id="one loud hour in a quiet week"),
    ],
)
def test_it_escalates_far_above_its_week(history: list[int], this_hour: int, escalates: bool) -> None:
    assert lifecycle.escalates(history, this_hour) is escalates


def test_escalation_raises_the_priority_unless_somebody_chose_it() -> None:
    quiet = replace(ARCHIVED, priority=Priority.LOW)
    assert lifecycle.on_escalation(quiet, NOW_MS).standing.priority is Priority.HIGH
    assert lifecycle.on_escalation(replace(quiet, by_hand=True), NOW_MS).standing.priority is Priority.LOW


@pytest.mark.parametrize(
    ("level", "handled", "priority"),
    [
        pytest.param(4, True, Priority.HIGH, id="fatal"),
        pytest.param(3, False, Priority.HIGH, id="error, unhandled"),
        pytest.param(3, None, Priority.HIGH, id="error, not told"),
        pytest.param(3, True, Priority.MEDIUM, id="error, handled"),
        pytest.param(2, None, Priority.MEDIUM, id="warning"),
        pytest.param(1, None, Priority.LOW, id="info"),
    ],
)
def test_the_first_event_sets_the_priority(level: int, handled: bool | None, priority: Priority) -> None:
    event = Event("0" * 32, 1, 0, 0, "error", level, "t", "c", Grouping("v1", ("0" * 32,), ""), b"{}", handled=handled)
    assert lifecycle.first_priority(event) is priority
