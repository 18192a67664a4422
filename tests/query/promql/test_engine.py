"""The engine as its callers see it: shapes, limits, bombs, cancelling, sharing of reads, explain."""

from __future__ import annotations

import subprocess
import sys
import time

import numpy as np
import pytest

from hannun.model.budget import Budget
from hannun.model.errors import BadQuery, ExecutionError, QueryCanceled, QueryTimeout
from hannun.model.labels import Labels
from hannun.query.promql import AGGREGATIONS, FUNCTIONS, PromEngine
from hannun.testing.clock import FakeClock
from hannun.testing.memory_reader import MemoryReader

HOUR_MS = 3_600_000


@pytest.fixture
def reader() -> MemoryReader:
    reader = MemoryReader()
    for n in range(6):
        labels = Labels.of(__name__="m_total", n=str(n), job="ab"[n % 2])
        reader.add(labels, [(t * 15_000, float(t * (n + 1))) for t in range(240)])
    return reader


@pytest.fixture
def engine(reader: MemoryReader) -> PromEngine:
    return PromEngine(reader)


def test_matrix_is_sorted_by_labels_and_vector_keeps_topk_order(engine: PromEngine) -> None:
    matrix = engine.range("m_total", 0, HOUR_MS, 60_000, Budget())
    assert [labels.pairs for labels in matrix.labels] == sorted(labels.pairs for labels in matrix.labels)
    assert matrix.values.shape == matrix.present.shape == (6, 61)
    top = engine.instant("topk(3, m_total)", HOUR_MS // 2, Budget())
    assert [labels.get("n") for labels in top.labels] == ["5", "4", "3"]
    ranged = engine.range("topk(3, m_total)", 0, HOUR_MS, 60_000, Budget())
    assert [labels.pairs for labels in ranged.labels] == sorted(labels.pairs for labels in ranged.labels)


@pytest.mark.parametrize(
    ("kind", "expr"), [("vector", "m_total"), ("scalar", "1"), ("string", "'x'"), ("matrix", "m_total[1m]")]
)
def test_instant_answers_have_their_kind(engine: PromEngine, kind: str, expr: str) -> None:
    assert engine.instant(expr, 60_000, Budget()).kind == kind


@pytest.mark.parametrize(
    ("expr", "start", "end", "step", "words"),
    [
        ("m", 10, 0, 1_000, "end timestamp must not be before start time"),
        ("m", 0, 10, 0, "zero or negative query resolution step widths are not accepted. Try a positive integer"),
        ("m", 0, 10, -5, "zero or negative query resolution step widths are not accepted. Try a positive integer"),
        (
            "m",
            0,
            11_001_000,
            1_000,
            "exceeded maximum resolution of 11,000 points per timeseries. "
            "Try decreasing the query resolution (?step=XX)",
        ),
        (
            "m[5m]",
            0,
            10,
            1,
            'invalid expression type "range vector" for range query, must be Scalar or instant Vector',
        ),
        ("'x'", 0, 10, 1, 'invalid expression type "string" for range query, must be Scalar or instant Vector'),
    ],
)
def test_range_refuses_in_prometheus_words(
    engine: PromEngine, expr: str, start: int, end: int, step: int, words: str
) -> None:
    with pytest.raises(BadQuery) as raised:
        engine.range(expr, start, end, step, Budget())
    assert str(raised.value) == words


def test_a_range_of_one_step_has_a_step(engine: PromEngine) -> None:
    answer = engine.range("step() + range()", 60_000, 60_000, 30_000, Budget())
    assert answer.values.tolist() == [[30.0]]
    assert engine.instant("step()", 60_000, Budget()).values.tolist() == [[0.0]]


def test_eleven_thousand_points_are_allowed(engine: PromEngine) -> None:
    assert engine.range("vector(1)", 0, 11_000_000, 1_000, Budget()).steps == 11_001


def test_limit_cuts_series_and_says_so(engine: PromEngine) -> None:
    for answer in (
        engine.instant("m_total", 60_000, Budget(), limit=2),
        engine.range("m_total", 0, 60_000, 30_000, Budget(), limit=2),
        engine.instant("m_total[1m]", 60_000, Budget(), limit=2),
    ):
        assert len(answer.labels) == 2
        assert answer.truncated
        assert answer.warnings == ("results truncated due to limit",)
    assert not engine.instant("m_total", 60_000, Budget(), limit=6).truncated


@pytest.mark.parametrize(
    "expr",
    [
        "vector(1)[1y:1ms]",
        "sum_over_time(m_total[1y:1s])",
        "sum_over_time(vector(time())[10y:1s])",
        "max_over_time(max_over_time(m_total[1y:1m])[1y:1s])",
        "avg_over_time(rate(m_total[1m])[2y:1s])",
    ],
)
def test_subquery_bombs_are_refused_before_anything_is_allocated(engine: PromEngine, expr: str) -> None:
    began = time.thread_time()
    with pytest.raises(ExecutionError, match="too many samples"):
        engine.instant(expr, HOUR_MS, Budget())
    assert time.thread_time() - began < 2


def test_matrices_are_counted_before_they_are_made(engine: PromEngine) -> None:
    with pytest.raises(ExecutionError, match="too many samples"):
        engine.range("m_total", 0, HOUR_MS, 1_000, Budget(samples_max=6 * 3_600))
    engine.range("m_total", 0, HOUR_MS, 1_000, Budget(samples_max=6 * 3_601))
    with pytest.raises(ExecutionError, match="--memory"):
        engine.range("m_total + m_total", 0, HOUR_MS, 1_000, Budget(bytes_max=100_000))


def test_pairs_of_a_cross_product_are_refused_by_their_duplicates(engine: PromEngine) -> None:
    with pytest.raises(ExecutionError, match="many-to-many matching not allowed"):
        engine.range("m_total * on () group_left () m_total", 0, HOUR_MS, 60_000, Budget())


def test_deadline_and_cancel_are_seen(engine: PromEngine) -> None:
    clock = FakeClock()
    late = Budget(timeout_s=1, clock=clock)
    clock.advance(2)
    with pytest.raises(QueryTimeout, match="query timed out in expression evaluation"):
        engine.instant("m_total", 0, late)
    gone = Budget()
    gone.cancel()
    with pytest.raises(QueryCanceled):
        engine.instant("1", 0, gone)


def test_equal_selectors_share_one_read_over_the_union_of_their_times(engine: PromEngine, reader: MemoryReader) -> None:
    engine.range("rate(m_total[5m]) / m_total + m_total offset 2m", 600_000, 1_200_000, 60_000, Budget())
    assert [(start, end) for _, start, end in reader.reads] == [(180_000, 1_200_000)]
    reader.reads.clear()
    engine.range("m_total + m_total offset 1d", 600_000, 1_200_000, 60_000, Budget())
    assert len(reader.reads) == 2


def test_shared_parts_are_computed_once(engine: PromEngine) -> None:
    answer = engine.range(
        "sum(rate(m_total[5m])) / sum(rate(m_total[5m]))", 600_000, 900_000, 60_000, Budget(), explain=True
    )
    assert answer.explain is not None
    assert [step.step for step in answer.explain.steps] == ["select", "rate", "sum", "/"]


def test_explain_tells_plan_reads_and_time(engine: PromEngine) -> None:
    answer = engine.range("sum by (job) (m_total @ end()) * 2", 0, HOUR_MS, 60_000, Budget(), explain=True)
    explain = answer.explain
    assert explain is not None
    assert explain.plan.splitlines() == [
        "once for all steps",
        "  binary *",
        "    aggregate sum by (job)",
        "      select m_total @ 3600.000",
        "    constant 2",
    ]
    assert explain.rewrites == ("fix_times", "hoist_invariant")
    assert explain.series_read == 6
    assert explain.sql
    assert all(step.ms >= 0 for step in explain.steps)
    assert engine.instant("1", 0, Budget()).explain is None


def test_lookback_can_be_set_by_question(engine: PromEngine) -> None:
    last = 239 * 15_000
    assert len(engine.instant("m_total", last + 299_999, Budget()).labels) == 6
    assert len(engine.instant("m_total", last + 300_000, Budget()).labels) == 0
    assert len(engine.instant("m_total", last + 300_000, Budget(), lookback_ms=600_000).labels) == 6


def test_notes_are_at_most_ten_and_say_how_many_were_left_out() -> None:
    reader = MemoryReader()
    for n in range(15):
        reader.add(Labels.of(__name__=f"gauge{n}", n=str(n)), [(0, 1.0), (15_000, 2.0)])
    answer = PromEngine(reader).instant('rate({__name__=~"gauge.*"}[1m])', 15_000, Budget())
    assert len(answer.infos) == 11
    assert answer.infos[-1] == "5 more info annotations omitted"
    assert answer.infos[0] == (
        'PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "gauge0" (1:6)'
    )


def test_stats_count_samples_and_peak(engine: PromEngine) -> None:
    stats = engine.range("sum(m_total)", 0, HOUR_MS, 60_000, Budget()).stats
    assert stats.samples == 6 * 240
    assert stats.peak >= 6 * 61


def test_times_beyond_the_calendar_are_refused(engine: PromEngine) -> None:
    with pytest.raises(BadQuery, match="out of bounds"):
        engine.instant("m_total", 2**62, Budget())


def test_import_is_light_until_the_first_question() -> None:
    code = (
        "import sys; import hannun.query.promql, hannun.query.promql.render; "
        "sys.exit('numba' in sys.modules or 'llvmlite' in sys.modules)"
    )
    source = [path for path in sys.path if path.endswith("src")]
    done = subprocess.run([sys.executable, "-c", f"import sys; sys.path[:0] = {source!r}; {code}"], check=False)
    assert done.returncode == 0


def test_every_entry_speaks_both_languages_and_knows_its_types() -> None:
    assert len(FUNCTIONS) > 80
    assert len(AGGREGATIONS) == 14
    for entry in (*FUNCTIONS.values(), *AGGREGATIONS.values()):
        assert entry.doc.en.endswith("."), entry.name
        assert any("가" <= sign <= "힣" for sign in entry.doc.ko), entry.name
    for function in FUNCTIONS.values():
        assert 0 <= function.least <= len(function.args)
        assert str(function).startswith(function.name + "(")


def test_warming_compiles_every_kernel() -> None:
    from hannun.query.promql.kernels import warm

    warm()


def test_answers_do_not_share_memory_with_the_reader(reader: MemoryReader, engine: PromEngine) -> None:
    first = engine.range("m_total", 0, 60_000, 15_000, Budget())
    again = engine.range("m_total", 0, 60_000, 15_000, Budget())
    assert not np.shares_memory(first.values, again.values)
