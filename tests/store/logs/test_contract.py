"""One contract, two stores: the engine's and the one in memory that other tests write to."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

import numpy as np
import pytest

from hannun.model.budget import Budget
from hannun.model.errors import OutOfBounds, StoreUnavailable
from hannun.model.labels import Labels
from hannun.model.log import TailedLine
from hannun.model.matcher import Matcher, MatchOp, equal
from hannun.testing.memory_logs import MemoryLogs

NOW_NS = 1_800_000_000 * 10**9
DAY_NS = 86_400 * 10**9
A = Labels.of(app="a", host="h1")
B = Labels.of(app="b")
EVER = (0, 2 * NOW_NS)


class Memory:
    """As the bench of the engine's store, over lines in memory."""

    def __init__(self, batch_of: Any) -> None:
        self.store = MemoryLogs((0, NOW_NS + DAY_NS))
        self._batch_of = batch_of

    def run(self, work: Any) -> Any:
        return asyncio.run(work)

    def batch(self, *lines: Any) -> Any:
        return self._batch_of(lines, self.store.unknown)

    def put(self, *lines: Any) -> None:
        self.run(self.store.write(self.batch(*lines)))


@pytest.fixture(params=["engine", "memory"])
def logs(request: pytest.FixtureRequest, batch_of_lines: Any) -> Any:
    return request.getfixturevalue("bench") if request.param == "engine" else Memory(batch_of_lines)


def test_streams_are_unknown_until_they_are_introduced(logs: Any, line: Any) -> None:
    ids = np.array([A.series_id(), B.series_id()], np.uint64)
    assert logs.store.unknown(ids).tolist() == [True, True]
    logs.put(line(A, NOW_NS, "x"))
    assert logs.store.unknown(ids).tolist() == [False, True]
    with pytest.raises(StoreUnavailable):
        logs.run(logs.store.write(_without_streams(logs.batch(line(B, NOW_NS, "x")))))
    assert not logs.store.offer(_with_time(logs.batch(line(A, NOW_NS, "x")), NOW_NS + 2 * DAY_NS))


def test_labels_streams_and_volumes(logs: Any, line: Any) -> None:
    logs.put(line(A, NOW_NS - 5, "hello"), line(A, NOW_NS - 5, "hello"), line(B, NOW_NS - 3 * DAY_NS, "한글"))
    store = logs.store
    assert [one.labels for one in store.streams([(equal("app", "a"),)], *EVER, Budget())] == [A]
    assert [one.labels for one in store.streams([], NOW_NS - 3600 * 10**9, NOW_NS, Budget())] == [A]
    assert store.label_names([], *EVER, Budget()) == ["app", "host"]
    assert store.label_values("app", [(Matcher("app", MatchOp.REGEX, ".+"),)], *EVER, Budget()) == ["a", "b"]
    volumes = {one.stream.labels: (one.lines, one.bytes) for one in store.volumes((), *EVER, Budget())}
    assert volumes == {A: (1, 5), B: (1, 6)}
    assert store.delete((equal("app", "b"),), None, 0, NOW_NS - 4) == 1
    assert store.label_values("app", [], *EVER, Budget()) == ["a"]
    assert store.unknown(np.array([B.series_id()], np.uint64)).tolist() == [True]


def test_impossible_times_are_refused_as_a_whole(logs: Any, line: Any) -> None:
    with pytest.raises(OutOfBounds):
        logs.put(line(A, NOW_NS, "fine"), line(A, NOW_NS + 2 * DAY_NS, "not yet"))
    assert logs.store.streams([], *EVER, Budget()) == ()


def test_who_watches_gets_what_is_written(logs: Any, line: Any) -> None:
    got: list[TailedLine] = []

    async def play() -> None:
        leave = logs.store.subscribe(lambda stream: stream.labels == A, got.extend)
        await logs.store.write(logs.batch(line(B, NOW_NS, "other"), line(A, NOW_NS, "mine", attributes=(("k", "v"),))))
        for _ in range(1000):
            if got:
                break
            await asyncio.sleep(0.002)
        leave()

    logs.run(play())
    assert [(one.stream.labels, one.ts_ns, one.body, one.attributes) for one in got] == [
        (A, NOW_NS, "mine", (("k", "v"),))
    ]


def _without_streams(batch: Any) -> Any:
    return dataclasses.replace(batch, introduced=())


def _with_time(batch: Any, ts_ns: int) -> Any:
    return dataclasses.replace(batch, ts_ns=np.full(len(batch), ts_ns))
