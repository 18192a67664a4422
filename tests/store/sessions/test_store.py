"""Sessions as they are sent, and what they say about releases."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from hannun.model.budget import Budget
from hannun.model.release_health import HealthQuestion, SessionTotals
from hannun.model.sentry_items import SessionCounts, SessionUpdate
from hannun.store.engine import ChdbEngine
from hannun.store.sessions import SessionStore
from hannun.store.sessions.columns import rank

NOW_MS = 1_800_000_000_000
HOUR_MS = 3_600_000
ALL = HealthQuestion(NOW_MS - 24 * HOUR_MS, NOW_MS + HOUR_MS)
ONE = SessionUpdate(1, "a" * 32, "ok", NOW_MS, NOW_MS, "app@1", "production", init=True, seq=1)


class Bench:
    def __init__(self, engine: ChdbEngine, writing: Any, clock: Any) -> None:
        self.store = SessionStore(engine, writing.writer, keep_ms=90 * 24 * HOUR_MS, clock=clock)
        self.writing = writing

    def put(self, *values: SessionUpdate | SessionCounts) -> None:
        self.writing.run(self.store.write(values))

    def totals(self, question: HealthQuestion = ALL) -> dict[str, SessionTotals]:
        return {one.release: one.totals for one in self.store.releases(question, Budget())}


@pytest.fixture
def bench(engine: ChdbEngine, writing: Any, clock: Any) -> Bench:
    return Bench(engine, writing, clock)


def session(number: int, status: str = "ok", **fields: Any) -> SessionUpdate:
    return replace(ONE, id=f"{number:032x}", status=status, **fields)


def test_each_session_stands_under_its_worst_status(bench: Bench) -> None:
    statuses = ("ok", "exited", "errored", "unhandled", "abnormal", "crashed")
    bench.put(*[session(i, status) for i, status in enumerate(statuses)], session(9, "exited", errors=3))
    found = bench.totals()["app@1"]
    assert (found.sessions, found.healthy) == (7, 2)
    assert (found.errored, found.unhandled, found.abnormal, found.crashed) == (2, 1, 1, 1)
    assert found.crash_free_sessions == pytest.approx(6 / 7)


def test_updates_of_one_session_are_one_session_in_whatever_order_they_come(bench: Bench) -> None:
    updates = [
        session(1, seq=1),
        session(1, seq=2, errors=1),
        session(1, "crashed", seq=3, errors=2),
        session(1, "exited", seq=4),
        session(1, seq=5),
    ]
    random.Random(7).shuffle(updates)
    for update in updates:
        bench.put(update)
    bench.put(*updates)
    found = bench.totals()["app@1"]
    assert (found.sessions, found.crashed, found.errored) == (1, 1, 0)


def test_the_first_end_is_final_and_of_others_the_latest_holds() -> None:
    order = [session(1, seq=1), session(1, seq=9), session(1, "exited", seq=8), session(1, "crashed", seq=2)]
    assert sorted(order, key=rank) == order
    assert 0 <= rank(session(1, "crashed", seq=-5)) < 2**64
    assert 0 <= rank(session(1, "crashed", seq=2**70)) < 2**64


def test_what_servers_counted_is_added(bench: Bench) -> None:
    minute = SessionCounts(1, NOW_MS, "app@1", "production", exited=95, errored=3, crashed=2)
    bench.put(minute, minute, session(1))
    found = bench.totals()["app@1"]
    assert (found.sessions, found.errored, found.crashed) == (201, 6, 4)


def test_users_are_counted_once_and_crash_free_users_are_those_without_a_crash(bench: Bench) -> None:
    bench.put(
        session(1, user="ann"),
        session(2, "crashed", user="ann"),
        session(3, user="bob"),
        session(4, "exited"),
        SessionCounts(1, NOW_MS, "app@1", "production", user="cem", exited=5),
    )
    found = bench.totals()["app@1"]
    assert (found.users, found.crashed_users) == (3, 1)
    assert found.crash_free_users == pytest.approx(2 / 3)


def test_adoption_is_a_part_of_the_project_not_of_all(bench: Bench) -> None:
    bench.put(*[session(i, user=f"u{i}") for i in range(3)], session(4, release="app@2", user="u0"))
    bench.put(session(5, project=2, release="other@1"))
    found = {one.release: one for one in bench.store.releases(ALL, Budget())}
    assert [found[name].adoption for name in ("app@1", "app@2", "other@1")] == [0.75, 0.25, 1.0]
    assert found["app@1"].user_adoption == 1.0
    assert found["other@1"].user_adoption is None
    assert next(one.release for one in bench.store.releases(ALL, Budget())) == "app@1"


def test_questions_choose_project_environment_and_time(bench: Bench) -> None:
    bench.put(
        session(1),
        session(2, environment="staging"),
        session(3, project=2),
        session(4, started_ms=NOW_MS - 30 * HOUR_MS),
    )
    assert [(one.project, one.totals.sessions) for one in bench.store.releases(ALL, Budget())] == [(1, 2), (2, 1)]
    assert bench.totals(replace(ALL, projects=(1,)))["app@1"].sessions == 2
    assert bench.totals(replace(ALL, projects=(1,), environments=("staging",)))["app@1"].sessions == 1
    assert bench.totals(replace(ALL, projects=(3,))) == {}


def test_hours_of_a_release(bench: Bench) -> None:
    bench.put(session(1), session(2, "crashed", started_ms=NOW_MS - 2 * HOUR_MS), session(3, release="app@2"))
    hours = bench.store.hours(ALL, "app@1", Budget())
    assert [(hour.start_ms, hour.totals.sessions, hour.totals.crashed) for hour in hours] == [
        (NOW_MS - 2 * HOUR_MS, 1, 1),
        (NOW_MS, 1, 0),
    ]
    assert sum(hour.totals.sessions for hour in bench.store.hours(ALL, "", Budget())) == 3


def test_hostile_values_are_stored_and_found(bench: Bench) -> None:
    release = "a\tb'\\\x00결제\ud800"
    bench.put(session(1, release=release, user="x" * 10_000, errors=10**12, environment="\ud800", at_ms=-(10**15)))
    assert list(bench.totals()) == ["a\tb'\\\x00결제?"]


def test_no_sessions_no_rates() -> None:
    assert SessionTotals().crash_free_sessions is None
    assert SessionTotals().crash_free_users is None


def test_sessions_make_their_releases_known(engine: ChdbEngine, writing: Any, clock: Any) -> None:
    """Before they are stored, so that what failed half-way is told again; and not with every one of them."""
    told: list[dict[tuple[int, str], tuple[int, int]]] = []
    store = SessionStore(engine, writing.writer, note=lambda seen: told.append(dict(seen)), clock=clock)
    minute = SessionCounts(1, NOW_MS - 5, "app@2", "production", exited=1)
    writing.run(store.write([session(1), session(2, started_ms=NOW_MS + 9), minute]))
    assert told == [{(1, "app@1"): (NOW_MS, NOW_MS + 9), (1, "app@2"): (NOW_MS - 5, NOW_MS - 5)}]
    writing.run(store.write([session(3), session(4, started_ms=NOW_MS + 1000)]))
    assert len(told) == 1
    writing.run(store.write([session(5, started_ms=NOW_MS + HOUR_MS)]))
    assert told[1] == {(1, "app@1"): (NOW_MS + HOUR_MS, NOW_MS + HOUR_MS)}
