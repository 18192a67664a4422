"""A line that is sent again is stored once, and only a line that was stored counts as sent."""

from __future__ import annotations

from typing import Any

import pytest

from hannun.model.errors import ExecutionError
from hannun.model.labels import Labels

NOW_NS = 1_800_000_000 * 10**9
DAY_NS, HOUR_NS = 86_400 * 10**9, 3_600 * 10**9
EVER = (0, 2 * NOW_NS)
A = Labels.of(app="a", host="h1", level="info")
B = Labels.of(app="b", host="h1")
C = Labels.of(app="c", __name__="odd", quote='"\\')
TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"


def test_a_line_that_is_sent_again_is_stored_once_also_after_a_restart(bench: Any, line: Any) -> None:
    sent = [
        line(A, NOW_NS - 2, "x"),
        line(A, NOW_NS - 2, "x", attributes=(("k", "v"),)),
        line(A, NOW_NS - 1, "x"),
        line(B, NOW_NS - 1, "x"),
        line(B, NOW_NS - 40 * DAY_NS, "of a backfill"),
    ]
    bench.put(*sent, *sent)
    bench.put(*reversed(sent))
    assert sorted(map(repr, bench.get())) == sorted(map(repr, sent))
    bench.reopen()
    bench.put(*sent, line(A, NOW_NS, "new"))
    assert len(bench.get()) == len(sent) + 1
    bench.merge()
    bench.reopen()
    bench.put(*sent)
    assert len(bench.get()) == len(sent) + 1
    assert bench.counted()[0] == len(sent) + 1


def test_lines_whose_commit_failed_may_be_sent_again(bench: Any, line: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.put(line(A, NOW_NS - 5, "before"))
    whole = bench.engine.insert_arrow

    def refuse(table: str, rows: Any) -> None:
        raise ExecutionError("not now")

    monkeypatch.setattr(bench.engine, "insert_arrow", refuse)
    with pytest.raises(ExecutionError):
        bench.put(line(A, NOW_NS, "x"), line(A, NOW_NS - 5, "before"))
    monkeypatch.setattr(bench.engine, "insert_arrow", whole)
    bench.put(line(A, NOW_NS, "x"), line(A, NOW_NS - 5, "before"))
    assert [one.body for one in bench.get()] == ["before", "x"]
