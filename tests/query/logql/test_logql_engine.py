"""When a question is evaluated, how far it may reach, and in which order its answer comes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import pytest

from hannun.model.budget import Budget
from hannun.model.errors import BadQuery, ExecutionError, HannunError
from hannun.model.labels import Labels
from hannun.model.log import LogReader
from hannun.query.logql.engine import LogEngine
from hannun.query.logql.execute.answer import FoundLine, LogAnswer
from hannun.query.logql.found import Lines, Series
from hannun.query.logql.limits import QueryLimits, TooManySeries
from hannun.query.logql.ranges import Matrix, Times
from hannun.query.logql.syntax import Grouping, LogQuery, RangeAggregation
from hannun.testing.clock import FakeClock

S = 1_000_000_000
H = 3600 * S
NOW_NS = 1_700_000_000 * S
RATE = 'rate({a="b"}[1m])'


@dataclass
class Recording:
    """Remembers what it was asked; one series with a one at every step."""

    times: list[Times] = field(default_factory=list)
    selected: list[tuple[int, int, int, bool, int]] = field(default_factory=list)
    names: Sequence[str] = ("x",)

    def evaluate(self, _node: RangeAggregation, times: Times, _summed: Grouping | None, _budget: Budget) -> Matrix:
        self.times.append(times)
        shape = (len(self.names), times.count)
        return Matrix(tuple([Labels.of(n=name) for name in self.names]), np.ones(shape), np.ones(shape, dtype=np.bool_))

    def select(
        self,
        _query: LogQuery,
        start_ns: int,
        end_ns: int,
        limit: int,
        backward: bool,
        interval_ns: int,
        _budget: Budget,
    ) -> LogAnswer:
        self.selected.append((start_ns, end_ns, limit, backward, interval_ns))
        return LogAnswer((FoundLine(start_ns, "x", Labels.of(a="b"), {}, {}),), rows_read=7, bytes_read=70)


def engine_of(recording: Recording, **limits: Any) -> LogEngine:
    asked = QueryLimits(**limits)
    return LogEngine(cast(LogReader, None), recording, limits=lambda: asked, clock=FakeClock(NOW_NS // 1_000_000))


@pytest.mark.parametrize(
    ("start_s", "end_s", "step_s", "aligned", "expected"),
    [
        pytest.param(100, 160, 60, True, (60, 60, 3), id="start down, end up to multiples of the step"),
        pytest.param(120, 180, 60, True, (120, 60, 2), id="multiples stay"),
        pytest.param(100, 160, 60, False, (100, 60, 2), id="as given where Loki would not split"),
        pytest.param(100, 159, 60, False, (100, 60, 1), id="the last step may miss the end"),
        pytest.param(1, 2, 1000, True, (0, 1000, 2), id="a step longer than the range"),
    ],
)
def test_evaluation_times(start_s: int, end_s: int, step_s: int, aligned: bool, expected: tuple[int, int, int]) -> None:
    recording = Recording()
    found = engine_of(recording, aligned=aligned).range(RATE, start_s * S, end_s * S, step_s * S, Budget())
    (times,) = recording.times
    assert (times.start_ns // S, times.step_ns // S, times.count) == expected
    assert isinstance(found, Series)
    assert (found.answer.start_ms, found.answer.step_ms, found.answer.steps) == (
        expected[0] * 1000,
        expected[1] * 1000,
        expected[2],
    )


def test_lines_are_asked_for_as_they_were_asked() -> None:
    recording = Recording()
    found = engine_of(recording).range(
        '{a="b"}', 101, NOW_NS // 10**6, 60 * S, Budget(), limit=9, backward=False, interval_ns=5
    )
    assert recording.selected == [(101, NOW_NS // 10**6, 9, False, 5)]
    assert isinstance(found, Lines)
    assert (found.statistics.rows_read, found.statistics.bytes_read, found.statistics.returned) == (7, 70, 1)


def test_lookback_moves_the_start() -> None:
    recording = Recording()
    engine = engine_of(recording, lookback_max_ns=H)
    engine.range('{a="b"}', NOW_NS - 5 * H, NOW_NS, S, Budget())
    assert recording.selected[0][:2] == (NOW_NS - H, NOW_NS)
    found = engine.range('{a="b"}', NOW_NS - 5 * H, NOW_NS - 4 * H, S, Budget())
    assert isinstance(found, Lines)
    assert not found.lines
    assert len(recording.selected) == 1, "what is too old is not looked for"
    empty = engine.range(RATE, NOW_NS - 5 * H, NOW_NS - 4 * H, 60 * S, Budget())
    assert isinstance(empty, Series)


@pytest.mark.parametrize(
    ("text", "limits", "words"),
    [
        (RATE, {"length_max_ns": H}, "the query time range exceeds the limit (query length: 2h0m0s, limit: 1h)"),
        (RATE, {"range_max_ns": 30 * S}, "[interval] value exceeds limit: [1m] > [30s]"),
        (
            'rate({a="b",c="d"}[1m])',
            {"matchers_max": 1},
            "max streams matchers per query exceeded, matchers-count > limit (2 > 1)",
        ),
        (
            '{a="b"}',
            {"entries_max": 50},
            "max entries limit per query exceeded, limit > max_entries_limit_per_query (100 > 50)",
        ),
        (RATE, {"series_max": 1}, "maximum number of series (1) reached for a single query"),
    ],
)
def test_limits(text: str, limits: dict[str, int], words: str) -> None:
    engine = engine_of(Recording(names=("x", "y")), **limits)
    with pytest.raises(BadQuery) as refused:
        engine.range(text, NOW_NS - 2 * H, NOW_NS, 60 * S, Budget())
    assert str(refused.value).startswith(words)


class Crowded(Recording):
    """More series than are held at once."""

    def evaluate(self, _node: RangeAggregation, times: Times, _summed: Grouping | None, _budget: Budget) -> Matrix:
        raise TooManySeries(20_000)


@pytest.mark.parametrize(
    ("text", "limits", "most"),
    [
        (RATE, {}, 500),
        (RATE, {"series_max": 7}, 7),
        (f"sum by (n) ({RATE})", {}, 500),
        (f'sort(label_replace({RATE}, "a", "b", "c", "d"))', {}, 500),
        (RATE, {"series_max": 0}, 20_000),
        (f"max({RATE})", {}, 20_000),
        ('sum(max_over_time({a="b"} | unwrap b [1m]))', {}, 20_000),
        (f"{RATE} > 5", {}, 20_000),
    ],
)
def test_series_that_nobody_can_hold_are_beyond_the_limit_of_the_answer(
    text: str, limits: dict[str, int], most: int
) -> None:
    """Where fewer series would have been answered, the limit that stood in the way is named."""
    engine = engine_of(Crowded(), **limits)
    words = f"maximum number of series ({most}) reached for a single query; consider reducing"
    refusal: type[HannunError] = ExecutionError if most == 20_000 else BadQuery
    with pytest.raises(refusal, match=re.escape(words)):
        engine.instant(text, NOW_NS, Budget())
    with pytest.raises(refusal, match=re.escape(words)):
        engine.range(text, NOW_NS - H, NOW_NS, 60 * S, Budget())


def test_a_limit_of_nought_is_none() -> None:
    engine = engine_of(Recording(names=("x", "y")), series_max=0, entries_max=0, length_max_ns=0, matchers_max=0)
    engine.range(RATE, 0, 10**6 * S, 3600 * S, Budget())
    engine.range('{a="b"}', 0, 10**6 * S, 3600 * S, Budget(), limit=10**6)


@pytest.mark.parametrize("order", [["c", "a", "b"], ["b", "c", "a"]])
def test_series_come_by_their_labels(order: list[str]) -> None:
    engine = engine_of(Recording(names=order))
    assert [labels["n"] for labels in engine.instant(RATE, NOW_NS, Budget()).answer.labels] == ["a", "b", "c"]
    found = engine.range(RATE, NOW_NS - 60 * S, NOW_NS, 60 * S, Budget())
    assert isinstance(found, Series)
    assert [labels["n"] for labels in found.answer.labels] == ["a", "b", "c"]


@pytest.mark.parametrize(("start_ns", "end_ns"), [(5, 5), (6, 5)])
def test_an_end_before_the_start_is_refused(start_ns: int, end_ns: int) -> None:
    with pytest.raises(BadQuery, match="end timestamp must not be before or equal to start time"):
        engine_of(Recording()).range(RATE, start_ns, end_ns, S, Budget())


def test_a_step_below_a_millisecond_is_one() -> None:
    recording = Recording()
    engine_of(recording).range(RATE, 0, 10_000_000, 1, Budget())
    assert recording.times[0].step_ns == 1_000_000
