"""LogQL tokens -> nodes, with Loki's grammar, its error words and positions.

Recursive descent that stops where Loki's table-driven parser would: it names what was expected only where at most four
tokens are possible, as that parser does. Two of its habits are kept because queries mean something by them: a comma or
a space between label filters takes everything that follows as its right side, and two numbers with an operator between
them are one number. What a syntax cannot say (an aggregation that needs `unwrap`, a selector that matches everything)
is refused by `checks`, after the whole text was read.
"""

from __future__ import annotations

from dataclasses import replace

from hannun.model.errors import BadQuery
from hannun.model.matcher import Matchers, compile_anchored
from hannun.query.logql.checks import check, check_nesting, check_range_aggregation, check_vector_aggregation
from hannun.query.logql.lexer import (
    RANGE_OPERATIONS,
    VECTOR_OPERATIONS,
    LogQLSyntaxError,
    refuse_unreadable,
)
from hannun.query.logql.pipeline_parser import PipelineParser
from hannun.query.logql.printer import PRECEDENCE
from hannun.query.logql.syntax import (
    Binary,
    Grouping,
    LabelReplace,
    LogQuery,
    Matching,
    MetricNode,
    Number,
    Query,
    RangeAggregation,
    Stage,
    Unwrap,
    Vector,
    VectorAggregation,
)
from hannun.query.logql.vectors.arithmetic import fold

QUERY_BYTES_MAX = 131_072
SET_OPERATORS = frozenset(("and", "or", "unless"))


def parse(text: str) -> Query:
    """The checked tree of one question. Raises BadQuery in Loki's words."""
    query = parse_unchecked(text)
    check(query)
    return query


def parse_unchecked(text: str) -> Query:
    """Without the checks that only a question needs: `{}` and `{a=~".*"}` are taken. Raises BadQuery."""
    size = len(text.encode("utf-8", "surrogatepass"))
    if size >= QUERY_BYTES_MAX:
        raise LogQLSyntaxError(f"input size too long ({size} > {QUERY_BYTES_MAX})")
    refuse_unreadable(text)
    parser = Parser(text)
    query = parser.whole()
    check_nesting(query)
    return query


def parse_log_query(text: str) -> LogQuery:
    """A selector with a pipeline, checked. Raises BadQuery."""
    query = parse(text)
    if not isinstance(query, LogQuery):
        raise BadQuery("only log selector is supported")
    return query


def parse_selector(text: str) -> Matchers:
    """The matchers of `{…}` for questions about streams, where `{}` means all of them. Raises BadQuery."""
    query = parse_unchecked(text)
    if not isinstance(query, LogQuery) or query.stages:
        raise BadQuery("only label matchers is supported")
    return query.matchers


class Parser(PipelineParser):
    """One pass over one text; each method reads what its name says."""

    def whole(self) -> Query:
        query = self._expr(0)
        if self.token.kind != "END":
            raise self.unexpected()
        if self.complaints:
            raise LogQLSyntaxError(self.complaints[0])
        return query

    def _expr(self, weakest: int, left: Query | None = None) -> Query:
        """Operators that bind at least as tightly as `weakest`; `left` was read already."""
        left = self._operand() if left is None else left
        while (binds := PRECEDENCE.get(self.token.kind, -1)) >= weakest and binds > 0:
            op = self.advance().kind
            returns_bool, matching = self._modifiers()
            with self.nested():
                right = self._expr(binds if op == "^" else binds + 1)
            left = self._combine(op, returns_bool, matching, left, right)
        return left

    def _operand(self) -> Query:
        kind = self.token.kind
        if kind == "{":
            return LogQuery(self.selector(), self.pipeline())
        if kind == "(":
            self.advance()
            with self.nested():
                inner = self._expr(0)
            if self.token.kind != ")":
                raise self.unexpected()
            self.advance()
            return inner
        if kind in ("NUMBER", "+", "-"):
            return Number(self.number())
        if kind in RANGE_OPERATIONS:
            with self.nested():
                return self._range_aggregation()
        if kind in VECTOR_OPERATIONS:
            with self.nested():
                return self._vector_aggregation()
        if kind == "label_replace":
            with self.nested():
                return self._label_replace()
        if kind == "vector":
            return self._vector()
        raise self.unexpected()

    def _metric(self, left: Query | None = None) -> MetricNode:
        """An expression that must be a metric; a selector alone is unexpected at whatever follows it."""
        found = self._expr(0, left)
        if isinstance(found, LogQuery):
            raise self.unexpected()
        return found

    # Binary operators

    def _modifiers(self) -> tuple[bool, Matching]:
        returns_bool = self.skip("bool")
        if self.token.kind not in ("on", "ignoring"):
            return returns_bool, Matching()
        on = self.advance().kind == "on"
        matching = Matching(on=on, labels=self._labels_in_parentheses())
        if self.token.kind in ("group_left", "group_right"):
            side = self.advance().kind
            include = self._labels_in_parentheses() if self.token.kind == "(" else ()
            matching = replace(matching, group="left" if side == "group_left" else "right", include=include)
        return returns_bool, matching

    def _labels_in_parentheses(self) -> tuple[str, ...]:
        self.expect("(")
        if self.skip(")"):
            return ()
        names = [self.expect("IDENTIFIER", ")").text]
        while self.token.kind == ",":
            self.advance()
            names.append(self.expect("IDENTIFIER").text)
        if self.token.kind != ")":
            raise self.unexpected(",", ")")
        self.advance()
        return tuple(names)

    def _combine(self, op: str, returns_bool: bool, matching: Matching, left: Query, right: Query) -> MetricNode:
        for side, leg in (("left", left), ("right", right)):
            if isinstance(leg, LogQuery):
                of = "PipelineExpr" if leg.stages else "MatchersExpr"
                self.complain(f"unexpected type for {side} leg of binary operation ({op}): *syntax.{of}")
                return Number(0.0)
        assert not isinstance(left, LogQuery)
        assert not isinstance(right, LogQuery)
        if op in SET_OPERATORS:
            for side, leg in (("left", left), ("right", right)):
                if isinstance(leg, Number):
                    self.complain(
                        f"unexpected literal for {side} leg of logical/set binary operation ({op}): {leg.value:f}"
                    )
        elif isinstance(left, Number) and isinstance(right, Number):
            return Number(fold(op, left.value, right.value))
        return Binary(op, left, right, returns_bool, matching)

    # Aggregations and functions

    def _range_aggregation(self) -> RangeAggregation:
        op = self.advance().kind
        self.expect("(")
        param: float | None = None
        written: str | None = None
        if self.token.kind == "NUMBER":
            written = self.token.text
            param = self.number()
            self.expect(",")
            if self.token.kind not in ("{", "("):
                raise self.unexpected("{", "(")
        elif self.token.kind not in ("{", "("):
            raise self.unexpected("NUMBER", "{", "(")
        query, unwrap, range_ns, offset_ns = self._log_range()
        self.expect(")")
        grouping = self._grouping()
        node = RangeAggregation(op, query, range_ns, offset_ns, unwrap, param, grouping)
        self.complain(check_range_aggregation(node, written))
        return node

    def _log_range(self) -> tuple[LogQuery, Unwrap | None, int, int]:
        """A selector and pipeline with the range behind any part of it, in parentheses or not."""
        if self.token.kind != "(":
            return self._bare_log_range()
        self.advance()
        with self.nested():
            if self.token.kind == "(":
                inner = self._log_range()
                self.expect(")")
                return inner
            if self.token.kind != "{":
                raise self.unexpected("{", "(")
            matchers = self.selector()
            stages, unwrap = self._stages_and_unwrap()
            if self.token.kind == "RANGE":
                ranged = self._after_range(matchers, stages, unwrap)
                self.expect(")")
                return ranged
            if self.token.kind != ")":
                raise self.unexpected(*(("RANGE", ")", "|") if unwrap else ()))
            self.advance()
        return self._after_range(matchers, stages, unwrap, takes_stages=False)

    def _bare_log_range(self) -> tuple[LogQuery, Unwrap | None, int, int]:
        matchers = self.selector()
        stages, unwrap = self._stages_and_unwrap()
        if self.token.kind != "RANGE":
            raise self.unexpected(*(("RANGE", "|") if unwrap else ()))
        return self._after_range(matchers, stages, unwrap)

    def _after_range(
        self, matchers: Matchers, stages: tuple[Stage, ...], unwrap: Unwrap | None, *, takes_stages: bool = True
    ) -> tuple[LogQuery, Unwrap | None, int, int]:
        """`[5m] offset 1h` and, where nothing stood before it, the pipeline after it."""
        range_ns = self.expect("RANGE").value
        offset_ns = 0
        if self.skip("offset"):
            offset_ns = self.expect("DURATION").value
        if not stages and unwrap is None:
            stages, unwrap = self._stages_and_unwrap(only_unwrap=not takes_stages)
        return LogQuery(matchers, stages), unwrap, range_ns, offset_ns

    def _stages_and_unwrap(self, *, only_unwrap: bool = False) -> tuple[tuple[Stage, ...], Unwrap | None]:
        if only_unwrap:
            if self.token.kind != "|":
                return (), None
            self.advance()
            if self.token.kind != "unwrap":
                raise self.unexpected("unwrap")
            return (), self.unwrap()
        stages = self.pipeline(until_unwrap=True)
        return stages, self.unwrap() if self.token.kind == "unwrap" else None

    def _vector_aggregation(self) -> VectorAggregation:
        op = self.advance().kind
        grouping = self._grouping()
        before = grouping is not None
        self.expect("(")
        written: str | None = None
        first: Query | None = None
        if self.token.kind == "NUMBER":
            token = self.token
            value = self.number()
            if self.skip(","):
                written = token.text
            else:
                first = Number(value)
        expr = self._metric(first)
        if self.token.kind != ")":
            raise self.unexpected()
        self.advance()
        if not before:
            grouping = self._grouping()
        node = VectorAggregation(op, expr, None if written is None else _whole(written), grouping)
        self.complain(check_vector_aggregation(node, written))
        return node

    def _grouping(self) -> Grouping | None:
        if self.token.kind not in ("by", "without"):
            return None
        without = self.advance().kind == "without"
        return Grouping(self._labels_in_parentheses(), without)

    def _label_replace(self) -> LabelReplace:
        self.advance()
        self.expect("(")
        expr = self._metric()
        texts = []
        for index in range(4):
            if index or self.token.kind == ",":
                self.expect(",")
            else:
                raise self.unexpected()
            texts.append(self.expect("STRING").text)
        self.expect(")")
        destination, replacement, source, pattern = texts
        try:
            compile_anchored(pattern)
        except BadQuery as err:
            self.complain(f"invalid regex in label_replace: {err}")
        return LabelReplace(expr, destination, replacement, source, pattern)

    def _vector(self) -> Vector:
        self.advance()
        self.expect("(")
        if self.token.kind != "NUMBER":
            raise self.unexpected("NUMBER")
        node = Vector(self.number(words="unable to parse vectorExpr as a float"))
        self.expect(")")
        return node


def _whole(written: str) -> float | None:
    """The number of `topk(10, …)`; None for what is no whole number."""
    return float(int(written)) if written.isascii() and written.isdigit() and len(written) < 19 else None
