"""What is written is read back, byte for byte; what cannot be is refused in clear words."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest

from hannun.model.budget import Budget
from hannun.model.errors import OutOfBounds
from hannun.model.labels import Labels

NOW_NS = 1_800_000_000 * 10**9
DAY_NS, HOUR_NS = 86_400 * 10**9, 3_600 * 10**9
EVER = (0, 2 * NOW_NS)
A = Labels.of(app="a", host="h1", level="info")
B = Labels.of(app="b", host="h1")
C = Labels.of(app="c", __name__="odd", quote='"\\')
TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"


def test_every_column_comes_back_as_it_was_sent(bench: Any, line: Any) -> None:
    sent = [
        line(A, NOW_NS - 9, "plain", 3, attributes=(("pod", "a-1"), ("값", "둘"), ("empty", ""))),
        line(A, NOW_NS - 8, '{"m": "\\uacb0\\uc81c"}', 5, said='{"m": "결제"}'),
        line(B, NOW_NS - 7, f"trace={TRACE} span={SPAN}", 0, trace_id=TRACE, span_id=SPAN),
        line(B, NOW_NS - 6, "the trace is elsewhere", 7, trace_id=TRACE, span_id="00f067aa0ba902b7"),
        line(C, NOW_NS - 5, "short ids", 2, trace_id="abc", span_id="1"),
        line(C, NOW_NS - 4, "", 1),
        line(A, NOW_NS - 3, "tab\tnewline\nnul\0 <b>&amp;</b> \x1b[31m 한글 🙂", 4),
    ]
    bench.put(*sent)
    assert bench.get() == sent
    assert [one.service for one in bench.get()] == ["a", "a", "b", "b", "c", "c", "a"]
    bench.merge()
    assert bench.get() == sent
    bench.store.sweep(settle_all=True)
    assert bench.get("trace_id = {id:String}", id=TRACE) == sent[2:4]
    assert bench.get("attributes['pod'] = 'a-1'") == sent[:1]


def test_batches_of_different_columns_share_one_commit(bench: Any, line: Any) -> None:
    """Whoever is first in a group must not decide for the others which columns there are."""
    from_store = bench.store
    sent = [
        line(A, NOW_NS - 3, "bare"),
        line(A, NOW_NS - 2, "with pairs", attributes=(("k", "v"),)),
        line(B, NOW_NS - 1, "esc \\uac00", said="esc 가", trace_id=TRACE),
    ]

    async def together() -> None:
        await asyncio.gather(*(from_store.write(bench.batch(one)) for one in sent))

    bench.run(together())
    assert bench.get() == sent
    assert bench.store.queues()[0].commits <= 2


def test_lines_out_of_order_and_of_many_days_are_all_there(bench: Any, line: Any) -> None:
    sent = [line(A, NOW_NS - day * DAY_NS, f"day {day}") for day in range(80)]
    bench.put(*sent[::2])
    bench.put(*sent[1::2])
    assert bench.get() == sorted(sent, key=lambda one: one.ts_ns)
    assert bench.counted() == (80, sum(len(one.body) for one in sent))


def test_times_keep_their_nanoseconds_and_equal_times_their_lines(bench: Any, line: Any) -> None:
    sent = [line(A, NOW_NS + 1, "x"), line(A, NOW_NS + 1, "y"), line(A, NOW_NS + 2, "x")]
    bench.put(*sent)
    assert bench.get() == sent


@pytest.mark.parametrize("ts_ns", [NOW_NS - 31 * DAY_NS, NOW_NS + DAY_NS + 10**6], ids=["too old", "too new"])
def test_impossible_times_are_refused_with_the_bound(bench: Any, line: Any, ts_ns: int) -> None:
    bench.close()
    bench.options["retention_ms"] = 30 * 86_400_000
    bench.reopen()
    with pytest.raises(OutOfBounds, match="out of bounds"):
        bench.put(line(A, NOW_NS, "fine"), line(A, ts_ns, "impossible"))
    assert bench.get() == []
    assert not bench.store.offer(bench.batch(line(A, ts_ns, "impossible")))


def test_days_that_retention_dropped_take_their_streams_along(bench: Any, line: Any) -> None:
    bench.put(line(A, NOW_NS - 5 * DAY_NS, "old"), line(B, NOW_NS, "new"))
    (day,) = bench.engine.query_rows("SELECT toString(toDate(min(ts))) FROM logs")[0]
    bench.engine.execute(f"ALTER TABLE logs__local DROP PARTITION '{day}'")
    bench.store.partitions_dropped()
    assert [one.labels for one in bench.store.streams([], *EVER, Budget())] == [B]
    assert bench.store.unknown(np.array([A.series_id(), B.series_id()], np.uint64)).tolist() == [True, False]
    bench.put(line(A, NOW_NS, "back"))
    assert {one.body for one in bench.get()} == {"back", "new"}
