"""Duration expressions: what stands in brackets and behind `offset` (`[5m*2]`, `offset -step()`).

Constants are known while parsing. Whatever names `step()` or `range()` waits for the query's own step and range, and
the rewrite `resolve_lengths` puts the milliseconds in.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from hannun.query.promql.position import PromQLSyntaxError, Span
from hannun.query.promql.syntax import Length

if TYPE_CHECKING:
    from hannun.query.promql.modifiers import Modifiers

_BINDS = {"+": 1, "-": 1, "*": 2, "/": 2, "%": 2, "^": 4}
_UNARY = 3
_LENGTH_MS_MAX = 2**63 // 1_000_000
_DEPTH_MAX = 50


class LengthError(Exception):
    """A duration expression without a value; whoever knows the text makes a PromQLSyntaxError of it."""

    def __init__(self, words: str, span: Span) -> None:
        super().__init__(words)
        self.words = words
        self.span = span


def read(parser: Modifiers, above: int, context: str, depth: int = 0) -> Length:
    """Arithmetic over durations of operators that bind tighter than `above`."""
    left = read_operand(parser, context, depth)
    chained = 0
    while (binds := _BINDS.get(parser.token.kind, 0)) > above:
        chained += 1
        if chained + depth > _DEPTH_MAX:
            raise parser.error(f"duration expression is nested more than {_DEPTH_MAX} levels deep", parser.token.span)
        operator = parser.advance().kind
        right = read(parser, binds - 1 if operator == "^" else binds, context, depth + 1)
        left = Length(operator, left, right, span=left.span.to(right.span))
    return left


def read_operand(parser: Modifiers, context: str, depth: int = 0) -> Length:
    """A number, a duration, a signed or bracketed one, `step()`, `range()`, `min_of(a, b)` or `max_of(a, b)`."""
    token = parser.token
    if depth > _DEPTH_MAX:
        raise parser.error(f"duration expression is nested more than {_DEPTH_MAX} levels deep", token.span)
    match token.kind:
        case "NUMBER" | "DURATION":
            parser.advance()
            return Length("number", seconds=parser.number(token), span=token.span)
        case "+" | "-":
            parser.advance()
            inner = read_operand(parser, context, depth + 1)
            while parser.token.kind == "^":
                parser.advance()
                inner = Length("^", inner, read_operand(parser, context, depth + 1), span=inner.span)
            span = Span(token.start, inner.span.end)
            if inner.op == "number":
                return Length("number", seconds=-inner.seconds if token.kind == "-" else inner.seconds, span=span)
            return Length("-", None, inner, span=span) if token.kind == "-" else inner
        case "(":
            parser.advance()
            inner = read(parser, 0, context, depth + 1)
            _closing(parser, context)
            return inner
        case "step" | "range":
            parser.advance()
            _opening(parser, context)
            _closing(parser, context)
            return Length(token.kind, span=Span(token.start, parser.last_end))
    if token.text.lower() in ("min", "max", "min_of", "max_of"):
        parser.advance()
        _opening(parser, context)
        left = read(parser, 0, context, depth + 1)
        if parser.token.kind != ",":
            raise parser.unexpected(context, '","')
        parser.advance()
        right = read(parser, 0, context, depth + 1)
        _closing(parser, context)
        return Length(token.text.lower()[:3], left, right, span=Span(token.start, parser.last_end))
    raise parser.unexpected(context, "number, duration, step(), or range()")


def _opening(parser: Modifiers, context: str) -> None:
    if parser.token.kind != "(":
        raise parser.unexpected(context, '"("')
    parser.advance()


def _closing(parser: Modifiers, context: str) -> None:
    if parser.token.kind != ")":
        raise parser.unexpected(context, '")"')
    parser.advance()


def constant(length: Length) -> float | None:
    """Seconds, when they do not depend on the query; None otherwise. Raises LengthError."""
    if length.op in ("step", "range"):
        return None
    if length.op == "number":
        return length.seconds
    if length.left is not None and constant(length.left) is None:
        return None
    if length.right is not None and constant(length.right) is None:
        return None
    return seconds_of(length, 0.0, 0.0)


def seconds_of(length: Length, step_s: float, range_s: float) -> float:
    """The value of a duration expression in a query of this step and range. Raises LengthError."""
    match length.op:
        case "number":
            return length.seconds
        case "step":
            return step_s
        case "range":
            return range_s
    right = seconds_of(length.right, step_s, range_s) if length.right else 0.0
    if length.left is None:
        return -right
    left = seconds_of(length.left, step_s, range_s)
    match length.op:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "/":
            if right == 0:
                raise LengthError("division by zero", length.span)
            return left / right
        case "%":
            if right == 0:
                raise LengthError("modulo by zero", length.span)
            return math.fmod(left, right) if math.isfinite(left) else math.nan
        case "min":
            return min(left, right)
        case "max":
            return max(left, right)
    try:
        return math.pow(left, right)
    except (ValueError, OverflowError):
        return math.nan


def to_ms(seconds: float, text: str, span: Span) -> int:
    """Whole milliseconds; raises PromQLSyntaxError when they do not fit the time line."""
    if not math.isfinite(seconds) or abs(seconds) * 1000 > _LENGTH_MS_MAX:
        raise PromQLSyntaxError("duration out of range", text, span)
    return round(seconds * 1000)
