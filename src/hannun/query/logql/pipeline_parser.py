"""The part of the parser that reads selectors, pipelines and what stands in them: filters, parsers, formats."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import get_args

from hannun.gotemplate.go_numbers import format_duration, parse_float, parse_size
from hannun.model.errors import BadQuery
from hannun.model.matcher import Matcher, Matchers, MatchOp
from hannun.query.logql.checks import DEPTH_MAX, TOO_DEEP, check_parser
from hannun.query.logql.durations import NS_PER_S, format_bytes
from hannun.query.logql.lexer import CONVERSIONS, Lexer, LogQLSyntaxError, Token, described
from hannun.query.logql.syntax import (
    Both,
    Compare,
    CompareOp,
    Condition,
    Conversion,
    Decolorize,
    Drop,
    Either,
    Extraction,
    Formatted,
    IpMatch,
    Json,
    Keep,
    LabelFilter,
    LabelFormat,
    LineFilter,
    LineFormat,
    LineOp,
    Logfmt,
    NameOrMatch,
    Needle,
    Pattern,
    Regexp,
    Stage,
    TextMatch,
    Unpack,
    Unwrap,
)
from hannun.query.promql.numbers import plain_float

LINE_OPERATORS = frozenset(get_args(LineOp))
_MATCH_OPERATORS = {op.value: op for op in MatchOp}
_COMPARISONS: dict[str, CompareOp] = {
    "=": "==", "==": "==", "!=": "!=", ">": ">", ">=": ">=", "<": "<", "<=": "<=",
}  # fmt: skip
_AND, _OR = 2, 1


class PipelineParser:
    """Holds the token that comes next; `complaints` are refusals that wait until the whole text was read."""

    def __init__(self, text: str) -> None:
        self._lexer = Lexer(text)
        self.token: Token = self._lexer.next()
        self.complaints: list[str] = []
        self._depth = 0

    # Tokens

    def advance(self) -> Token:
        token = self.token
        self.token = self._lexer.next()
        return token

    def skip(self, kind: str) -> bool:
        if self.token.kind != kind:
            return False
        self.advance()
        return True

    def expect(self, kind: str, *others: str) -> Token:
        """The token, which must be of that kind; `others` would have been possible too."""
        if self.token.kind != kind:
            raise self.unexpected(kind, *others)
        return self.advance()

    def unexpected(self, *expected: str) -> LogQLSyntaxError:
        words = f"syntax error: unexpected {self.token.describe()}"
        if expected:
            words += ", expecting " + " or ".join(described(kind) for kind in expected)
        return LogQLSyntaxError(words, self.token.line, self.token.column)

    def complain(self, words: str | None) -> None:
        if words is not None:
            self.complaints.append(words)

    @contextmanager
    def nested(self) -> Iterator[None]:
        """One level deeper. Raises BadQuery before the nesting could exhaust the stack."""
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise LogQLSyntaxError(TOO_DEEP)
        yield
        self._depth -= 1

    def number(self, *, words: str = "unable to parse literal as a float") -> float:
        """A number with its sign."""
        sign = self.advance().kind if self.token.kind in ("+", "-") else "+"
        token = self.expect("NUMBER")
        try:
            value = parse_float(token.text)
        except ValueError as err:
            self.complain(f"{words}: {str(err)[:200]}")
            return 0.0
        return -value if sign == "-" else value

    # Selectors

    def selector(self) -> Matchers:
        self.expect("{")
        if self.skip("}"):
            return ()
        matchers = [self._matcher("IDENTIFIER", "}")]
        while self.skip(","):
            matchers.append(self._matcher("IDENTIFIER"))
        self.expect("}", ",")
        return tuple(matchers)

    def _matcher(self, *expected: str) -> Matcher:
        name = self.expect(*expected).text
        if self.token.kind not in _MATCH_OPERATORS:
            raise self.unexpected("=", "=~", "!~", "!=")
        op = self.advance().kind
        return new_matcher(name, op, self.expect("STRING").text)

    # Pipelines

    def pipeline(self, *, until_unwrap: bool = False) -> tuple[Stage, ...]:
        """Stages as far as they go; with `until_unwrap` the token may be `unwrap` afterwards, its pipe was read."""
        stages: list[Stage] = []
        while True:
            if self.token.kind in LINE_OPERATORS:
                stages.extend(self._line_filters())
            elif self.token.kind == "|":
                self.advance()
                if until_unwrap and self.token.kind == "unwrap":
                    break
                stages.append(self._stage())
            else:
                break
        return tuple(stages)

    def _line_filters(self) -> list[LineFilter]:
        """One operator and its needles. Without any of several needles is the same as several filters."""
        op: LineOp = self.advance().kind  # type: ignore[assignment]
        needles = [self._needle()]
        while self.skip("or"):
            needles.append(self._needle())
        if op in ("|=", "|~", "|>"):
            return [LineFilter(op, tuple(needles))]
        return [LineFilter(op, (needle,)) for needle in needles]

    def _needle(self) -> Needle:
        if self.token.kind == "STRING":
            return Needle(self.advance().text)
        self.expect_one_of("ip", shown=("STRING", "ip"))
        self.expect("(")
        needle = Needle(self.expect("STRING").text, is_ip=True)
        self.expect(")")
        return needle

    def expect_one_of(self, *kinds: str, shown: tuple[str, ...]) -> Token:
        if self.token.kind not in kinds:
            raise self.unexpected(*shown)
        return self.advance()

    def _stage(self) -> Stage:
        kind = self.token.kind
        if kind in ("IDENTIFIER", "("):
            return LabelFilter(self.condition())
        match kind:
            case "json":
                self.advance()
                return Json(self._extractions() if self.token.kind == "IDENTIFIER" else ())
            case "logfmt":
                return self._logfmt()
            case "regexp":
                self.advance()
                regexp = Regexp(self.expect("STRING").text)
                check_parser(regexp)
                return regexp
            case "pattern":
                self.advance()
                pattern = Pattern(self.expect("STRING").text)
                check_parser(pattern)
                return pattern
            case "unpack":
                self.advance()
                return Unpack()
            case "decolorize":
                self.advance()
                return Decolorize()
            case "line_format":
                self.advance()
                return LineFormat(self.expect("STRING").text)
            case "label_format":
                return self._label_format()
            case "drop" | "keep":
                self.advance()
                items = self._names_or_matches()
                return Drop(items) if kind == "drop" else Keep(items)
        raise self.unexpected()

    def _logfmt(self) -> Logfmt:
        self.advance()
        flags = set()
        while self.token.kind == "PARSER_FLAG":
            flags.add(self.advance().text)
        extractions = self._extractions() if self.token.kind == "IDENTIFIER" else ()
        return Logfmt(extractions, "--strict" in flags, "--keep-empty" in flags)

    def _extractions(self) -> tuple[Extraction, ...]:
        """`a, b="path"`: a name alone is its own path."""
        found = []
        while True:
            name = self.expect("IDENTIFIER").text
            found.append(Extraction(name, self.expect("STRING").text if self.skip("=") else name))
            if not self.skip(","):
                return tuple(found)

    def _label_format(self) -> LabelFormat:
        self.advance()
        items = []
        while True:
            name = self.expect("IDENTIFIER").text
            self.expect("=")
            value = self.expect_one_of("IDENTIFIER", "STRING", shown=("IDENTIFIER", "STRING"))
            items.append(Formatted(name, value.text, value.kind == "STRING"))
            if not self.skip(","):
                return LabelFormat(tuple(items))

    def _names_or_matches(self) -> tuple[NameOrMatch, ...]:
        items = []
        while True:
            name = self.expect("IDENTIFIER").text
            if self.token.kind in _MATCH_OPERATORS:
                op = self.advance().kind
                items.append(NameOrMatch(name, new_matcher(name, op, self.expect("STRING").text)))
            else:
                items.append(NameOrMatch(name))
            if not self.skip(","):
                return tuple(items)

    def unwrap(self) -> Unwrap:
        """From the word `unwrap` on: the label and the label filters behind it."""
        self.expect("unwrap")
        conversion: Conversion = ""
        if self.token.kind in CONVERSIONS:
            conversion = self.advance().kind  # type: ignore[assignment]
            self.expect("(")
            label = self.expect("IDENTIFIER").text
            self.expect(")")
        else:
            label = self.expect("IDENTIFIER", *CONVERSIONS).text
        filters = []
        while self.skip("|"):
            filters.append(LabelFilter(self.condition()))
        return Unwrap(label, conversion, tuple(filters))

    # Label filters

    def condition(self, weakest: int = 0) -> Condition:
        """`and` binds tighter than `or`; after a comma or a space everything that follows is the right side."""
        left = self._comparison()
        while True:
            kind = self.token.kind
            if kind in (",", "IDENTIFIER", "("):
                self.skip(",")
                with self.nested():
                    left = Both(left, self.condition())
            elif kind == "and" and weakest <= _AND:
                self.advance()
                with self.nested():
                    left = Both(left, self.condition(_AND + 1))
            elif kind == "or" and weakest <= _OR:
                self.advance()
                with self.nested():
                    left = Either(left, self.condition(_OR + 1))
            else:
                return left

    def _comparison(self) -> Condition:
        if self.token.kind == "(":
            self.advance()
            with self.nested():
                inner = self.condition()
            if self.token.kind != ")":
                raise self.unexpected()
            self.advance()
            return inner
        name = self.expect("IDENTIFIER", "(").text
        op = self.token.kind
        if op in ("=~", "!~"):
            self.advance()
            return TextMatch(new_matcher(name, op, self.expect("STRING").text))
        if op not in _COMPARISONS:
            raise self.unexpected()
        self.advance()
        if op in ("=", "!=") and self.token.kind == "STRING":
            return TextMatch(new_matcher(name, op, self.advance().text))
        if op in ("=", "!=") and self.token.kind == "ip":
            self.advance()
            self.expect("(")
            pattern = self.expect("STRING").text
            self.expect(")")
            return IpMatch(name, op == "!=", pattern)
        return self._compare(name, _COMPARISONS[op])

    def _compare(self, name: str, op: CompareOp) -> Compare:
        """The value's text is kept as it prints, so that equal filters are equal nodes."""
        match self.token.kind:
            case "DURATION":
                ns = self.advance().value
                return Compare(name, op, ns / NS_PER_S, "duration", format_duration(ns))
            case "BYTES":
                token = self.advance()
                shown = format_bytes(token.value)
                # Two digits may not say it all; then it is shown as it was written.
                exact = parse_size(shown) == token.value
                return Compare(name, op, float(token.value), "bytes", shown if exact else token.text)
            case "NUMBER" | "+" | "-":
                value = self.number()
                return Compare(name, op, value, "number", plain_float(value))
        raise self.unexpected()


def new_matcher(name: str, op: str, value: str) -> Matcher:
    """Raises LogQLSyntaxError for a regular expression that cannot be read."""
    try:
        return Matcher(name, _MATCH_OPERATORS[op], value)
    except BadQuery as err:
        raise LogQLSyntaxError(str(err)) from err
