"""Recorded sessions: pieces that come apart, come twice, and the list of them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from hannun.model.budget import Budget
from hannun.model.replay import Found, Replay
from hannun.model.sentry_items import ReplaySegment
from hannun.store.engine import ChdbEngine
from hannun.store.replays import ReplayStore
from hannun.store.replays.told import Told, read

NOW_MS = 1_800_000_000_000
ID = "ab" * 16
ALL = Found(NOW_MS - 86_400_000, NOW_MS + 86_400_000)


def event(**fields: Any) -> bytes:
    return json.dumps({"replay_start_timestamp": NOW_MS / 1000, "timestamp": NOW_MS / 1000 + 5} | fields).encode()


class Bench:
    def __init__(self, engine: ChdbEngine, writing: Any, clock: Any) -> None:
        self.store = ReplayStore(engine, writing.writer, clock=clock)
        self.writing = writing

    def put(self, *values: ReplaySegment) -> None:
        self.writing.run(self.store.write(values))

    def list(self, asked: Found = ALL) -> list[Replay]:
        return [*self.store.list(asked, Budget())]


@pytest.fixture
def bench(engine: ChdbEngine, writing: Any, clock: Any) -> Bench:
    return Bench(engine, writing, clock)


def test_pieces_become_one_replay(bench: Bench) -> None:
    told = {"release": "app@1", "environment": "prod", "user": {"id": 7}, "platform": "javascript"}
    first = event(urls=["http://a/1"], error_ids=["e" * 32], replay_type="session", **told)
    bench.put(ReplaySegment(1, ID, 0, NOW_MS, first, b"x\x9c\xff\x00"))
    bench.put(ReplaySegment(1, ID, 1, NOW_MS + 9, event(urls=["http://a/2"], timestamp=NOW_MS / 1000 + 60), b"[]"))
    (found,) = bench.list()
    assert (found.id, found.segments, found.started_ms, found.ended_ms) == (ID, 2, NOW_MS, NOW_MS + 60_000)
    assert (found.urls, found.error_ids) == (("http://a/1", "http://a/2"), ("e" * 32,))
    assert (found.release, found.environment, found.user, found.kind) == ("app@1", "prod", "id:7", "session")


def test_a_piece_sent_again_weighs_once_and_halves_that_come_apart_are_kept(bench: Bench, engine: ChdbEngine) -> None:
    bench.put(ReplaySegment(1, ID, 0, NOW_MS, event=event()), ReplaySegment(1, ID, 0, NOW_MS, recording=b"r" * 100))
    size = bench.list()[0].size_bytes
    bench.put(ReplaySegment(1, ID, 0, NOW_MS, recording=b"r" * 100))
    engine.execute("OPTIMIZE TABLE replays__local FINAL")
    (found,) = bench.list()
    assert (found.segments, found.size_bytes) == (1, size)
    assert engine.query_rows("SELECT max(event) != '', max(recording) != '' FROM replays") == [(1, 1)]


def test_lists_choose_projects_and_time(bench: Bench) -> None:
    bench.put(ReplaySegment(1, ID, 0, NOW_MS, event()), ReplaySegment(2, "cd" * 16, 0, NOW_MS + 1, event()))
    assert [one.project for one in bench.list(replace(ALL, projects=(2,)))] == [2]
    assert bench.list(replace(ALL, end_ms=NOW_MS)) == []
    assert len(bench.list(replace(ALL, limit=1))) == 1


def test_a_recording_without_its_event_is_listed_by_its_arrival(bench: Bench) -> None:
    bench.put(ReplaySegment(1, ID, 3, NOW_MS, recording=b"[]"))
    (found,) = bench.list()
    assert (found.started_ms, found.ended_ms) == (NOW_MS, NOW_MS)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff\xfe",
        b"[1]",
        b"[" * 100_000,
        b'{"timestamp":1e400,"replay_start_timestamp":true,"urls":"x","error_ids":[{}],"user":[],"release":[]}',
        b'{"timestamp":NaN,"replay_start_timestamp":-1}',
    ],
    ids=["empty", "no text", "no object", "deep", "other types", "no numbers"],
)
def test_an_event_that_cannot_be_read_tells_nothing(payload: bytes) -> None:
    assert read(payload) == Told()
