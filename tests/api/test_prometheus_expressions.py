"""Expressions printed back over lines, and as the trees that Prometheus's UI draws."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from hannun.api.prometheus import routes
from hannun.api.prometheus.pretty import LINE_MAX, ordered, pretty
from hannun.api.prometheus.tree import tree_of
from hannun.model.errors import BadQuery
from hannun.query.promql import FUNCTIONS, PromEngine, prepare

CHOSEN = 'a_metric_with_a_rather_long_name_total{job="a-rather-long-name-of-a-job",method=~"GET|POST"}'


def test_what_fits_stays_on_one_line() -> None:
    assert pretty(prepare("sum by(job) (up )")) == "sum by (job) (up)"


def test_long_expressions_take_a_line_per_operand() -> None:
    assert pretty(prepare(f"topk by (job) (5, {CHOSEN}) / on (job) group_left (x) -max_over_time({CHOSEN}[5m])")) == (
        "  topk by (job) (\n"
        "    5,\n"
        f"    {CHOSEN}\n"
        "  )\n"
        "/ on (job) group_left (x)\n"
        "  -max_over_time(\n"
        f"    {CHOSEN}[5m]\n"
        "  )"
    )


LEAVES = st.sampled_from((CHOSEN, "up", '{"my.metric"}', "1.5", "time()", f"({CHOSEN})"))
NODES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(("+", "^", "> bool", "- on (a) ")), inner).map(" ".join),
        inner.map(lambda text: f"-({text})"),
        inner.map(lambda text: f"sum without (a, b) (vector({text}))"),
        inner.map(lambda text: f"max_over_time(({text})[1h:5m] offset 1m)"),
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(NODES)
def test_broken_lines_mean_the_same_and_break_no_further(text: str) -> None:
    try:
        node = prepare(text)
    except BadQuery:
        assume(False)  # most drawn texts have a type error, which is not what is tested here
    once = pretty(node)
    assert ordered(prepare(once)) == ordered(node)
    assert pretty(prepare(once)) == once
    assert all(len(line) <= LINE_MAX + 40 for line in once.splitlines())


WHEN = {"offset": 0, "timestamp": None, "startOrEnd": None}
PLAIN = {**WHEN, "anchored": False, "smoothed": False}
UP = {
    "type": "vectorSelector",
    "name": "up",
    "matchers": [{"name": "__name__", "value": "up", "type": "="}],
    **PLAIN,
}
TREES: dict[str, tuple[str, dict[str, Any]]] = {
    "number": ("1e3", {"type": "numberLiteral", "val": "1000"}),
    "small number without an exponent": ("1e-7", {"type": "numberLiteral", "val": "0.0000001"}),
    "infinity": ("Inf", {"type": "numberLiteral", "val": "+Inf"}),
    "text": ('"값"', {"type": "stringLiteral", "val": "값"}),
    "selector": (
        'up{job!~"a|b"} offset 5m',
        {
            **UP,
            "matchers": [{"name": "job", "value": "a|b", "type": "!~"}, *UP["matchers"]],
            "offset": 300_000,
        },
    ),
    "at a time": ("up @ 1.5", {**UP, "timestamp": 1_500}),
    "at an edge": ("up @ end()", {**UP, "startOrEnd": "end"}),
    "range": ("up[5m]", {**UP, "type": "matrixSelector", "range": 300_000}),
    "subquery": (
        "up[1h:1m] @ start() offset -1m",
        {
            "type": "subquery",
            "expr": UP,
            "range": 3_600_000,
            "step": 60_000,
            **WHEN,
            "offset": -60_000,
            "startOrEnd": "start",
        },
    ),
    "aggregation": (
        "topk by (job) (3, up)",
        {
            "type": "aggregation",
            "op": "topk",
            "expr": UP,
            "param": {"type": "numberLiteral", "val": "3"},
            "grouping": ["job"],
            "without": False,
        },
    ),
    "call": (
        "round(up)",
        {
            "type": "call",
            "func": {"name": "round", "argTypes": ["vector", "scalar"], "variadic": 1, "returnType": "vector"},
            "args": [UP],
        },
    ),
    "matching": (
        "up * on (job) group_left (x) up",
        {
            "type": "binaryExpr",
            "op": "*",
            "lhs": UP,
            "rhs": UP,
            "matching": {
                "card": "many-to-one",
                "labels": ["job"],
                "on": True,
                "include": ["x"],
                "fillValues": {"lhs": None, "rhs": None},
            },
            "bool": False,
        },
    ),
    "scalars have no matching": (
        "-(1 > bool 2)",
        {
            "type": "unaryExpr",
            "op": "-",
            "expr": {
                "type": "parenExpr",
                "expr": {
                    "type": "binaryExpr",
                    "op": ">",
                    "lhs": {"type": "numberLiteral", "val": "1"},
                    "rhs": {"type": "numberLiteral", "val": "2"},
                    "matching": None,
                    "bool": True,
                },
            },
        },
    ),
}


@pytest.mark.parametrize(("expr", "tree"), TREES.values(), ids=TREES)
def test_parse_query_gives_the_tree(expr: str, tree: dict[str, Any]) -> None:
    assert tree_of(prepare(expr)) == tree


@pytest.mark.parametrize(
    ("name", "variadic"),
    [("rate", 0), ("time", 0), ("hour", 1), ("label_join", -1), ("label_replace", 0)],
)
def test_variadic_counts_as_prometheus_does(name: str, variadic: int) -> None:
    of = FUNCTIONS[name]
    assert (-1 if of.most is None else of.most - of.least) == variadic


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_both_endpoints_take_both_methods(serve, reader, runner, clock, method: str) -> None:
    endpoints = routes(PromEngine(reader, clock=clock), reader, runner, clock=clock)
    async with serve(endpoints) as client:
        sent = {"params": {"query": "up"}} if method == "GET" else {"data": {"query": "up"}}
        tree = await client.request(method, "/api/v1/parse_query", **sent)
        line = await client.request(method, "/prometheus/api/v1/format_query", **sent)
        wrong = await client.request(method, "/api/v1/parse_query")
    assert tree.json() == {"status": "success", "data": UP}
    assert line.json() == {"status": "success", "data": "up"}
    assert wrong.status_code == 400
    assert wrong.json()["error"].startswith('invalid parameter "query": ')
    assert wrong.json()["error"].endswith("parse error: no expression found in input")
