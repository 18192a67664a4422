"""The label index, its bound, and the way around it through the engine."""

from __future__ import annotations

from typing import Any

import pytest

from hannun.model.budget import Budget
from hannun.model.errors import ExecutionError
from hannun.model.labels import Labels
from hannun.model.matcher import Matcher, MatchOp, equal
from hannun.store.metrics import index as index_module
from hannun.store.metrics.index import LabelIndex, choose_in_engine

NOW_MS = 1_800_000_000_000
SETS = [Labels.of(__name__=f"m{i % 3}", i=str(i), path='a"b\\c' if i % 2 else "") for i in range(30)]
SELECTORS = [
    pytest.param((), id="everything"),
    pytest.param((equal("__name__", "m1"),), id="a metric"),
    pytest.param((equal("i", "7"),), id="a label"),
    pytest.param((Matcher("i", MatchOp.REGEX, "1.|2"),), id="a regex"),
    pytest.param((Matcher("i", MatchOp.NOT_REGEX, "1.|2"), Matcher("path", MatchOp.NOT_EQUAL, "")), id="negations"),
    pytest.param((equal("path", 'a"b\\c'),), id="text with quotes"),
    pytest.param(
        (Matcher("__name__", MatchOp.REGEX, "m[12]"), equal("path", "")), id="regex on the name, absent label"
    ),
]


@pytest.mark.parametrize("matchers", SELECTORS)
def test_index_and_engine_choose_the_same_series(bench: Any, matchers: tuple[Matcher, ...]) -> None:
    bench.put(*((labels, NOW_MS, 1.0) for labels in SETS))
    by_index = bench.store._choose(matchers, Budget())
    by_engine = choose_in_engine(bench.engine, matchers, Budget())
    expected = {
        labels.series_id(): labels
        for labels in SETS
        if all(matcher.matches(labels.get(matcher.name)) for matcher in matchers)
    }
    for choice in (by_index, by_engine):
        assert dict(zip(choice.ids.tolist(), choice.labels, strict=True)) == expected


def test_a_choice_beyond_the_bound_is_an_error_that_says_so(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_module, "SERIES_PER_QUERY_MAX", 10)
    bench.put(*((labels, NOW_MS, 1.0) for labels in SETS))
    bench.store._index = LabelIndex(bench.engine, series_max=5)
    with pytest.raises(ExecutionError, match="more than 10 series"):
        bench.get(())
    assert len(bench.get((equal("i", "7"),))) == 1


def test_the_index_holds_no_more_series_than_its_bound(bench: Any) -> None:
    bench.put(*((labels, NOW_MS, 1.0) for labels in SETS))
    bench.store._index = LabelIndex(bench.engine, series_max=15)
    for _ in range(2):
        for metric in ("m0", "m1", "m2"):
            assert len(bench.get((equal("__name__", metric),))) == 10
            assert bench.store._index.series <= 15


def test_series_that_come_later_are_found_at_once(bench: Any) -> None:
    for count in range(1, len(SETS)):
        bench.put((SETS[count], NOW_MS, 1.0), (SETS[0], NOW_MS + count, 1.0))
        assert set(bench.get((Matcher("i", MatchOp.REGEX, ".+"),))) == set(SETS[: count + 1])
