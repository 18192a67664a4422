"""PromQL over several lines, as Prometheus's /api/v1/format_query prints what does not fit into one. Pure.

The one line of every node comes from `query.promql.printer`; here it is only decided where to break.
"""

from __future__ import annotations

from dataclasses import replace

from hannun.query.promql.printer import text_of
from hannun.query.promql.syntax import (
    Aggregate,
    Binary,
    Call,
    Node,
    Number,
    Once,
    Paren,
    Selector,
    Subquery,
    Unary,
    rebuild,
)

LINE_MAX = 100
_PLACE = Number(0)
"""Stands where an operand was, so that the printer gives the rest of a node's line."""


def ordered(node: Node) -> Node:
    """With the matchers of every selector sorted, as Prometheus prints them."""

    def change(one: Node) -> Node:
        return replace(one, matchers=tuple(sorted(one.matchers, key=str))) if isinstance(one, Selector) else one

    return rebuild(node, change)


def pretty(node: Node) -> str:
    """Lines of at most LINE_MAX characters where that is possible, indented by two blanks a level."""
    return _lines(ordered(node), 0)


def _lines(node: Node, level: int) -> str:
    margin = "  " * level
    match node:
        case Unary(op=op, expr=expr):
            return margin + op + _lines(expr, level).strip()
        case Once(expr=expr):
            return _lines(expr, level)
    line = text_of(node)
    if len(line) <= LINE_MAX:
        # A subquery that fits stands without its margin: so does Prometheus's.
        return line if isinstance(node, Subquery) else margin + line
    match node:
        case Aggregate():
            head = text_of(replace(node, param=None, expr=_PLACE)).removesuffix("0)")
            param = "" if node.param is None else f"{_lines(node.param, level + 1)},\n"
            return f"{margin}{head}\n{param}{_lines(node.expr, level + 1)}\n{margin})"
        case Binary():
            middle = text_of(replace(node, left=_PLACE, right=_PLACE))[2:-2]
            return f"{_lines(node.left, level + 1)}\n{margin}{middle}\n{_lines(node.right, level + 1)}"
        case Call(name=name, args=args):
            inner = ",\n".join(_lines(arg, level + 1) for arg in args)
            return f"{margin}{name}(\n{inner}\n{margin})"
        case Paren(expr=expr):
            return f"{margin}(\n{_lines(expr, level + 1)}\n{margin})"
        case Subquery():
            return _lines(node.expr, level) + text_of(replace(node, expr=_PLACE))[1:]
    return margin + line
