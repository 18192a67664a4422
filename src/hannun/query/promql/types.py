"""Type checks of a parsed question, in Prometheus's words and at its positions."""

from __future__ import annotations

from dataclasses import replace

from hannun.model.labels import METRIC_NAME
from hannun.query.promql.lexer import go_quote
from hannun.query.promql.position import PromQLSyntaxError, Span
from hannun.query.promql.registry import AGGREGATIONS, FUNCTIONS
from hannun.query.promql.syntax import (
    COMPARISONS,
    SET_OPERATORS,
    Aggregate,
    Binary,
    Call,
    Cardinality,
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
    children,
    with_children,
)


def type_of(node: Node) -> Type:
    match node:
        case Number():
            return Type.SCALAR
        case Text():
            return Type.STRING
        case Selector() | Aggregate():
            return Type.VECTOR
        case Range() | Subquery():
            return Type.MATRIX
        case Call(name=name):
            return FUNCTIONS[name].returns
        case Binary(left=left, right=right):
            both_scalar = type_of(left) is Type.SCALAR and type_of(right) is Type.SCALAR
            return Type.SCALAR if both_scalar else Type.VECTOR
        case Unary(expr=expr) | Paren(expr=expr) | Once(expr=expr):
            return type_of(expr)


def check_types(node: Node, text: str) -> Node:
    """`node` with its matchings settled (none where a side is a scalar). Raises PromQLSyntaxError."""
    return _Checker(text).check(node)


class _Checker:
    def __init__(self, text: str) -> None:
        self.text = text

    def error(self, words: str, span: Span) -> PromQLSyntaxError:
        return PromQLSyntaxError(words, self.text, span)

    def check(self, node: Node) -> Node:
        if isinstance(node, Call) and node.name == "info":
            self._info(node)
            node = with_children(node, (self.check(node.args[0]), *node.args[1:])) if node.args else node
        elif not isinstance(node, Range):
            node = with_children(node, tuple([self.check(child) for child in children(node)]))
        match node:
            case Selector():
                self._selector(node)
            case Range(selector=selector):
                self._selector(selector)
            case Subquery(expr=expr) if type_of(expr) is not Type.VECTOR:
                words = f"subquery is only allowed on instant vector, got {_short(type_of(expr))} instead"
                raise self.error(words, node.span)
            case Call():
                self._call(node)
            case Aggregate():
                self._aggregate(node)
            case Binary():
                return self._binary(node)
            case Unary(expr=expr) if type_of(expr) not in (Type.SCALAR, Type.VECTOR):
                words = "unary expression only allowed on expressions of type scalar or instant vector, got "
                raise self.error(words + go_quote(type_of(expr).value), node.span)
        return node

    def _selector(self, node: Selector) -> None:
        names = [matcher.value for matcher in node.matchers if matcher.name == METRIC_NAME]
        if node.name:
            if len(names) > 1:
                words = f"metric name must not be set twice: {go_quote(node.name)} or {go_quote(names[0])}"
                raise self.error(words, node.span)
            return
        if all(matcher.matches_empty() for matcher in node.matchers):
            raise self.error("vector selector must contain at least one non-empty matcher", node.span)

    def _call(self, node: Call) -> None:
        function = FUNCTIONS[node.name]
        given = len(node.args)
        quoted = go_quote(node.name)
        if function.most == function.least != given:
            raise self.error(f"expected {function.least} argument(s) in call to {quoted}, got {given}", node.span)
        if given < function.least:
            words = f"expected at least {function.least} argument(s) in call to {quoted}, got {given}"
            raise self.error(words, node.span)
        if function.most is not None and given > function.most:
            words = f"expected at most {function.most} argument(s) in call to {quoted}, got {given}"
            raise self.error(words, node.span)
        for index, arg in enumerate(node.args):
            wanted = function.arg_type(index)
            if type_of(arg) is not wanted:
                words = f"expected type {wanted.value} in call to function {quoted}, got {type_of(arg).value}"
                raise self.error(words, arg.span)

    def _info(self, node: Call) -> None:
        if len(node.args) < 2:
            return
        second = node.args[1]
        if not isinstance(second, Selector):
            raise self.error("expected label selectors only", second.span)
        if second.name:
            raise self.error("expected label selectors only, got vector selector instead", second.span)

    def _aggregate(self, node: Aggregate) -> None:
        self._expect(node.expr, Type.VECTOR, "aggregation expression")
        param = AGGREGATIONS[node.op].param
        if param is not None and node.param is not None:
            self._expect(node.param, param, "aggregation parameter")

    def _expect(self, node: Node, wanted: Type, context: str) -> None:
        found = type_of(node)
        if found is not wanted:
            raise self.error(f"expected type {wanted.value} in {context}, got {found.value}", node.span)

    def _binary(self, node: Binary) -> Binary:
        left, right = type_of(node.left), type_of(node.right)
        matching = node.matching
        assert matching is not None
        between = self._between(node)
        both_scalar = left is Type.SCALAR and right is Type.SCALAR
        if node.returns_bool and node.op not in COMPARISONS:
            raise self.error("bool modifier can only be used on comparison operators", between)
        if node.op in COMPARISONS and both_scalar and not node.returns_bool:
            raise self.error("comparisons between scalars must use BOOL modifier", between)
        if matching.on:
            for label in matching.labels:
                if label in matching.include:
                    words = f"label {go_quote(label)} must not occur in ON and GROUP clause at once"
                    raise self.error(words, between)
        for side, kind in ((node.left, left), (node.right, right)):
            if kind not in (Type.SCALAR, Type.VECTOR):
                words = "binary expression must contain only scalar and instant vector types"
                raise self.error(words, side.span)
        filled = matching.fill_left is not None or matching.fill_right is not None
        if left is not Type.VECTOR or right is not Type.VECTOR:
            if matching.labels:
                raise self.error("vector matching only allowed between instant vectors", node.span)
            if filled:
                raise self.error("filling in missing series only allowed between instant vectors", node.span)
            if node.op in SET_OPERATORS:
                words = f"set operator {go_quote(node.op)} not allowed in binary scalar expression"
                raise self.error(words, node.span)
            return replace(node, matching=None)
        if node.op in SET_OPERATORS:
            if matching.cardinality in (Cardinality.MANY_TO_ONE, Cardinality.ONE_TO_MANY):
                raise self.error(f"no grouping allowed for {go_quote(node.op)} operation", node.span)
            if filled:
                raise self.error("filling in missing series not allowed for set operators", node.span)
        return node

    def _between(self, node: Binary) -> Span:
        """Where the operator stands."""
        start, end = node.left.span.end, node.right.span.start
        while start < end and self.text[start].isspace():
            start += 1
        return Span(start, end)


def _short(kind: Type) -> str:
    return {Type.SCALAR: "scalar", Type.VECTOR: "vector", Type.MATRIX: "matrix", Type.STRING: "string"}[kind]
