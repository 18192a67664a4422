"""Stops between the INSERT and the counting: events are the truth, and the counts follow exactly."""

from __future__ import annotations

from typing import Any

import pytest

from hannun.model.budget import Budget
from hannun.model.errors import StoreUnavailable, WireError
from hannun.model.issue import IssueQuestion
from hannun.store.errors.accounts import Accounts


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The transaction that counts fails so often, after its work or before."""
    left = {"times": 0}
    whole = Accounts._note_releases

    def note(self: Accounts, *arguments: Any) -> None:
        whole(self, *arguments)
        if left["times"] > 0:
            left["times"] -= 1
            raise StoreUnavailable("the disk of the meta store is busy")

    monkeypatch.setattr(Accounts, "_note_releases", note)

    def fail(times: int) -> None:
        left["times"] = times

    return fail


def counts(bench: Any) -> dict[str, tuple[int, int]]:
    found = bench.store.list(IssueQuestion(terms=()), Budget()).issues
    return {issue.error_value: (issue.events, issue.users) for issue in found}


def test_a_stop_between_the_two_is_made_good_at_the_start(bench: Any, failing: Any) -> None:
    bench.send("known", user="u1", release="app@1.0")
    failing(100)
    event = bench.event("fresh", second="s", user="u2", release="app@1.1", handled=False)
    with pytest.raises(StoreUnavailable):
        bench.put(event, bench.event("known", user="u2"))
    assert counts(bench) == {"known": (1, 1)}
    failing(0)
    bench.reopen()
    assert counts(bench) == {"known": (2, 2), "fresh": (1, 1)}
    fresh = bench.of("fresh")
    assert (fresh.first_release, fresh.handled, fresh.title) == ("app@1.1", False, event.title)
    assert bench.of("s").id == fresh.id
    assert bench.put(event) == 0
    bench.reopen()
    assert counts(bench) == {"known": (2, 2), "fresh": (1, 1)}


def test_the_next_commit_makes_it_good_without_a_restart(bench: Any, failing: Any) -> None:
    failing(1)
    first = bench.event("a")
    # The writer tries the group again by itself: the event is stored by then and is counted once.
    with pytest.raises(StoreUnavailable):
        bench.put(first)
    assert bench.put(first, bench.event("a")) == 1
    assert counts(bench) == {"a": (2, 0)}


def test_an_insert_that_failed_leaves_nothing_half_known(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A group over two days is two parts: one may be stored when the other is not."""
    whole = bench.engine.insert_arrow
    old = bench.event("a", at_ms=bench.clock.ms - 3 * 86_400_000)

    def half(table: str, rows: Any) -> None:
        whole(table, rows.slice(0, 1))
        raise StoreUnavailable("no memory for the second part")

    monkeypatch.setattr(bench.engine, "insert_arrow", half)
    new = bench.event("a")
    with pytest.raises(StoreUnavailable):
        bench.put(old, new)
    monkeypatch.undo()
    assert bench.put(old, new) == 1
    assert counts(bench) == {"a": (2, 0)}


def test_a_lost_meta_store_is_made_again_from_the_events(bench: Any) -> None:
    bench.send("a", "b", "a", user="u")
    bench.close()
    for file in bench.folder.glob("meta.db*"):
        file.unlink()
    bench.open()
    assert counts(bench) == {"a": (2, 1), "b": (1, 1)}


def test_an_event_that_cannot_be_written_harms_no_other(bench: Any) -> None:
    async def send() -> list[Any]:
        import asyncio

        good, bad = [bench.event("good")], [bench.event("bad", title="\ud800")]
        return await asyncio.gather(bench.store.write(good), bench.store.write(bad), return_exceptions=True)

    results = bench.run(send())
    assert results[0] == 1
    assert isinstance(results[1], WireError)
    assert counts(bench) == {"good": (1, 0)}


def test_a_clock_that_goes_back_counts_nothing_twice(bench: Any) -> None:
    bench.send("a")
    bench.clock.advance(-48)
    bench.send("a")
    bench.reopen()
    bench.send("a")
    bench.reopen()
    assert counts(bench) == {"a": (3, 0)}
