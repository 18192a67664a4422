from __future__ import annotations

import pytest

from hannun.model.access import Role
from hannun.model.errors import NotFound
from hannun.store.meta import MetaStore
from hannun.store.meta.sessions import PER_USER_MAX
from hannun.testing.clock import FakeClock

DAY_S = 86_400


def test_a_session_is_found_until_it_is_removed(meta: MetaStore) -> None:
    user = meta.users.add("ann", "hash", Role.ADMIN)
    added = meta.sessions.add("key", user.id)
    assert meta.sessions.find("key") == added
    meta.sessions.remove("key")
    assert meta.sessions.find("key") is None


def test_nobody_who_is_gone_gets_a_session(meta: MetaStore) -> None:
    with pytest.raises(NotFound):
        meta.sessions.add("key", 7)


def test_a_user_has_a_bounded_number_of_sessions_and_loses_the_oldest(meta: MetaStore, clock: FakeClock) -> None:
    user = meta.users.add("ann", "hash", Role.ADMIN)
    for number in range(PER_USER_MAX + 3):
        clock.advance(1)
        meta.sessions.add(f"key {number}", user.id)
    alive = [number for number in range(PER_USER_MAX + 3) if meta.sessions.find(f"key {number}")]
    assert alive == list(range(3, PER_USER_MAX + 3))


@pytest.mark.parametrize(
    ("seen_every_s", "gone_after_days"),
    [
        pytest.param(None, 8, id="idle for a week"),
        pytest.param(DAY_S, 31, id="used every day, but a month old"),
    ],
)
def test_sessions_that_are_over_are_purged(
    meta: MetaStore, clock: FakeClock, seen_every_s: int | None, gone_after_days: int
) -> None:
    user = meta.users.add("ann", "hash", Role.ADMIN)
    meta.sessions.add("key", user.id)
    for day in range(1, gone_after_days + 1):
        assert meta.sessions.find("key") is not None, f"day {day}"
        clock.advance(DAY_S)
        if seen_every_s:
            meta.touch(users={user.id: clock.now_ms()}, sessions={"key": clock.now_ms()}, tokens={})
        meta.purge(idle_ms=7 * DAY_S * 1000, absolute_ms=30 * DAY_S * 1000)
    assert meta.sessions.find("key") is None
