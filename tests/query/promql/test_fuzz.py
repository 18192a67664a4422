"""Random well-typed questions: each is answered or refused with one of our errors, instantly and over a range alike."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hannun.model.budget import Budget
from hannun.model.errors import QueryError
from hannun.model.labels import Labels
from hannun.model.metric import STALE_NAN
from hannun.query.promql import AGGREGATIONS, FUNCTIONS, PromEngine
from hannun.query.promql.names import without_metadata
from hannun.query.promql.registry import MATRIX, SCALAR, STRING, VECTOR
from hannun.query.promql.syntax import Type
from hannun.testing.memory_reader import MemoryReader

AT_MS = 600_000
STEP_MS = 60_000
ORDERED = ("topk", "bottomk", "limitk", "limit_ratio")


def engine() -> PromEngine:
    reader = MemoryReader()
    rng = np.random.default_rng(3)
    special = [math.nan, math.inf, -math.inf, STALE_NAN, 0.0]
    for name in ("a", "b_total", "c_bucket", "target_info"):
        for job in ("x", "y"):
            for le in ("1", "+Inf"):
                labels = Labels.of(__name__=name, job=job, le=le, instance="i")
                values = [float(v) if v > 3 else special[int(v)] for v in rng.integers(-1, 90, 60)]
                reader.add(labels, [(k * 15_000, value) for k, value in enumerate(values) if k % 11])
    return PromEngine(reader)


ENGINE = engine()
_SELECTOR = st.sampled_from(
    ["a", "b_total", "c_bucket", 'a{job="x"}', '{job=~".+"}', "nothing", "a offset 1m", "a @ 300", "b_total @ end()"]
)
_NUMBER = st.sampled_from(["0", "1", "-1", "0.5", "2", "NaN", "Inf", "-Inf", "1e300", "5m", "time()", "scalar(a)"])
_STRING = st.sampled_from(['"job"', '"le"', '""', '"(.*)"', '"$1"', '"__name__"', '"x y"'])


def _of(kind: Type, vector: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    if kind is SCALAR:
        return _NUMBER
    if kind is STRING:
        return _STRING
    if kind is MATRIX:
        ranges = st.sampled_from(["a[1m]", "b_total[5m]", "nothing[1m]", "b_total[2m] offset 1m", "a[3m] @ 300"])
        return ranges | vector.map(lambda inner: f"({inner})[3m:45s]")
    return vector


def _calls(vector: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    def call(name: str) -> st.SearchStrategy[str]:
        function = FUNCTIONS[name]
        if name == "info":
            return vector.map(lambda inner: f"info({inner})")
        args = [_of(function.arg_type(index), vector) for index in range(len(function.args))]
        return st.tuples(*args).map(lambda found: f"{name}({', '.join(found)})")

    names = sorted(name for name, function in FUNCTIONS.items() if function.returns is VECTOR)
    return st.sampled_from(names).flatmap(call)


def _aggregations(vector: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    def one(name: str) -> st.SearchStrategy[str]:
        param = AGGREGATIONS[name].param
        how = st.sampled_from(["", "by (job)", "without (le)", "by (__name__, le)"])
        first = st.just("") if param is None else _of(param, vector).map(lambda found: found + ", ")
        return st.tuples(how, first, vector).map(lambda found: f"{name} {found[0]} ({found[1]}{found[2]})")

    return st.sampled_from(sorted(AGGREGATIONS)).flatmap(one)


OPERATORS = """
+ | - | * | / | % | ^ | atan2 | == | and | or | > bool | < on (job, le) | + on (job) group_left ()
| * ignoring (le) group_right () | unless on (job) | + fill(1) | / on (job, le) fill_right(0)
""".replace("\n", " ").split("|")


def _binaries(vector: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(vector, st.sampled_from(OPERATORS), vector).map(
        lambda found: f"({found[0]} {found[1]} {found[2]})"
    )


QUESTIONS = st.recursive(
    _SELECTOR, lambda inner: st.one_of(_calls(inner), _aggregations(inner), _binaries(inner)), max_leaves=6
)


def _instant(text: str) -> dict[Labels, float] | str:
    try:
        answer = ENGINE.instant(text, AT_MS, Budget(samples_max=3_000_000))
    except QueryError as err:
        return str(err)
    return {labels: float(value) for labels, value in zip(answer.labels, answer.values[:, 0], strict=True)}


def _middle(text: str) -> dict[Labels, float] | str:
    try:
        answer = ENGINE.range(text, AT_MS - STEP_MS, AT_MS + STEP_MS, STEP_MS, Budget(samples_max=3_000_000))
    except QueryError as err:
        return str(err)
    return {labels: float(answer.values[row, 1]) for row, labels in enumerate(answer.labels) if answer.present[row, 1]}


def _without_names(found: dict[Labels, float]) -> dict[Labels, float]:
    return {without_metadata(labels): value for labels, value in found.items()}


def ask_both_ways(text: str) -> None:
    once, middle = _instant(text), _middle(text)
    depends_on_range = "end()" in text
    # The spread of a window is merged of two halves whose seam lies elsewhere in a range: the last digit may differ.
    depends_on_digit = "std" in text
    # `sort` orders an instant answer only, and `limitk` takes what comes first.
    depends_on_order = "limitk" in text and "sort" in text
    # A neighbouring step may be refused where the one in the middle is not.
    if isinstance(once, str) or isinstance(middle, str) or depends_on_range or depends_on_digit or depends_on_order:
        return
    if " or " in text:
        # As in Prometheus, a series of `or` that is to lose its name later is joined, over a range, with a neighbour
        # step's series of the same name, which keeps it.
        once, middle = _without_names(once), _without_names(middle)
    assert once.keys() == middle.keys()
    for labels, value in once.items():
        same = value == middle[labels] or (math.isnan(value) and math.isnan(middle[labels]))
        assert same or math.isclose(value, middle[labels], rel_tol=1e-9), labels


@settings(max_examples=400, deadline=None)
@given(QUESTIONS)
def test_any_question_is_answered_alike_as_instant_and_as_range(text: str) -> None:
    ask_both_ways(text)


@pytest.mark.long
@settings(max_examples=20_000, deadline=None)
@given(QUESTIONS)
def test_any_question_is_answered_alike_for_long(text: str) -> None:
    ask_both_ways(text)


@pytest.mark.parametrize(
    "text",
    ["a" + "+a" * 190, "(" * 95 + "a" + ")" * 95, "sum(" * 95 + "a" + ")" * 95, "-(" * 45 + "a" + ")" * 45],
    ids=["operators", "parentheses", "calls", "signs"],
)
def test_deep_but_legal_questions_are_answered(text: str) -> None:
    assert len(ENGINE.range(text, 0, AT_MS, STEP_MS, Budget()).labels) <= 4
