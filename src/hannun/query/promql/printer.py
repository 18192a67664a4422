"""Nodes -> PromQL text, as Prometheus prints expressions back; and the plan as an indented tree for `explain`."""

from __future__ import annotations

import math
import re

from hannun.model.labels import METRIC_NAME
from hannun.model.matcher import Matcher
from hannun.model.time import format_duration_ms, format_seconds
from hannun.query.promql.lexer import go_quote
from hannun.query.promql.numbers import go_float
from hannun.query.promql.syntax import (
    Aggregate,
    Binary,
    Call,
    Cardinality,
    Length,
    Matching,
    Node,
    Number,
    Once,
    Paren,
    Range,
    Selector,
    Subquery,
    Text,
    Unary,
    When,
    children,
)

_LEGACY_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LEGACY_METRIC = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*")


def label_name(name: str) -> str:
    """Quoted when it is not a name of the old alphabet."""
    return name if _LEGACY_NAME.fullmatch(name) else go_quote(name)


def text_of(node: Node) -> str:
    """PromQL that parses to an equal node."""
    match node:
        case Number(value=value, is_duration=True) if value >= 0 and math.isfinite(value):
            return format_duration_ms(round(value * 1000))
        case Number(value=value):
            return go_float(value)
        case Text(value=value):
            return go_quote(value)
        case Selector():
            return _selector(node) + _mode(node) + _when(node.when)
        case Range(selector=selector):
            return (
                f"{_selector(selector)}[{_length(node.range_ms, node.length)}]{_mode(selector)}{_when(selector.when)}"
            )
        case Subquery():
            step = _length(node.step_ms, node.step_length) if node.step_ms or node.step_length else ""
            return f"{text_of(node.expr)}[{_length(node.range_ms, node.length)}:{step}]{_when(node.when)}"
        case Call():
            return f"{node.name}({', '.join(text_of(arg) for arg in node.args)})"
        case Aggregate():
            inner = ", ".join(text_of(child) for child in children(node))
            labels = ", ".join(label_name(name) for name in node.labels)
            if node.without:
                return f"{node.op} without ({labels}) ({inner})"
            return f"{node.op} by ({labels}) ({inner})" if node.labels else f"{node.op}({inner})"
        case Binary():
            middle = node.op + (" bool" if node.returns_bool else "") + _matching(node.matching)
            return f"{text_of(node.left)} {middle} {text_of(node.right)}"
        case Unary():
            return node.op + text_of(node.expr)
        case Paren():
            return f"({text_of(node.expr)})"
        case Once():
            return text_of(node.expr)


def _selector(node: Selector) -> str:
    inner = [_matcher(m) for m in node.matchers if not (node.name and m.name == METRIC_NAME)]
    if node.name and not _LEGACY_METRIC.fullmatch(node.name):
        return "{" + ", ".join((go_quote(node.name), *inner)) + "}"
    return node.name + ("{" + ",".join(inner) + "}" if inner or not node.name else "")


def _matcher(matcher: Matcher) -> str:
    return f"{label_name(matcher.name)}{matcher.op.value}{go_quote(matcher.value)}"


def _bare(node: Selector) -> str:
    return " without buckets" if node.bare else ""


def _mode(node: Selector) -> str:
    return f" {node.mode}" if node.mode else ""


def _when(when: When) -> str:
    out = ""
    if isinstance(when.at, int):
        sign, ms = ("-", -when.at) if when.at < 0 else ("", when.at)
        whole = format_seconds(ms)
        out += f" @ {sign}{whole if '.' in whole else whole + '.000'}"
    elif when.at is not None:
        out += f" @ {when.at}()"
    if when.offset_length is not None:
        out += f" offset {_length_text(when.offset_length)}"
    elif when.offset_ms:
        out += f" offset {format_duration_ms(when.offset_ms)}"
    return out


def _length(ms: int, length: Length | None) -> str:
    return format_duration_ms(ms) if ms or length is None else _length_text(length)


def _length_text(length: Length) -> str:
    match length.op:
        case "number":
            return go_float(length.seconds)
        case "step" | "range":
            return f"{length.op}()"
    assert length.right is not None
    if length.left is None:
        return f"-{_length_text(length.right)}"
    if length.op in ("min", "max"):
        return f"{length.op}_of({_length_text(length.left)}, {_length_text(length.right)})"
    return f"({_length_text(length.left)} {length.op} {_length_text(length.right)})"


def _matching(matching: Matching | None) -> str:
    if matching is None:
        return ""
    out = ""
    if matching.on or matching.labels:
        word = "on" if matching.on else "ignoring"
        out += f" {word} ({', '.join(label_name(name) for name in matching.labels)})"
    if matching.cardinality in (Cardinality.MANY_TO_ONE, Cardinality.ONE_TO_MANY):
        word = "group_left" if matching.cardinality is Cardinality.MANY_TO_ONE else "group_right"
        out += f" {word} ({', '.join(label_name(name) for name in matching.include)})"
    if matching.fill_left is not None and matching.fill_left == matching.fill_right:
        return out + f" fill ({go_float(matching.fill_left)})"
    for word, value in (("fill_left", matching.fill_left), ("fill_right", matching.fill_right)):
        if value is not None:
            out += f" {word} ({go_float(value)})"
    return out


def plan_of(node: Node) -> str:
    """One line per node, children indented: what `explain` and the golden files of the rewrites show."""
    lines: list[str] = []

    def walk(node: Node, depth: int) -> None:
        lines.append("  " * depth + _line(node))
        if not isinstance(node, Range):
            for child in children(node):
                walk(child, depth + 1)

    walk(node, 0)
    return "\n".join(lines)


def _line(node: Node) -> str:
    match node:
        case Selector():
            return f"select {text_of(node)}{_bare(node)}"
        case Range():
            return f"window {text_of(node)}{_bare(node.selector)}"
        case Number() | Text():
            return f"constant {text_of(node)}"
        case Subquery():
            step = format_duration_ms(node.step_ms) if node.step_ms else "default"
            return f"subquery {_length(node.range_ms, node.length)} every {step}{_when(node.when)}"
        case Call():
            return f"call {node.name}"
        case Aggregate():
            how = "without" if node.without else "by"
            return f"aggregate {node.op} {how} ({', '.join(node.labels)})"
        case Binary():
            middle = node.op + (" bool" if node.returns_bool else "") + _matching(node.matching)
            return f"binary {middle}"
        case Unary():
            return f"unary {node.op}"
        case Paren():
            return "parentheses"
        case Once():
            return "once for all steps"
