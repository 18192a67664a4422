"""What all families of single values share: days, bounds of time, texts of hostile senders, retention."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from hannun.model.identity import Identity
from hannun.model.sentry_items import SentProfile
from hannun.observe.outcomes import Outcome, Outcomes
from hannun.store.day_table import DAY_MS, NOT_IN_TIME, id16, raw, text
from hannun.store.disk import DiskGuard
from hannun.store.engine import ChdbEngine
from hannun.store.profiles import ProfileStore
from hannun.store.retention import Retention, Signal

NOW_MS = 1_800_000_000_000
KEEP_MS = 14 * DAY_MS
ONE = SentProfile(1, "a" * 32, False, "python", NOW_MS, b"{}", Identity("api"))


@pytest.fixture
def outcomes() -> Outcomes:
    return Outcomes()


@pytest.fixture
def store(engine: ChdbEngine, writing: Any, clock: Any, outcomes: Outcomes) -> ProfileStore:
    return ProfileStore(engine, writing.writer, keep_ms=KEEP_MS, clock=clock, outcomes=outcomes)


def count(engine: ChdbEngine) -> int:
    return int(engine.query_rows("SELECT count() FROM profiles")[0][0])


def test_what_is_dated_beyond_retention_is_counted_and_makes_no_partition(
    store: ProfileStore, engine: ChdbEngine, writing: Any, outcomes: Outcomes
) -> None:
    dates = [0, NOW_MS - KEEP_MS - 2 * DAY_MS, NOW_MS + 2 * DAY_MS, 10**15]
    writing.run(store.write([replace(ONE, at_ms=at_ms) for at_ms in dates] + [ONE]))
    assert count(engine) == 1
    assert {(tally.signal, tally.outcome, tally.reason): n for tally, n in outcomes.rows()} == {
        ("profiles", Outcome.INVALID, NOT_IN_TIME): 4
    }


def test_a_batch_of_many_days_is_stored_whole(engine: ChdbEngine, writing: Any, clock: Any) -> None:
    store = ProfileStore(engine, writing.writer, clock=clock)
    writing.run(store.write([replace(ONE, id=f"{day:032x}", at_ms=NOW_MS - day * DAY_MS) for day in range(70)]))
    assert count(engine) == 70


def test_nothing_is_an_answer_at_once(store: ProfileStore, writing: Any) -> None:
    writing.run(store.write([]))


def test_retention_drops_whole_days(
    store: ProfileStore, engine: ChdbEngine, writing: Any, clock: Any, tmp_path: Path
) -> None:
    writing.run(store.write([ONE, replace(ONE, id="b" * 32, at_ms=NOW_MS - 13 * DAY_MS)]))
    signal = Signal("traces", ProfileStore.tables, KEEP_MS)
    retention = Retention(engine, [signal], disk=DiskGuard(tmp_path, 0), clock=clock, state_path=tmp_path / "clock")
    assert retention.sweep() == []
    clock.ms += 3 * DAY_MS
    clock.s += 3 * 86_400
    assert [one.table for one in retention.sweep()] == ["profiles__local"]
    assert count(engine) == 1


def test_it_says_how_it_stands(store: ProfileStore, writing: Any) -> None:
    writing.run(store.write([ONE]))
    assert [(table.name, table.rows) for table in store.status()] == [("profiles", 1)]
    assert [(queue.name, queue.rows_written) for queue in store.queues()] == [("profiles", 1)]


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        pytest.param("결제", "결제", id="text stays"),
        pytest.param("a\ud800b", "a?b", id="half a surrogate pair has no UTF-8"),
        pytest.param("\x00\t'\\", "\x00\t'\\", id="signs of SQL and TSV are text"),
        pytest.param("x" * 5_000, "x" * 1_024, id="without end"),
    ],
)
def test_texts_are_made_to_fit_a_column(told: str, kept: str) -> None:
    assert text(told) == kept


@pytest.mark.parametrize("digits", ["", "zz", "ab" * 15, "ab" * 17, "g" * 32])
def test_what_is_no_id_becomes_none(digits: str) -> None:
    assert id16(digits) == bytes(16)


def test_raw_bytes_need_not_be_text() -> None:
    column = pa.chunked_array([pa.array([b"\xff\x00"], pa.binary())])
    assert raw(column) == [b"\xff\x00"]
