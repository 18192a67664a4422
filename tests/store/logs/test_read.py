"""SQL over the lines: indexes change no answer, reads stream and stop."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from hannun.model.budget import Budget
from hannun.model.errors import QueryCanceled, QueryTimeout
from hannun.model.labels import Labels
from hannun.model.log import Statement
from hannun.testing import log_mix

NOW_NS = 1_800_000_000 * 10**9
DAY_NS, HOUR_NS = 86_400 * 10**9, 3_600 * 10**9
EVER = (0, 2 * NOW_NS)
A = Labels.of(app="a", host="h1", level="info")
B = Labels.of(app="b", host="h1")
C = Labels.of(app="c", __name__="odd", quote='"\\')
TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"


@pytest.mark.parametrize("needle", ["결제", "환불", "order=", "SHOP", "\\uacb0", "%", "_", "a'b", "\t"])
def test_a_search_finds_the_same_with_and_without_indexes(bench: Any, line: Any, needle: str) -> None:
    mix = log_mix.lines(5, 20_000)
    bench.run(bench.store.write(mix.batch()))
    bench.put(line(A, NOW_NS - 3, "a'b 100% 환불 x_y"), line(A, NOW_NS - 2, "\\ud658\\ubd88", said="환불"))
    like = "%" + needle.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    exact = "(empty(said) AND position(body, {n:String}) > 0) OR position(said, {n:String}) > 0"
    index = "lower(text) LIKE {like:String}" if "\\" not in needle and len(needle) > 2 else "true"
    if not needle.isascii():
        index = "lower(text) LIKE {like:String} AND wide LIKE {like:String}"
    if "\\" in needle:
        exact = "position(body, {n:String}) > 0"
    sql = f"SELECT count() AS n FROM logs PREWHERE {exact} WHERE {index}"
    plain = [text for _, _, text in mix.lines()]
    said = [mix.said[i] for i in range(len(mix))]
    if "\\" in needle:
        expected = sum(needle in text for text in [*plain, "\\ud658\\ubd88"])
    else:
        seen = [one or text for one, text in zip(said, plain, strict=True)]
        expected = sum(needle in text for text in [*seen, "a'b 100% 환불 x_y", "환불"])
    assert bench.ask(sql, n=needle, like=like) == [{"n": expected}]
    bench.merge()
    bench.build_all()
    assert bench.ask(sql, n=needle, like=like) == [{"n": expected}]


def test_an_absent_string_reads_no_granule_once_parts_have_settled(bench: Any) -> None:
    bench.run(bench.store.write(log_mix.lines(5, 30_000).batch()))
    bench.build_all()
    plan = bench.engine.query_rows(
        "EXPLAIN indexes = 1 SELECT count() FROM logs\n"
        "WHERE lower(text) LIKE '%stands in no line%' AND wide LIKE '%없는%'"
    )
    used = [row[0].strip() for row in plan]
    assert "Name: words" in used
    assert "Name: wide" in used
    assert any(row.startswith("Granules: 0/") for row in used)


def test_a_read_is_streamed_and_ends_when_it_is_closed(bench: Any) -> None:
    bench.run(bench.store.write(log_mix.lines(5, 10_000).batch()))
    batches = bench.store.read(Statement("SELECT ts, body FROM logs, numbers(30) AS n"), Budget())
    first = next(batches)
    batches.close()
    assert 0 < first.num_rows < 300_000
    assert bench.counted()[0] == 10_000


def test_a_read_keeps_its_deadline_and_can_be_cancelled(bench: Any) -> None:
    slow = Statement("SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1")
    with pytest.raises(QueryTimeout):
        list(bench.store.read(slow, Budget(timeout_s=0.3)))
    budget = Budget(timeout_s=60)
    threading.Timer(0.3, budget.cancel).start()
    began = time.monotonic()
    with pytest.raises(QueryCanceled):
        list(bench.store.read(slow, budget))
    assert time.monotonic() - began < 10


def test_parameters_of_every_kind_travel(bench: Any) -> None:
    sql = "SELECT {s:String} AS s, {f:Float64} AS f, {i:Int64} AS i, {t:Array(String)} AS t, {b:Bool} AS b"
    asked = {"s": "a\t'\\\n한", "f": 0.1, "i": -5, "t": ["x'", "\\"], "b": True}
    assert bench.ask(sql, **asked) == [{"s": "a\t'\\\n한", "f": 0.1, "i": -5, "t": ["x'", "\\"], "b": True}]
    assert bench.ask("SELECT {f:Float64} AS f", f=float("inf")) == [{"f": float("inf")}]


def test_what_was_looked_at_for_an_answer_stands_in_the_budget(bench: Any) -> None:
    batch = log_mix.lines(1, 5_000).batch()
    bench.run(bench.store.write(batch))
    budget = Budget()
    question = Statement("SELECT ts, body FROM logs WHERE position(body, {n:String}) > 0 LIMIT 1", {"n": "queue=q"})
    assert sum(rows.num_rows for rows in bench.store.read(question, budget)) == 1
    assert 0 < budget.rows_read <= 5_000
    budget = Budget()
    assert len(list(bench.store.read(Statement("SELECT sum(length(body)) FROM logs"), budget))) == 1
    assert budget.rows_read == 5_000
    assert budget.bytes_read >= batch.body.data.nbytes
