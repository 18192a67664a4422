"""Tokens -> nodes, by operator precedence, with Prometheus's own error words and positions.

An own grammar, because the published parser crates lack duration expressions, `anchored`/`smoothed`, fill modifiers and
quoted names. Nesting is bounded (`DEPTH_MAX`), so no text can exhaust the stack. Types are checked afterwards by
`check_types`, as Prometheus does, so syntax errors are told first.
"""

from __future__ import annotations

from dataclasses import replace

from hannun.model.errors import BadQuery
from hannun.query.promql.lexer import AGGREGATORS, Lexer, Token, go_quote
from hannun.query.promql.literal import parse_number, parse_seconds, unquote
from hannun.query.promql.modifiers import Modifiers
from hannun.query.promql.position import PromQLSyntaxError, Span
from hannun.query.promql.registry import AGGREGATIONS, FUNCTIONS
from hannun.query.promql.syntax import (
    DEPTH_MAX,
    SET_OPERATORS,
    Aggregate,
    Binary,
    Call,
    Cardinality,
    Matching,
    Node,
    Number,
    Paren,
    Text,
    Unary,
    children,
)

QUERY_CHARS_MAX = 256 * 1024
PRECEDENCE = {
    **dict.fromkeys(("or",), 1),
    **dict.fromkeys(("and", "unless"), 2),
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">="), 3),
    **dict.fromkeys(("+", "-"), 4),
    **dict.fromkeys(("*", "/", "%", "atan2", "</", ">/"), 5),
    "^": 6,
}
UNARY_PRECEDENCE = 5
# Words that are keywords elsewhere but name a metric where an expression begins.
METRIC_WORDS = AGGREGATORS | {
    *("by", "without", "offset", "and", "or", "unless", "start", "end", "step", "range", "anchored", "smoothed"),
}
LABEL_WORDS = METRIC_WORDS | {"bool", "group_left", "group_right", "ignoring", "on", "atan2"}
_AFTER_EXPR = frozenset(PRECEDENCE) | {"EOF", ")", ",", "{", "[", "offset", "@", "anchored", "smoothed"}


def parse(text: str) -> Node:
    """The tree of one expression, not yet type-checked. Raises BadQuery."""
    if len(text) > QUERY_CHARS_MAX:
        raise BadQuery(f"1:1: parse error: query of {len(text)} characters, at most {QUERY_CHARS_MAX} are read")
    return Parser(text).whole()


def too_deep(node: Node) -> bool:
    """Chains of operators nest to the left without nesting the parser, so the finished tree is measured too."""
    level, depth = [node], 0
    while level:
        depth += 1
        if depth > DEPTH_MAX:
            return True
        level = [child for parent in level for child in children(parent)]
    return False


class Parser(Modifiers):
    """One pass over one text; each method reads what its name says."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._lexer = Lexer(text)
        self.token = self._lexer.next()
        self._depth = 0
        self.last_end = 0

    def whole(self) -> Node:
        if self.token.kind == "EOF":
            raise PromQLSyntaxError("no expression found in input", self.text, Span(0, 0))
        node = self.expression(0)
        if self.token.kind != "EOF":
            raise self.unexpected()
        if too_deep(node):
            raise self.error(f"expression is nested more than {DEPTH_MAX} levels deep", node.span)
        return node

    def advance(self) -> Token:
        taken = self.token
        self.last_end = taken.end
        self.token = self._lexer.next()
        return taken

    def error(self, words: str, span: Span) -> PromQLSyntaxError:
        return PromQLSyntaxError(words, self.text, span)

    def unexpected(self, context: str = "", expected: str = "") -> PromQLSyntaxError:
        words = f"unexpected {self.token.describe()}"
        words += f" in {context}" if context else ""
        words += f", expected {expected}" if expected else ""
        return self.error(words, self.token.span)

    def expression(self, above: int) -> Node:
        """An expression of operators that bind tighter than `above`."""
        self._depth += 1
        if self._depth > DEPTH_MAX // 2:
            raise self.error(f"expression is nested more than {DEPTH_MAX // 2} levels deep", self.token.span)
        left = self.operand()
        chained = 0
        while (precedence := PRECEDENCE.get(self.token.kind, 0)) > above:
            chained += 1
            if chained + self._depth > DEPTH_MAX:
                raise self.error(f"more than {DEPTH_MAX} operators follow one another", self.token.span)
            operator = self.advance()
            matching, returns_bool = self.binary_modifiers()
            right = self.expression(precedence - 1 if operator.kind == "^" else precedence)
            left = self._binary(operator, left, right, matching, returns_bool)
        self._depth -= 1
        return left

    def _binary(self, operator: Token, left: Node, right: Node, matching: Matching, returns_bool: bool) -> Node:
        if operator.kind in SET_OPERATORS and matching.cardinality is Cardinality.ONE_TO_ONE:
            matching = replace(matching, cardinality=Cardinality.MANY_TO_MANY)
        return Binary(operator.kind, left, right, matching, returns_bool, left.span.to(right.span))

    def operand(self) -> Node:
        if self.token.kind in ("+", "-"):
            return self._unary()
        return self.with_modifiers(self._primary())

    def _unary(self) -> Node:
        signs: list[Token] = []
        while self.token.kind in ("+", "-"):
            signs.append(self.advance())
            if len(signs) > DEPTH_MAX // 2:
                raise self.error(f"more than {DEPTH_MAX // 2} signs follow one another", signs[-1].span)
        node = self.expression(UNARY_PRECEDENCE)
        for sign in reversed(signs):
            span = Span(sign.start, node.span.end)
            if isinstance(node, Number):
                node = replace(node, value=-node.value if sign.kind == "-" else node.value, span=span)
            else:
                node = Unary(sign.kind, node, span)
        return node

    def _primary(self) -> Node:
        token = self.token
        match token.kind:
            case "NUMBER" | "DURATION":
                self.advance()
                return Number(self.number(token), token.kind == "DURATION", token.span)
            case "STRING":
                self.advance()
                return Text(self.unquoted(token), token.span)
            case "(":
                self.advance()
                inner = self.expression(0)
                if self.token.kind != ")":
                    raise self.unexpected()
                closing = self.advance()
                return Paren(inner, Span(token.start, closing.end))
            case "{":
                return self.selector(None)
            case "IDENTIFIER" | "METRIC":
                self.advance()
                return self._call(token) if self.token.kind == "(" else self.selector(token)
        if token.kind in AGGREGATORS:
            self.advance()
            if self.token.kind in ("(", "by", "without"):
                return self._aggregate(token)
            if self.token.kind not in _AFTER_EXPR:
                raise self.unexpected("aggregation")
            return self.selector(token)
        if token.kind in METRIC_WORDS:
            self.advance()
            if self.token.kind == "(" and token.text in FUNCTIONS:
                return self._call(token)
            return self.selector(token)
        raise self.unexpected()

    def number(self, token: Token) -> float:
        try:
            return parse_number(token.text) if token.kind == "NUMBER" else parse_seconds(token.text)
        except ValueError as err:
            prefix = "error parsing number: " if token.kind == "NUMBER" else ""
            raise self.error(f"{prefix}{err}", token.span) from err

    def unquoted(self, token: Token) -> str:
        try:
            return unquote(token.text)
        except ValueError as err:
            raise self.error(str(err), token.span) from err

    def _call(self, name: Token) -> Node:
        if name.text not in FUNCTIONS:
            raise self.error(f"unknown function with name {go_quote(name.text)}", name.span)
        args = self._arguments()
        return Call(name.text, args, Span(name.start, self.last_end))

    def _arguments(self) -> tuple[Node, ...]:
        if self.token.kind != "(":
            raise self.unexpected()
        self.advance()
        args: list[Node] = []
        while self.token.kind != ")":
            args.append(self.expression(0))
            if self.token.kind == ",":
                comma = self.advance()
                if self.token.kind == ")":
                    raise self.error("trailing commas not allowed in function call args", comma.span)
            elif self.token.kind != ")":
                raise self.unexpected()
        self.advance()
        return tuple(args)

    def _aggregate(self, operator: Token) -> Node:
        labels: tuple[str, ...] = ()
        without = False
        modified = False
        if self.token.kind in ("by", "without"):
            without, labels, modified = self.advance().kind == "without", self.grouping_labels(), True
            if self.token.kind != "(":
                raise self.unexpected("aggregation")
        args = self._arguments()
        end = self.last_end
        if not modified and self.token.kind in ("by", "without"):
            without, labels = self.advance().kind == "without", self.grouping_labels()
            end = self.last_end
        span = Span(operator.start, end)
        if not args:
            raise self.error("no arguments for aggregate expression provided", span)
        wanted = 1 if AGGREGATIONS[operator.kind].param is None else 2
        if len(args) != wanted:
            raise self.error(
                f"wrong number of arguments for aggregate expression provided, expected {wanted}, got {len(args)}", span
            )
        return Aggregate(operator.kind, args[-1], args[0] if wanted == 2 else None, labels, without, span)
