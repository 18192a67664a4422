"""Questions made to hurt: each is answered or refused by name, in bounded time and memory."""

from __future__ import annotations

import time
import tracemalloc

import numpy as np
import pytest

from hannun.model.budget import Budget
from hannun.model.errors import BadQuery, ExecutionError, QueryError
from hannun.model.labels import Labels
from hannun.query.promql import PromEngine, prepare
from hannun.testing.memory_reader import MemoryReader

YEAR_MS = 365 * 86_400_000
CPU_S_MAX = 3.0
MEMORY_BYTES_MAX = 200 << 20


def doubled(levels: int, call: str) -> str:
    """Each level writes the value of the level below into one label twice."""
    text = "m_total"
    for _ in range(levels):
        text = call.format(text)
    return text


TEXTS = {
    "parentheses": "(" * 10_000 + "1" + ")" * 10_000,
    "unclosed parentheses": "(" * 10_000,
    "calls": "abs(" * 10_000 + "m_total" + ")" * 10_000,
    "aggregations": "sum(" * 10_000 + "m_total" + ")" * 10_000,
    "subqueries": "m_total" + "[5m:1m]" * 10_000,
    "signs": "-" * 10_000 + "1",
    "operators": "1" + "+1" * 10_000,
    "powers": "2" + "^2" * 10_000,
    "offsets": "m_total" + " offset 1m" * 10_000,
    "duration arithmetic": "m_total[" + "(" * 10_000 + "1m" + ")" * 10_000 + "]",
    "duration signs": "m_total[" + "-" * 10_000 + "1m]",
    "duration powers": "m_total[" + "9^" * 40 + "9]",
    "digits": "9" * 200_000,
    "units": "1h" * 100_000,
    "comments": "#\n" * 20_000 + "1",
    "quotes": '"' * 200_001,
    "escapes": '"' + "\\n" * 20_000 + '"',
    "matchers": "{" + ",".join(f'a{n}="b"' for n in range(4_000)) + "}",
    "grouping labels": "sum by (" + ",".join(f"a{n}" for n in range(4_000)) + ") (m_total)",
    "arguments": "label_join(m_total, 'a', ',', " + ",".join("'host'" for _ in range(4_000)) + ")",
    "regex of repeats": 'm_total{host=~"(((a{1000}){1000}){1000})"}',
    "regex that backtracks": 'm_total{host=~"(a+)+$"}',
    "regex of alternatives": 'm_total{host=~"' + "|".join(f"h{n}.*x" for n in range(4_000)) + '"}',
    "regex of groups": 'm_total{host=~"' + "(" * 5_000 + "a" + ")" * 5_000 + '"}',
    "regex in label_replace": 'label_replace(m_total, "a", "$1", "host", "((((x{500}){500}){500}){500})")',
    "doubling by label_replace": doubled(60, 'label_replace({}, "host", "$1$1", "host", "(.*)")'),
    "doubling by label_join": doubled(60, 'label_join({}, "host", "", "host", "host")'),
    "a template of references": 'label_replace(m_total, "a", "' + "$1" * 100_000 + '", "host", "(.*)")',
    "a separator": "label_join(m_total, 'a', '" + "x" * 100_000 + "', " + ",".join(["'host'"] * 1_000) + ")",
    "half a million powers": "m_total ^ 1e308 ^ 1e308 ^ 1e308",
    "k beyond all": "topk(1e18, m_total)",
    "a subquery of a year": "sum_over_time(rate(m_total[5m])[1y:1s])",
    "subqueries in subqueries": "max_over_time(max_over_time(max_over_time(m_total[1h:1s])[1h:1s])[1h:1s])",
    "a window of centuries": "sum_over_time(m_total[290y])",
    "all by all": '{__name__=~".+"} * on () group_left () {__name__=~".+"}',
}


@pytest.fixture(scope="module")
def engine() -> PromEngine:
    reader = MemoryReader()
    for number in range(50):
        labels = Labels.of(__name__="m_total", host=f"host-{number:03}" + "a" * 30)
        reader.add(labels, ((k * 15_000, float(k)) for k in range(240)))
    engine = PromEngine(reader)
    engine.range("sum(rate(m_total[5m]))", 0, 60_000, 15_000, Budget())  # kernels are loaded
    return engine


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_bomb_costs_little(engine: PromEngine, text: str) -> None:
    budget = Budget(timeout_s=20, samples_max=2_000_000, bytes_max=64 << 20)
    words = ""
    tracemalloc.start()
    began = time.thread_time()
    try:
        engine.range(text, 0, YEAR_MS, 3_600_000, budget)
    except QueryError as err:
        words = str(err)
    finally:
        spent, (_, peak) = time.thread_time() - began, tracemalloc.get_traced_memory()
        tracemalloc.stop()
    # Tracing makes Python several times slower.
    assert spent < 4 * CPU_S_MAX
    assert peak < MEMORY_BYTES_MAX
    assert len(words) < 5_000 + len(text) // 10, "the refusal need not repeat the bomb"


def test_refusals_have_a_name_and_a_place() -> None:
    with pytest.raises(BadQuery, match=r"^1:\d+: parse error: expression is nested more than 100 levels deep$"):
        prepare(TEXTS["parentheses"])
    with pytest.raises(BadQuery, match=r"parse error: more than 200 operators follow one another"):
        prepare(TEXTS["operators"])
    with pytest.raises(BadQuery, match="error parsing regexp"):
        prepare(TEXTS["regex of repeats"])


def test_a_label_value_has_a_largest_size(engine: PromEngine) -> None:
    with pytest.raises(ExecutionError, match=r"label_replace\(\) would write a label value of \d+ characters; at most"):
        engine.instant(TEXTS["doubling by label_replace"], 3_600_000, Budget())
    with pytest.raises(ExecutionError, match=r"label_join\(\) would write a label value of \d+ characters; at most"):
        engine.instant(TEXTS["doubling by label_join"], 3_600_000, Budget())
    short = engine.instant('label_replace(m_total, "a", "$1$1", "host", "(.*)")', 3_600_000, Budget())
    assert len(short.labels) == 50
    assert np.isfinite(short.values).all()
