"""A PromQL expression as the JSON tree of /api/v1/parse_query, in the shape that Prometheus's own UI reads. Pure."""

from __future__ import annotations

from typing import Any

from hannun.query.promql import FUNCTIONS
from hannun.query.promql.numbers import plain_float
from hannun.query.promql.syntax import (
    Aggregate,
    Binary,
    Call,
    Matching,
    Node,
    Number,
    Once,
    Paren,
    Range,
    Selector,
    Subquery,
    Text,
    Type,
    Unary,
    When,
)

_TYPES = {Type.SCALAR: "scalar", Type.VECTOR: "vector", Type.MATRIX: "matrix", Type.STRING: "string"}


def tree_of(node: Node) -> dict[str, Any]:
    """Lengths in ms; a length that depends on the query's step is 0, as in Prometheus before it is evaluated."""
    match node:
        case Number(value=value):
            return {"type": "numberLiteral", "val": plain_float(value)}
        case Text(value=text):
            return {"type": "stringLiteral", "val": text}
        case Selector():
            return {"type": "vectorSelector", **_selector(node)}
        case Range(selector=selector, range_ms=range_ms):
            return {"type": "matrixSelector", **_selector(selector), "range": range_ms}
        case Subquery():
            return {
                "type": "subquery",
                "expr": tree_of(node.expr),
                "range": node.range_ms,
                "step": node.step_ms,
                **_when(node.when),
            }
        case Call():
            return {"type": "call", "func": _function(node.name), "args": [tree_of(arg) for arg in node.args]}
        case Aggregate():
            return {
                "type": "aggregation",
                "op": node.op,
                "expr": tree_of(node.expr),
                "param": None if node.param is None else tree_of(node.param),
                "grouping": list(node.labels),
                "without": node.without,
            }
        case Binary():
            return {
                "type": "binaryExpr",
                "op": node.op,
                "lhs": tree_of(node.left),
                "rhs": tree_of(node.right),
                "matching": None if node.matching is None else _matching(node.matching),
                "bool": node.returns_bool,
            }
        case Unary(op=op, expr=expr):
            return {"type": "unaryExpr", "op": op, "expr": tree_of(expr)}
        case Paren(expr=expr):
            return {"type": "parenExpr", "expr": tree_of(expr)}
        case Once(expr=expr):
            return tree_of(expr)


def _selector(node: Selector) -> dict[str, Any]:
    return {
        "name": node.name,
        "matchers": [{"name": one.name, "value": one.value, "type": one.op.value} for one in node.matchers],
        **_when(node.when),
        "anchored": node.mode == "anchored",
        "smoothed": node.mode == "smoothed",
    }


def _when(when: When) -> dict[str, Any]:
    edge = when.at if isinstance(when.at, str) else None
    return {
        "offset": when.offset_ms,
        "timestamp": when.at if isinstance(when.at, int) else None,
        "startOrEnd": edge,
    }


def _matching(of: Matching) -> dict[str, Any]:
    return {
        "card": of.cardinality.value,
        "labels": list(of.labels),
        "on": of.on,
        "include": list(of.include),
        "fillValues": {"lhs": of.fill_left, "rhs": of.fill_right},
    }


def _function(name: str) -> dict[str, Any]:
    of = FUNCTIONS[name]
    # Prometheus's `variadic`: how many of the last arguments may be missing, -1 when the last one may be repeated.
    variadic = -1 if of.most is None else of.most - of.least
    return {
        "name": name,
        "argTypes": [_TYPES[kind] for kind in of.args],
        "variadic": variadic,
        "returnType": _TYPES[of.returns],
    }
