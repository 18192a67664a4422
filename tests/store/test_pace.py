"""The pace of commits as a table: what lies in the queue, and when it goes."""

from __future__ import annotations

import pytest

from hannun.store.pace import COMMITS_PER_S, GAP_S, LINGER_S, ROWS_FULL, CommitBudget, Waiting, due_s


@pytest.mark.parametrize(
    ("waiting", "last_commit_s", "expected_s"),
    [
        pytest.param(Waiting(1, 50.0, True), 0.0, 50.0, id="a waiting client after a quiet time goes at once"),
        pytest.param(Waiting(1, 50.0, True), 49.96, 49.96 + GAP_S, id="a waiting client soon after a commit waits"),
        pytest.param(Waiting(1, 50.0, False), 0.0, 50.0 + LINGER_S, id="rows nobody waits for linger a second"),
        pytest.param(Waiting(1, 50.0, False), 50.95, 50.95 + GAP_S, id="lingering rows keep the gap too"),
        pytest.param(Waiting(ROWS_FULL, 50.0, False), 49.99, 50.0, id="a full batch does not wait"),
        pytest.param(Waiting(ROWS_FULL - 1, 50.0, True), 49.99, 49.99 + GAP_S, id="an almost full batch waits"),
    ],
)
def test_when_a_family_is_due(waiting: Waiting, last_commit_s: float, expected_s: float) -> None:
    assert due_s(waiting, last_commit_s) == pytest.approx(expected_s)


def test_no_second_holds_more_than_twenty_commits() -> None:
    budget, now_s, times = CommitBudget(), 0.0, []
    for _ in range(200):
        now_s = max(now_s + 0.003, budget.free_s(now_s))
        budget.spend(now_s)
        times.append(now_s)
    for start in times:
        assert sum(start <= at < start + 1.0 for at in times) <= COMMITS_PER_S


def test_the_insert_of_new_series_counts_too() -> None:
    budget = CommitBudget()
    for _ in range(7):
        budget.spend(0.0, inserts=3)
    assert budget.free_s(0.5) == pytest.approx(1.0)
