"""The parts of the grammar that hang on something else: selectors and their braces, ranges, `offset`, `@`, matching.

A mixin of `parser.Parser`, split off by noun: everything here reads what stands behind or inside another expression.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from hannun.model.errors import BadQuery
from hannun.model.labels import METRIC_NAME
from hannun.model.matcher import Matcher, MatchOp, equal
from hannun.query.promql import lengths
from hannun.query.promql.lexer import WORDS, Token, go_quote
from hannun.query.promql.position import PromQLSyntaxError, Span
from hannun.query.promql.syntax import Cardinality, Length, Matching, Node, Range, Selector, Subquery, When

_MATCH_OPS = {"=": MatchOp.EQUAL, "!=": MatchOp.NOT_EQUAL, "=~": MatchOp.REGEX, "!~": MatchOp.NOT_REGEX}
_MS_MAX = 2**63 // 1000


def _valid(text: str) -> str:
    """Bytes that are no UTF-8 match nothing that is stored; engines must not even see them."""
    return text.encode("utf-8", "replace").decode()


class Modifiers(ABC):
    """What `Parser` inherits; the abstract members are its own."""

    text: str
    token: Token
    last_end: int

    @abstractmethod
    def advance(self) -> Token: ...
    @abstractmethod
    def error(self, words: str, span: Span) -> PromQLSyntaxError: ...
    @abstractmethod
    def unexpected(self, context: str = "", expected: str = "") -> PromQLSyntaxError: ...
    @abstractmethod
    def number(self, token: Token) -> float: ...
    @abstractmethod
    def unquoted(self, token: Token) -> str: ...

    # Selectors

    def selector(self, name: Token | None) -> Selector:
        """`name{…}`, `name` or `{…}`; the name, if any, was just read."""
        start = name.start if name else self.token.start
        matchers = self._braces() if self.token.kind == "{" else ()
        if name is not None:
            matchers = (*matchers, equal(METRIC_NAME, name.text))
        return Selector(name.text if name else "", matchers, span=Span(start, self.last_end))

    def _braces(self) -> tuple[Matcher, ...]:
        self.advance()
        matchers: list[Matcher] = []
        while self.token.kind != "}":
            matchers.append(self._matcher())
            if self.token.kind == ",":
                self.advance()
            elif self.token.kind != "}":
                raise self.unexpected("label matching", '"," or "}"')
        self.advance()
        return tuple(matchers)

    def _matcher(self) -> Matcher:
        if self.token.kind not in ("IDENTIFIER", "STRING"):
            raise self.unexpected("label matching", 'identifier or "}"')
        label = self.advance()
        name = label.text if label.kind == "IDENTIFIER" else _valid(self.unquoted(label))
        if label.kind == "STRING" and self.token.kind in (",", "}"):
            return equal(METRIC_NAME, name)
        if self.token.kind not in _MATCH_OPS:
            raise self.unexpected("label matching", "label matching operator")
        operator = self.advance()
        if self.token.kind != "STRING":
            raise self.unexpected("label matching", "string")
        value = self.advance()
        try:
            return Matcher(name, _MATCH_OPS[operator.kind], _valid(self.unquoted(value)))
        except PromQLSyntaxError:
            raise
        except BadQuery as err:
            raise self.error(str(err), Span(label.start, value.end)) from err

    # Behind an expression

    def with_modifiers(self, node: Node) -> Node:
        """`node` with every `[…]`, `offset`, `@`, `anchored` and `smoothed` that follows it."""
        while True:
            match self.token.kind:
                case "[":
                    node = self._bracketed(node)
                case "offset":
                    node = self._offset(node)
                case "@":
                    node = self._at(node)
                case "anchored" | "smoothed":
                    node = self._mode(node)
                case _:
                    return node

    def _bracketed(self, node: Node) -> Node:
        opening = self.advance()
        if self.token.kind == "]" or self.token.kind == ":":
            raise self.unexpected("subquery or range selector", "number, duration, step(), or range()")
        length = lengths.read(self, 0, "subquery or range selector")
        if self.token.kind == ":":
            self.advance()
            step: Length | None = None
            if self.token.kind != "]":
                step = lengths.read(self, 0, "subquery selector")
            if self.token.kind != "]":
                raise self.unexpected("subquery selector", 'number, duration, step(), range(), or "]"')
            closing = self.advance()
            span = Span(node.span.start, closing.end)
            return Subquery(
                node, self._ms(length), self._ms(step) if step else 0, length=length, step_length=step, span=span
            )
        if self.token.kind != "]":
            raise self.unexpected("subquery or range", '":" or "]"')
        closing = self.advance()
        if not isinstance(node, Selector):
            raise self.error("ranges only allowed for vector selectors", Span(opening.start, closing.end))
        if node.when.offset_ms or node.when.offset_length is not None:
            raise self.error("no offset modifiers allowed before range", Span(opening.start, closing.end))
        if node.when.at is not None:
            raise self.error("no @ modifiers allowed before range", Span(opening.start, closing.end))
        return Range(node, self._ms(length), length, Span(node.span.start, closing.end))

    def _ms(self, length: Length) -> int:
        """Milliseconds of a length that is a constant greater than zero; 0 when it must wait for the query's step."""
        seconds = self._seconds(length)
        if seconds is None:
            return 0
        if not seconds > 0:
            raise self.error("duration must be greater than 0", length.span)
        return lengths.to_ms(seconds, self.text, length.span)

    def _seconds(self, length: Length) -> float | None:
        try:
            return lengths.constant(length)
        except lengths.LengthError as err:
            raise self.error(err.words, err.span) from err

    def _offset(self, node: Node) -> Node:
        self.advance()
        if self.token.kind in ("EOF", ")", ",", "}", "]", "STRING", "IDENTIFIER", "METRIC"):
            raise self.unexpected("offset", "number, duration, step(), or range()")
        length = lengths.read_operand(self, "offset")
        seconds = self._seconds(length)
        offset_ms = 0 if seconds is None else lengths.to_ms(seconds, self.text, length.span)

        def shifted(when: When) -> When:
            if when.offset_ms or when.offset_length is not None:
                raise self.error("offset may not be set multiple times", node.span)
            return replace(when, offset_ms=offset_ms, offset_length=length if seconds is None else None)

        words = "offset modifier must be preceded by an instant vector selector or range vector selector or a subquery"
        return self._moved(node, shifted, words)

    def _at(self, node: Node) -> Node:
        self.advance()
        at: int | Literal["start", "end"]
        if self.token.kind in ("start", "end"):
            at = "start" if self.advance().kind == "start" else "end"
            for paren in ("(", ")"):
                if self.token.kind != paren:
                    raise self.unexpected("@", "timestamp")
                self.advance()
        else:
            sign = self.advance().kind if self.token.kind in ("+", "-") else "+"
            if self.token.kind not in ("NUMBER", "DURATION"):
                raise self.unexpected("@", "timestamp")
            seconds = self.number(self.advance()) * (-1 if sign == "-" else 1)
            if not math.isfinite(seconds) or abs(seconds) >= _MS_MAX:
                raise self.error(f"timestamp out of bounds for @ modifier: {seconds:f}", node.span)
            at = math.floor(abs(seconds) * 1000 + 0.5) * (-1 if seconds < 0 else 1)

        def fixed(when: When) -> When:
            if when.at is not None:
                raise self.error("@ <timestamp> may not be set multiple times", node.span)
            return replace(when, at=at)

        words = "@ modifier must be preceded by an instant vector selector or range vector selector or a subquery"
        return self._moved(node, fixed, words)

    def _moved(self, node: Node, change: Callable[[When], When], words: str) -> Node:
        span = Span(node.span.start, self.last_end)
        match node:
            case Selector() | Subquery():
                return replace(node, when=change(node.when), span=span)
            case Range(selector=selector):
                return replace(node, selector=replace(selector, when=change(selector.when)), span=span)
        raise self.error(words, node.span)

    def _mode(self, node: Node) -> Node:
        mode = self.advance()

        def set_mode(selector: Selector) -> Selector:
            if selector.mode and selector.mode != mode.kind:
                raise self.error("anchored and smoothed modifiers cannot be used together", node.span)
            return replace(selector, mode=mode.kind)  # type: ignore[arg-type]

        match node:
            case Selector():
                return set_mode(node)
            case Range(selector=selector):
                return replace(node, selector=set_mode(selector))
            case Subquery():
                raise self.error(f"{mode.kind} modifier is not supported for subqueries", node.span)
        raise self.error(f"{mode.kind} modifier not implemented", node.span)

    # Behind a binary operator

    def binary_modifiers(self) -> tuple[Matching, bool]:
        """`bool`, `on`/`ignoring`, `group_left`/`group_right` and `fill…`, each where it may stand."""
        returns_bool = self.token.kind == "bool"
        if returns_bool:
            self.advance()
        matching = Matching()
        if self.token.kind in ("on", "ignoring"):
            on = self.advance().kind == "on"
            matching = replace(matching, on=on, labels=self.grouping_labels())
            if self.token.kind in ("group_left", "group_right"):
                left = self.advance().kind == "group_left"
                cardinality = Cardinality.MANY_TO_ONE if left else Cardinality.ONE_TO_MANY
                include = self.grouping_labels() if self.token.kind == "(" else ()
                matching = replace(matching, cardinality=cardinality, include=include)
        return self._fills(matching), returns_bool

    def _fills(self, matching: Matching) -> Matching:
        if self.token.kind == "fill":
            self.advance()
            value = self._fill_value()
            return replace(matching, fill_left=value, fill_right=value)
        for _ in range(2):
            if self.token.kind == "fill_left" and matching.fill_left is None:
                self.advance()
                matching = replace(matching, fill_left=self._fill_value())
            elif self.token.kind == "fill_right" and matching.fill_right is None:
                self.advance()
                matching = replace(matching, fill_right=self._fill_value())
        return matching

    def _fill_value(self) -> float:
        if self.token.kind != "(":
            raise self.unexpected("fill modifier", '"("')
        self.advance()
        sign = self.advance().kind if self.token.kind in ("+", "-") else "+"
        if self.token.kind not in ("NUMBER", "DURATION"):
            raise self.unexpected("fill modifier", "number")
        value = self.number(self.advance())
        if self.token.kind != ")":
            raise self.unexpected("fill modifier", '")"')
        self.advance()
        return -value if sign == "-" else value

    def grouping_labels(self) -> tuple[str, ...]:
        """`(a, "b.c", by)`: keywords are labels here."""
        if self.token.kind != "(":
            raise self.unexpected("grouping opts", '"("')
        self.advance()
        labels: list[str] = []
        while self.token.kind != ")":
            token = self.token
            if token.kind == "STRING":
                labels.append(self.unquoted(self.advance()))
            elif token.kind == "IDENTIFIER" or token.kind in WORDS:
                labels.append(self.advance().text)
            elif token.kind == "METRIC":
                raise self.error(f"invalid label name for grouping: {go_quote(token.text)}", token.span)
            else:
                raise self.unexpected("grouping opts", "label")
            if self.token.kind == ",":
                self.advance()
            elif self.token.kind != ")":
                raise self.unexpected("grouping opts", '"," or ")"')
        self.advance()
        return tuple(labels)
