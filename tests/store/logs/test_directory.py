"""Streams and their labels, from memory: by selector, by time, up to a bound."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

from hannun.model.budget import Budget
from hannun.model.errors import Overloaded, WireError
from hannun.model.labels import Labels
from hannun.model.log import NewStream
from hannun.model.matcher import Matcher, MatchOp, equal
from hannun.observe.outcomes import Outcomes
from hannun.testing import log_mix

NOW_NS = 1_800_000_000 * 10**9
DAY_NS, HOUR_NS = 86_400 * 10**9, 3_600 * 10**9
EVER = (0, 2 * NOW_NS)
A = Labels.of(app="a", host="h1", level="info")
B = Labels.of(app="b", host="h1")
C = Labels.of(app="c", __name__="odd", quote='"\\')
TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"


def test_labels_values_and_streams_come_from_memory(bench: Any, line: Any) -> None:
    bench.put(line(A, NOW_NS, "1"), line(B, NOW_NS, "2"), line(C, NOW_NS, "3"))
    for _ in range(2):
        store = bench.store
        assert store.label_names([], *EVER, Budget()) == ["__name__", "app", "host", "level", "quote"]
        assert store.label_values("app", [], *EVER, Budget()) == ["a", "b", "c"]
        assert store.label_values("app", [(equal("host", "h1"),)], *EVER, Budget()) == ["a", "b"]
        assert store.label_values("none", [], *EVER, Budget()) == []
        several = [(equal("app", "a"),), (Matcher("app", MatchOp.REGEX, "a|b"),)]
        found = store.streams(several, *EVER, Budget())
        assert {one.labels for one in found} == {A, B}
        assert [one.id for one in found] == sorted(one.id for one in found)
        assert [one.labels for one in store.streams([(equal("__name__", "odd"),)], *EVER, Budget())] == [C]
        absent = (Matcher("level", MatchOp.EQUAL, ""), Matcher("app", MatchOp.NOT_EQUAL, "c"))
        assert [one.labels for one in store.streams([absent], *EVER, Budget())] == [B]
        bench.reopen()


def test_a_range_of_time_lists_the_streams_that_had_lines_in_its_hours(bench: Any, line: Any) -> None:
    hour = NOW_NS // HOUR_NS * HOUR_NS
    bench.put(line(A, hour - 26 * HOUR_NS, "old"), line(B, hour - HOUR_NS, "then"))
    for _ in range(2):

        def during(start: int, end: int) -> set[Labels]:
            return {one.labels for one in bench.store.streams([], start, end, Budget())}

        assert during(hour - 26 * HOUR_NS, hour - 25 * HOUR_NS) == {A}
        assert during(hour - HOUR_NS, hour) == {B}
        assert during(hour - 25 * HOUR_NS, hour - HOUR_NS) == set()
        assert during(hour - 26 * HOUR_NS, hour) == {A, B}
        assert during(hour, hour + HOUR_NS) == set()
        assert during(5, 5) == set()
        bench.reopen()
    bench.put(line(A, hour, "again"))
    assert {one.labels for one in bench.store.streams([], hour, hour + 1, Budget())} == {A}


def test_more_streams_than_are_admitted_are_refused_in_lokis_words(bench: Any, line: Any) -> None:
    bench.close()
    bench.options["streams_max"] = 3
    bench.reopen()
    bench.put(line(A, NOW_NS, "1"), line(B, NOW_NS, "2"))
    late = [line(Labels.of(app=f"new-{i}"), NOW_NS, f"new {i}") for i in range(2)]
    with pytest.raises(Overloaded, match="maximum active stream limit exceeded when trying to create stream"):
        bench.put(line(A, NOW_NS + 1, "known streams go on"), *late)
    with pytest.raises(Overloaded):
        bench.put(line(A, NOW_NS + 1, "known streams go on"), *late)
    taken = [one.body for one in bench.get()]
    assert [body for body in taken if not body.startswith("new")] == ["1", "2", "known streams go on"]
    assert len(taken) == 4, "one of the new streams found room"
    with pytest.raises(Overloaded):
        bench.put(line(C, NOW_NS, "nothing but a stream too many"))
    assert len(bench.get()) == 4


def test_of_an_offer_the_lines_of_streams_beyond_the_bound_are_dropped_and_counted(bench: Any, line: Any) -> None:
    bench.close()
    bench.options |= {"streams_max": 1, "outcomes": Outcomes()}
    bench.reopen()

    async def offered() -> list[bool]:
        one = bench.store.offer(bench.batch(line(A, NOW_NS, "1")))
        await bench.writer.flush()
        return [one, bench.store.offer(bench.batch(line(A, NOW_NS, "2"), line(B, NOW_NS, "3"))), await flushed()]

    async def flushed() -> bool:
        await bench.writer.flush()
        return True

    assert bench.run(offered()) == [True, False, True]
    assert [one.body for one in bench.get()] == ["1", "2"]
    assert [(what.reason, count) for what, count in bench.options["outcomes"].rows()] == [("too many streams", 1)]


def test_a_hundred_thousand_streams_are_answered_quickly(bench: Any) -> None:
    new = tuple(
        NewStream(labels.series_id(), labels)
        for labels in (Labels.of(app=f"app-{i % 50}", pod=f"pod-{i}") for i in range(20_000))
    )
    batch = log_mix.lines(1, 20_000).batch(introduce=False)
    ids = np.array([one.id for one in new], np.uint64)
    bench.run(bench.store.write(bench.replace(batch, stream=ids, introduced=new)))
    began = time.process_time()
    assert len(bench.store.streams([(equal("app", "app-7"),)], *EVER, Budget())) == 400
    assert len(bench.store.label_values("pod", [], *EVER, Budget())) == 20_000
    assert time.process_time() - began < 2.0


def test_two_label_sets_of_one_id_are_refused(bench: Any, line: Any) -> None:
    batch = bench.batch(line(A, NOW_NS, "x"))
    other = NewStream(batch.introduced[0].id, B)
    with pytest.raises(WireError, match="share the stream id"):
        bench.run(bench.store.write(bench.replace(batch, introduced=(*batch.introduced, other))))
