"""Aggregations and operators over series: what Loki's evaluator gives, by hand."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pytest

from hannun.model.budget import Budget
from hannun.model.errors import BadQuery, ExecutionError
from hannun.model.labels import Labels
from hannun.query.logql.parser import parse
from hannun.query.logql.ranges import Matrix, Times
from hannun.query.logql.syntax import Grouping, LogQuery, RangeAggregation
from hannun.query.logql.vectors.evaluate import VectorEvaluator
from hannun.query.promql.grid import Grid, Scalar

NAN = math.nan
Table = Mapping[str, tuple[float | None, ...]]

HTTP: Table = {
    "app=a,code=200": (10, 20, None),
    "app=a,code=500": (1, 2, 3),
    "app=b,code=200": (30, None, None),
    "app=b,code=500": (5, 5, NAN),
}
OWNERS: Table = {"app=a,team=core": (2, 2, 2), "app=b,team=shop": (0, 0, 0)}
SETS: Mapping[str, Table] = {"http": HTTP, "owners": OWNERS, "none": {}}


def labels_of(text: str) -> Labels:
    return Labels.of(dict(pair.split("=") for pair in text.split(",") if pair))


@dataclass
class Tables:
    """`count_over_time({set="http"}[1m])` is the table of that name."""

    hints: list[tuple[str, Grouping | None]] = field(default_factory=list)

    def evaluate(self, node: RangeAggregation, times: Times, summed_by: Grouping | None, _budget: Budget) -> Matrix:
        self.hints.append((node.op, summed_by))
        table = SETS[node.query.matchers[0].value]
        values = np.array([[NAN if cell is None else cell for cell in row] for row in table.values()], dtype=np.float64)
        present = np.array([[cell is not None for cell in row] for row in table.values()], dtype=np.bool_)
        shape = (len(table), times.count)
        return Matrix(tuple(map(labels_of, table)), values.reshape(shape), present.reshape(shape))


def values_of(text: str, tables: Tables | None = None) -> dict[str, tuple[float | None, ...]]:
    full = text.replace("HTTP", 'count_over_time({set="http"}[1m])')
    full = full.replace("OWNERS", 'count_over_time({set="owners"}[1m])').replace("NONE", 'rate({set="none"}[1m])')
    node = parse(full)
    assert not isinstance(node, LogQuery)
    grid = VectorEvaluator(tables or Tables(), Times(0, 60 * 10**9, 3), Budget()).value(node)
    if isinstance(grid, Scalar):
        return {"scalar": tuple(grid.values.tolist())}
    assert isinstance(grid, Grid)
    return {
        ",".join(f"{name}={value}" for name, value in labels): tuple(
            [value if there else None for value, there in zip(row.tolist(), mask.tolist(), strict=True)]
        )
        for labels, row, mask in zip(grid.labels, grid.values, grid.present, strict=True)
    }


CASES: list[tuple[str, Table]] = [
    ("sum(HTTP)", {"": (46, 27, NAN)}),
    ("sum by (app) (HTTP)", {"app=a": (11, 22, 3), "app=b": (35, 5, NAN)}),
    ("sum without (code) (HTTP)", {"app=a": (11, 22, 3), "app=b": (35, 5, NAN)}),
    ("sum by (nothing) (HTTP)", {"": (46, 27, NAN)}),
    ("avg by (app) (HTTP)", {"app=a": (5.5, 11, 3), "app=b": (17.5, 5, NAN)}),
    ("min by (app) (HTTP)", {"app=a": (1, 2, 3), "app=b": (5, 5, NAN)}),
    ("max by (app) (HTTP)", {"app=a": (10, 20, 3), "app=b": (30, 5, NAN)}),
    ("count by (app) (HTTP)", {"app=a": (2, 2, 1), "app=b": (2, 1, 1)}),
    ("stdvar by (app) (HTTP)", {"app=a": (20.25, 81, 0), "app=b": (156.25, 0, NAN)}),
    ("stddev by (app) (HTTP)", {"app=a": (4.5, 9, 0), "app=b": (12.5, 0, NAN)}),
    ("sum(NONE)", {}),
    (
        "topk(1, HTTP)",
        {"app=a,code=200": (None, 20, None), "app=a,code=500": (None, None, 3), "app=b,code=200": (30, None, None)},
    ),
    (
        "topk(1, HTTP) by (app)",
        {
            "app=a,code=200": (10, 20, None),
            "app=a,code=500": (None, None, 3),
            "app=b,code=200": (30, None, None),
            "app=b,code=500": (None, 5, NAN),
        },
    ),
    ("approx_topk(1, OWNERS)", {"app=a,team=core": (2, 2, 2)}),
    ("bottomk(1, HTTP)", {"app=a,code=500": (1, 2, 3)}),
    ("sort(OWNERS)", OWNERS),
    ("vector(3)", {"": (3, 3, 3)}),
    ("OWNERS + 1", {"app=a,team=core": (3, 3, 3), "app=b,team=shop": (1, 1, 1)}),
    ("1 - OWNERS", {"app=a,team=core": (-1, -1, -1), "app=b,team=shop": (1, 1, 1)}),
    ("OWNERS / 0", {"app=a,team=core": (NAN, NAN, NAN), "app=b,team=shop": (NAN, NAN, NAN)}),
    ("6 % OWNERS", {"app=a,team=core": (0, 0, 0), "app=b,team=shop": (NAN, NAN, NAN)}),
    ("OWNERS > 1", {"app=a,team=core": (2, 2, 2)}),
    ("1 < OWNERS", {"app=a,team=core": (2, 2, 2)}),
    ("OWNERS > bool 1", {"app=a,team=core": (1, 1, 1), "app=b,team=shop": (0, 0, 0)}),
    ("OWNERS == OWNERS", OWNERS),
    (
        "HTTP / on (app) group_left (team) OWNERS",
        {
            "app=a,code=200,team=core": (5, 10, None),
            "app=a,code=500,team=core": (0.5, 1, 1.5),
            "app=b,code=200,team=shop": (NAN, None, None),
            "app=b,code=500,team=shop": (NAN, NAN, NAN),
        },
    ),
    (
        "OWNERS * on (app) group_right () HTTP",
        {
            "app=a,code=200": (20, 40, None),
            "app=a,code=500": (2, 4, 6),
            "app=b,code=200": (0, None, None),
            "app=b,code=500": (0, 0, NAN),
        },
    ),
    ("sum by (app) (HTTP) * on (app) OWNERS", {"app=a": (22, 44, 6), "app=b": (0, 0, NAN)}),
    ("sum by (app) (HTTP) - ignoring (team) OWNERS", {"app=a": (9, 20, 1), "app=b": (35, 5, NAN)}),
    ("HTTP and on (app) (OWNERS > 0)", {"app=a,code=200": (10, 20, None), "app=a,code=500": (1, 2, 3)}),
    ("HTTP unless on (app) (OWNERS > 0)", {"app=b,code=200": (30, None, None), "app=b,code=500": (5, 5, NAN)}),
    ("OWNERS or vector(7)", {**OWNERS, "": (7, 7, 7)}),
    ("vector(7) or NONE", {"": (7, 7, 7)}),
    (
        'label_replace(OWNERS, "who", "$1-team", "team", "(.).*")',
        {"app=a,team=core,who=c-team": (2, 2, 2), "app=b,team=shop,who=s-team": (0, 0, 0)},
    ),
    ('label_replace(OWNERS, "team", "", "team", "core")', {"app=a": (2, 2, 2), "app=b,team=shop": (0, 0, 0)}),
    ('label_replace(OWNERS, "who", "x", "missing", "y")', OWNERS),
    ("sum(OWNERS) > 1 and vector(1)", {"": (2, 2, 2)}),
]


@pytest.mark.parametrize(("text", "expected"), CASES, ids=[text for text, _ in CASES])
def test_what_comes_out(text: str, expected: Table) -> None:
    found = values_of(text)
    assert found.keys() == expected.keys()
    for name, row in expected.items():
        for got, wanted in zip(found[name], row, strict=True):
            assert (got is None) == (wanted is None), (name, found[name])
            if wanted is not None:
                assert got == pytest.approx(wanted, nan_ok=True), (name, found[name])


def test_two_literals_are_one_number() -> None:
    assert values_of("1 + 2") == {"scalar": (3.0, 3.0, 3.0)}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("HTTP / on (app) OWNERS", "multiple matches for labels: many-to-one matching must be explicit"),
        ("OWNERS / on (app) HTTP", "many-to-many matching not allowed: matching labels must be unique on one side"),
        ("HTTP * on () group_left OWNERS", "many-to-many matching not allowed"),
    ],
)
def test_matches_that_are_refused(text: str, words: str) -> None:
    with pytest.raises(ExecutionError) as refused:
        values_of(text)
    assert words in str(refused.value)


@pytest.mark.parametrize("text", ["sum(1)", "sum(1 + 1)", 'label_replace(1, "a", "b", "c", "d")'])
def test_a_literal_cannot_be_aggregated(text: str) -> None:
    with pytest.raises(BadQuery) as refused:
        values_of(text)
    assert "LiteralExpr" in str(refused.value)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        pytest.param("sum by (app) (HTTP)", Grouping(("app",)), id="a sum says by what"),
        pytest.param("sum(HTTP)", Grouping(()), id="a whole sum"),
        pytest.param("sum without (app) (HTTP)", Grouping(("app",), True), id="without"),
        pytest.param("max by (app) (HTTP)", None, id="no other aggregation may be done early"),
        pytest.param("sum(HTTP > 1)", None, id="nor a sum of something else"),
    ],
)
def test_the_hint_that_lines_may_be_summed_early(text: str, hint: Grouping | None) -> None:
    tables = Tables()
    values_of(text, tables)
    assert tables.hints == [("count_over_time", hint)]


def test_unwrapped_extremes_are_never_summed_early() -> None:
    tables = Tables()
    node = parse('sum(max_over_time({set="http"} | unwrap x [1m]))')
    assert not isinstance(node, LogQuery)
    VectorEvaluator(tables, Times(0, 1, 3), Budget()).value(node)
    assert tables.hints == [("max_over_time", None)]


def test_what_would_not_fit_is_refused() -> None:
    node = parse('count_over_time({set="http"}[1m]) + 1')
    assert not isinstance(node, LogQuery)
    with pytest.raises(ExecutionError):
        VectorEvaluator(Tables(), Times(0, 1, 3), Budget(samples_max=10)).value(node)
