"""What memory holds of users is bounded, and what it lets go is read again."""

from __future__ import annotations

from typing import Any

import pytest

from hannun.store.errors import users


@pytest.mark.parametrize(("name", "bound"), [("MEMBERS_MAX", 5), ("ISSUES_MAX", 2), ("EXACT_MAX", 3)])
def test_users_stay_exact_within_every_bound(
    bench: Any, monkeypatch: pytest.MonkeyPatch, name: str, bound: int
) -> None:
    monkeypatch.setattr(users, name, bound)
    for user in ("u1", "u2", "u3", "u1"):
        for group in "abcd":
            bench.send(group, user=user)
    bench.send("a", user="u4")
    bench.store.sweep()
    assert [bench.of(group).users for group in "abcd"] == [4, 3, 3, 3]
    held = bench.store._accounts.users
    assert held._members == sum(map(len, held._known.values()))
    assert held._members <= max(users.MEMBERS_MAX, 4)
    assert len(held._known) <= users.ISSUES_MAX
