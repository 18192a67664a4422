"""Each rewrite as a golden file of plans before and after; and answers are the same with and without them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from hannun.model.budget import Budget
from hannun.model.labels import Labels
from hannun.query.promql import PromEngine, prepare
from hannun.query.promql import engine as engine_module
from hannun.query.promql.grid import Asked
from hannun.query.promql.printer import plan_of
from hannun.query.promql.rewrite import RULES, Query, Rule, drop_parens, fix_times, resolve_lengths, rewrite
from hannun.query.promql.syntax import Node
from hannun.testing.memory_reader import MemoryReader

ASKED = Asked(1_000_000, 1_600_000, 60_000)
EXAMPLES = {
    "resolve_lengths": ["rate(a[5m * 2])", "a offset (2 * step())", "max_over_time(a[range():step()])"],
    "fix_times": ["a @ start()", "rate(a[5m] @ end() offset 1m)", "max_over_time(a[5m:1m] @ end())"],
    "drop_parens": ["((a)) + (b * (2))", "rate((a[5m]))"],
    "fold_constants": ["a * (60 * 60)", "-(5) + 1 / 0", "a > bool 1 + 1", "time() + 1 + 1", "1 == bool 1"],
    "skip_buckets": [
        "histogram_count(sum by (x) (rate(a[5m])))",
        "histogram_avg(a) / histogram_quantile(0.5, a)",
        "histogram_sum(a + b)",
        "histogram_sum(rate(a[5m:1m]))",
    ],
    "hoist_invariant": [
        "a @ 10 + b",
        "sum(rate(a[5m] @ 10)) / 2",
        "timestamp(a @ 10)",
        "sum_over_time((a @ 10)[5m:1m])",
    ],
    "share_equal": ["a / (a + b)", "rate(a[5m]) / rate(a[5m])"],
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_rewrite_turns_plans_as_its_golden_file_shows(rule: Rule, golden: Callable[[str, str], None]) -> None:
    blocks = []
    for text in EXAMPLES[rule.__name__]:
        query = Query(text, ASKED)
        before: Node = prepare(text)
        for earlier in (resolve_lengths, fix_times, drop_parens):
            if RULES.index(earlier) < RULES.index(rule):
                before = earlier(before, query)
        blocks.append(f"# {text}\n## before\n{plan_of(before)}\n## after\n{plan_of(rule(before, query))}\n")
    golden(f"query/rewrites/{rule.__name__}.txt", "\n".join(blocks))


def test_sharing_makes_equal_parts_one_object() -> None:
    node, applied = rewrite(prepare("rate(a[5m]) / rate(a[5m])"), Query("", ASKED))
    assert node.left is node.right  # type: ignore[union-attr]
    assert "share_equal" in applied


NEEDED = (resolve_lengths, fix_times)
"""Without these two a plan has no times yet; all others may only save work."""


@pytest.mark.parametrize("text", [text for examples in EXAMPLES.values() for text in examples])
def test_answers_are_the_same_without_the_rewrites(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = MemoryReader()
    for name in "ab":
        reader.add(Labels.of(__name__=name, x="1"), [(t * 15_000, float(t * t)) for t in range(120)])
    ask = lambda: PromEngine(reader).range(text, 1_000_000, 1_600_000, 60_000, Budget())  # noqa: E731
    with_rules = ask()

    def only_needed(node: Node, query: Query) -> tuple[Node, tuple[str, ...]]:
        for rule in NEEDED:
            node = rule(node, query)
        return node, ()

    monkeypatch.setattr(engine_module, "rewrite", only_needed)
    plain = ask()
    assert with_rules.labels == plain.labels
    assert np.array_equal(with_rules.present, plain.present)
    assert np.array_equal(with_rules.values[with_rules.present], plain.values[plain.present], equal_nan=True)
