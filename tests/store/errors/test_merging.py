"""Merging and splitting issues: only hashes change hands, and no event is lost or counted twice."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hannun.model.budget import Budget
from hannun.model.errors import Conflict, NotFound
from hannun.model.issue import IssueQuestion


def test_merged_issues_are_one_under_every_name(bench: Any) -> None:
    bench.send("a", "a", user="u1", at_ms=bench.clock.ms - 9_000)
    old = bench.send("b", user="u2", at_ms=bench.clock.ms - 10_000, release="app@1.0")
    bench.store.comment(old.id, "look here", "kim")
    merged = bench.store.merge([old.id, bench.of("a").id], "kim")
    assert merged.id == bench.of("a").id == bench.of("b").id
    assert (merged.events, merged.users, merged.comments) == (3, 2, 1)
    assert (merged.first_seen_ms, merged.first_release) == (old.first_seen_ms, "app@1.0")
    assert bench.store.issue(old.id).id == bench.store.by_short_id(old.short_id.lower()).id == merged.id
    assert [one.kind for one in bench.store.activity(merged.id)] == ["merged", "comment", "first_seen"]
    assert len(bench.store.events(merged.id, Budget())) == len(bench.store.events(old.id, Budget())) == 3
    assert bench.send("b", user="u3").users == 3
    bench.reopen()
    assert bench.send("b", user="u4").users == 4


def test_a_group_is_split_off_with_its_second_hashes(bench: Any) -> None:
    bench.put(bench.event("a", second="sa"), bench.event("b", second="sb", user="u9"), bench.event("b", second="sb"))
    merged = bench.store.merge([bench.of("a").id, bench.of("b").id], "kim")
    (group,) = [hash_ for hash_ in bench.store.hashes(merged.id) if hash_.startswith("92eb5ffee6ae2fec")]
    made = bench.store.unmerge(merged.id, [group], "kim")
    assert (made.events, made.users, made.error_value) == (2, 1, "b")
    left = bench.store.issue(merged.id)
    assert (left.events, left.users, left.error_value) == (1, 0, "a")
    assert bench.send("new", second="sb").id == made.id
    assert bench.send("newer", second="sa").id == left.id


def test_what_cannot_be_merged_or_split(bench: Any) -> None:
    bench.put(bench.event("a", second="s"), bench.event("b", project=2))
    a, b = bench.of("a").id, bench.of("b", 2).id
    with pytest.raises(Conflict):
        bench.store.merge([a, a], "kim")
    with pytest.raises(Conflict):
        bench.store.merge([a, b], "kim")
    with pytest.raises(NotFound):
        bench.store.merge([a, 99], "kim")
    for hashes in ([], ["f" * 32], bench.store.hashes(a), bench.store.hashes(a)[:1]):
        with pytest.raises(Conflict):
            bench.store.unmerge(a, hashes, "kim")


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_is_merged_and_split_every_event_is_counted_once(bench: Any, data: st.DataObject) -> None:
    round_ = bench.made
    groups = [f"{round_}-{letter}" for letter in "abcd"]
    seconds = st.sampled_from(["", f"{round_}-x", f"{round_}-y"])
    sent = 0
    for _ in range(data.draw(st.integers(2, 6))):
        act = data.draw(st.sampled_from(["send", "send", "merge", "split"]))
        issues = _issues(bench, round_)
        if act == "send" or not issues:
            events = [bench.event(data.draw(st.sampled_from(groups)), second=data.draw(seconds)) for _ in range(3)]
            sent += bench.put(*events)
        elif act == "merge" and len(issues) > 1:
            bench.store.merge(data.draw(st.permutations(issues))[:2], "kim")
        elif act == "split":
            issue = data.draw(st.sampled_from(issues))
            hashes = data.draw(st.sets(st.sampled_from(list(bench.store.hashes(issue)))))
            try:
                bench.store.unmerge(issue, sorted(hashes), "kim")
            except Conflict:
                continue
    counted = {issue: bench.store.issue(issue).events for issue in _issues(bench, round_)}
    assert sum(counted.values()) == sent
    assert {issue: len(bench.store.events(issue, Budget())) for issue in counted} == counted


def _issues(bench: Any, round_: int) -> list[int]:
    found = bench.store.list(IssueQuestion(terms=(), limit=1000), Budget()).issues
    return [issue.id for issue in found if issue.error_value.startswith(f"{round_}-")]
