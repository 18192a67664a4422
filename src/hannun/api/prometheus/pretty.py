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
    Subquery,
    Unary,
)

LINE_MAX = 100
_PLACE = Number(0)
"""Stands where an operand was, so that the printer gives the rest of a node's line."""


def pretty(node: Node, level: int = 0) -> str:
    """Lines of at most LINE_MAX characters where that is possible, indented by two blanks a level."""
    margin = "  " * level
    match node:
        case Unary(op=op, expr=expr):
            return margin + op + pretty(expr, level).strip()
        case Once(expr=expr):
            return pretty(expr, level)
    line = text_of(node)
    if len(line) <= LINE_MAX:
        # A subquery that fits stands without its margin: so does Prometheus's.
        return line if isinstance(node, Subquery) else margin + line
    match node:
        case Aggregate():
            head = text_of(replace(node, param=None, expr=_PLACE)).removesuffix("0)")
            param = "" if node.param is None else f"{pretty(node.param, level + 1)},\n"
            return f"{margin}{head}\n{param}{pretty(node.expr, level + 1)}\n{margin})"
        case Binary():
            middle = text_of(replace(node, left=_PLACE, right=_PLACE))[2:-2]
            return f"{pretty(node.left, level + 1)}\n{margin}{middle}\n{pretty(node.right, level + 1)}"
        case Call(name=name, args=args):
            inner = ",\n".join(pretty(arg, level + 1) for arg in args)
            return f"{margin}{name}(\n{inner}\n{margin})"
        case Paren(expr=expr):
            return f"{margin}(\n{pretty(expr, level + 1)}\n{margin})"
        case Subquery():
            return pretty(node.expr, level) + text_of(replace(node, expr=_PLACE))[1:]
    return margin + line
