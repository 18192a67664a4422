"""Check-ins: monitors made and changed by them, jobs that fail, come late, take too long, and what is told of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hannun.model.budget import Budget
from hannun.model.errors import NotFound, StoreUnavailable
from hannun.model.event import Event
from hannun.model.monitor import Standing, StoredCheckIn
from hannun.model.project import DEFAULTS
from hannun.model.sentry_items import CheckIn, Interval, MonitorConfig
from hannun.process.monitors.event import event_of
from hannun.process.monitors.schedule import next_due
from hannun.store.check_ins import CheckInStore, standing
from hannun.store.check_ins import store as check_in_store
from hannun.store.check_ins.watch import MonitorWatch
from hannun.store.engine import ChdbEngine
from hannun.store.meta import MetaStore

NOW_MS = 1_800_000_000_000
MINUTE_MS = 60_000
HOURLY = MonitorConfig(Interval(1, "hour"), margin_min=5, max_runtime_min=10)


class Events:
    """An event sink that knows ids."""

    def __init__(self) -> None:
        self.found: dict[str, Event] = {}
        self.down = False

    async def write(self, events: Sequence[Event]) -> int:
        if self.down:
            raise StoreUnavailable("down")
        self.found |= {event.id: event for event in events}
        return len(events)


class Bench:
    def __init__(self, engine: ChdbEngine, writing: Any, clock: Any, folder: Path) -> None:
        self.engine, self.writing, self.clock = engine, writing, clock
        self.meta = MetaStore.open(folder / "meta.db", clock)
        self.store = CheckInStore(engine, writing.writer, self.meta.monitors, next_due, clock=clock)
        self.events = Events()
        self.watch = MonitorWatch(self.store, self.events, lambda failure: event_of(failure, DEFAULTS))

    def put(self, status: str, id_: int = 0, **fields: Any) -> None:
        made = {"project": 1, "monitor": "nightly", "status": status, "at_ms": self.clock.ms, "config": HOURLY}
        made["id"] = f"{id_:032x}" if id_ else ""
        self.writing.run(self.store.write([CheckIn(**(made | fields))]))

    def minutes(self, count: float) -> None:
        self.clock.advance(count * 60)

    def sweep(self) -> int:
        return self.store.sweep()

    def tell(self) -> list[str]:
        self.writing.run(self.watch.tell())
        return [event.tags["monitor.status"] for event in self.events.found.values()]

    @property
    def standing(self) -> Standing:
        return self.store.monitor(1, "nightly").standings[0]

    def check_ins(self, **asked: Any) -> list[StoredCheckIn]:
        return [*self.store.check_ins(1, "nightly", Budget(), **asked)]


@pytest.fixture
def bench(engine: ChdbEngine, writing: Any, clock: Any, tmp_path: Path) -> Iterator[Bench]:
    opened = Bench(engine, writing, clock, tmp_path)
    yield opened
    opened.meta.close()


def test_a_check_in_makes_its_monitor_and_later_ones_change_it(bench: Bench) -> None:
    bench.put("ok", 1)
    bench.put("ok", 2, config=MonitorConfig(Interval(2, "hour"), failure_threshold=3))
    (monitor,) = bench.store.monitors()
    assert (monitor.slug, monitor.project, monitor.created_ms) == ("nightly", 1, NOW_MS)
    assert monitor.config == MonitorConfig(Interval(2, "hour"), 5, 10, failure_threshold=3)
    bench.put("ok", 3, config=None)
    assert bench.store.monitor(1, "nightly").config == monitor.config
    assert bench.store.monitors([2]) == []


def test_a_job_begins_and_ends(bench: Bench) -> None:
    bench.put("in_progress", 1)
    assert (bench.standing.open_id, bench.standing.due_ms) == (f"{1:032x}", NOW_MS + 60 * MINUTE_MS)
    bench.minutes(3)
    bench.put("ok", 1, duration_s=180.0, release="app@1")
    assert (bench.standing.open_id, bench.standing.health) == ("", "ok")
    (found,) = bench.check_ins()
    assert (found.status, found.began_ms, found.ended_ms) == ("ok", NOW_MS, NOW_MS + 3 * MINUTE_MS)
    assert (found.duration_s, found.release) == (180.0, "app@1")


def test_without_an_id_the_one_that_runs_is_meant(bench: Bench) -> None:
    bench.put("in_progress", 7)
    bench.put("ok")
    bench.put("ok")
    first, second = sorted(bench.check_ins(), key=lambda one: one.id)
    assert first.id == f"{7:032x}"
    assert (first.status, second.status) == ("ok", "ok")


def test_a_failed_job_makes_an_event_once(bench: Bench) -> None:
    bench.put("error", 1)
    bench.put("error", 1)
    assert bench.tell() == ["error"]
    assert bench.tell() == ["error"]
    assert bench.meta.monitors.failures() == []


def test_thresholds_say_when_a_monitor_fails_and_when_it_is_well_again(bench: Bench) -> None:
    config = replace(HOURLY, failure_threshold=2, recovery_threshold=2)
    seen = []
    for number, status in enumerate(("error", "ok", "error", "error", "ok", "error", "ok", "ok"), 1):
        bench.put(status, number, config=config)
        seen.append(bench.standing.failing)
    assert seen == [False, False, False, True, True, True, True, False]
    assert len(bench.tell()) == 2


def test_a_job_that_does_not_come_is_missed_after_its_margin_and_once_for_each_time(bench: Bench) -> None:
    bench.put("ok", 1)
    bench.minutes(64)
    assert bench.sweep() == 0
    bench.minutes(2)
    assert [bench.sweep(), bench.sweep()] == [1, 0]
    assert (bench.standing.health, bench.standing.failing) == ("missed", True)
    assert bench.tell() == ["missed"]
    newest = bench.check_ins()[0]
    assert (newest.status, newest.expected_ms, newest.ended_ms) == ("missed", NOW_MS + 60 * MINUTE_MS, None)
    bench.minutes(60 * 24)
    assert [bench.sweep(), bench.sweep()] == [1, 0]


def test_a_job_that_takes_too_long_is_told_and_may_still_end(bench: Bench) -> None:
    bench.put("in_progress", 1)
    bench.minutes(11)
    assert [bench.sweep(), bench.sweep()] == [1, 0]
    assert bench.tell() == ["timeout"]
    assert [one.status for one in bench.check_ins()] == ["timeout"]
    bench.minutes(1)
    bench.put("ok", 1)
    assert [one.status for one in bench.check_ins()] == ["ok"]
    assert bench.standing.health == "ok"


def test_what_did_not_come_while_the_server_was_down_is_not_missed(bench: Bench) -> None:
    bench.put("ok", 1)
    bench.minutes(60 * 48)
    bench.store.resume()
    assert bench.sweep() == 0
    bench.minutes(66)
    assert bench.sweep() == 1


def test_a_job_whose_end_may_have_been_lost_with_the_server_is_not_told(bench: Bench) -> None:
    bench.put("in_progress", 1)
    bench.minutes(30)
    bench.store.resume()
    assert bench.sweep() == 0
    assert bench.standing.open_id == ""


def test_without_a_schedule_nothing_is_missed(bench: Bench) -> None:
    bench.put("ok", 1, config=None)
    bench.minutes(10**6)
    assert bench.sweep() == 0


def test_environments_stand_for_themselves(bench: Bench) -> None:
    bench.put("ok", 1)
    bench.put("error", 2, environment="staging")
    standings = bench.store.monitor(1, "nightly").standings
    assert [(one.environment, one.health) for one in standings] == [("production", "ok"), ("staging", "error")]


def test_failures_wait_while_events_cannot_be_written(bench: Bench) -> None:
    bench.put("error", 1)
    bench.events.down = True
    with pytest.raises(StoreUnavailable):
        bench.tell()
    bench.events.down = False
    assert bench.tell() == ["error"]


def test_a_commit_that_ended_half_way_counts_once_when_it_is_sent_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row is there, the monitor knows nothing of it: nobody was answered."""

    def down(*_: Any) -> None:
        raise StoreUnavailable("down")

    monkeypatch.setattr(bench.meta.monitors, "write", down)
    with pytest.raises(StoreUnavailable):
        bench.put("error", 1)
    monkeypatch.undo()
    bench.put("error", 1)
    assert bench.standing.failures == 1
    assert len(bench.check_ins()) == 1
    assert bench.tell() == ["error"]


def test_names_beyond_the_limits_are_counted(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hannun.store.meta.monitors.MONITORS_MAX", 2)
    monkeypatch.setattr(check_in_store, "ENVIRONMENTS_MAX", 2)
    for number in range(1, 5):
        bench.put("ok", number, monitor=f"m{number}")
        bench.put("ok", number + 10, monitor="m1", environment=f"e{number}")
    monitors = bench.store.monitors()
    assert [monitor.slug for monitor in monitors] == ["m1", "m2"]
    assert len(monitors[0].standings) == 2


def test_pages_of_check_ins(bench: Bench) -> None:
    for number in range(1, 4):
        bench.put("ok", number)
        bench.minutes(1)
    newest = bench.check_ins(limit=2)
    assert [one.id[-1] for one in newest] == ["3", "2"]
    assert [one.id[-1] for one in bench.check_ins(before_ms=newest[-1].began_ms)] == ["1"]


def test_an_unknown_monitor_is_not_found(bench: Bench) -> None:
    with pytest.raises(NotFound):
        bench.check_ins()


def test_hostile_words_are_kept(bench: Bench) -> None:
    bench.put("ok", 1, release="\ud800'\t", environment="결제\\N", trace_id="x" * 500)
    assert bench.check_ins()[0].release == "?'\t"


def test_margins_of_nothing_are_a_minute() -> None:
    config = replace(HOURLY, margin_min=0, max_runtime_min=0)
    running = Standing("production", due_ms=0, open_id="a", open_ms=0)
    assert not standing.missed(running, config, MINUTE_MS)
    assert standing.missed(running, config, MINUTE_MS + 1)
    assert not standing.timed_out(running, config, MINUTE_MS)
    assert standing.timed_out(running, config, MINUTE_MS + 1)
