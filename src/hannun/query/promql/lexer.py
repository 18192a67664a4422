"""PromQL text -> tokens, one at a time, so that the parser sees an error where Prometheus would see it.

Follows Prometheus 3.x: keywords in any case, durations as numbers, `#` comments, three kinds of quotes, UTF-8 names in
quotes. Inside braces there are no keywords; inside brackets only duration arithmetic. Error words are Prometheus's own,
because clients show and match on them. Every pattern here is linear: a megabyte of rubbish costs a megabyte of reading.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from hannun.query.promql.position import PromQLSyntaxError, Span

AGGREGATORS = frozenset(
    [
        "sum",
        "avg",
        "count",
        "min",
        "max",
        "group",
        "stddev",
        "stdvar",
        "topk",
        "bottomk",
        "count_values",
        "quantile",
        "limitk",
        "limit_ratio",
    ]
)
KEYWORDS = frozenset(
    [
        "offset",
        "smoothed",
        "anchored",
        "by",
        "without",
        "on",
        "ignoring",
        "group_left",
        "group_right",
        "fill",
        "fill_left",
        "fill_right",
        "bool",
    ]
)
PREPROCESSORS = frozenset(("start", "end", "step", "range"))
WORD_OPERATORS = frozenset(("and", "or", "unless", "atan2"))
SIGN_OPERATORS = ("==", "!=", "<=", ">=", "</", ">/", "=~", "!~", "+", "-", "*", "/", "%", "^", "<", ">", "@")
OPERATORS = WORD_OPERATORS | frozenset(SIGN_OPERATORS)
WORDS = AGGREGATORS | KEYWORDS | PREPROCESSORS | WORD_OPERATORS
NEEDS_PAREN = frozenset(("fill", "fill_left", "fill_right"))
"""Keywords only before `(`, so that metrics of that name keep working."""

_SPACE = re.compile(r"[ \t\r\n]+")
_COMMENT = re.compile(r"#[^\r\n]*")
_WORD = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*")
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DURATION = re.compile(r"(?:[0-9]+(?:ms|[smhdwy]))+(?![A-Za-z0-9_])")
_HEX = re.compile(r"0[xX]_?[0-9a-fA-F]+(?:_[0-9a-fA-F]+)*(?![A-Za-z0-9_.])")
_NUMBER = re.compile(
    r"(?:[0-9]+(?:_[0-9]+)*\.?(?:[0-9]+(?:_[0-9]+)*)?|\.[0-9]+(?:_[0-9]+)*)(?:[eE][+-]?[0-9]+(?:_[0-9]+)*)?(?![A-Za-z0-9_.])"
)
_BAD_NUMBER = re.compile(r"[0-9A-Za-z_.]*")
_STRING = {
    '"': re.compile(r'"(?:[^"\\\n]|\\.)*"', re.DOTALL),
    "'": re.compile(r"'(?:[^'\\\n]|\\.)*'", re.DOTALL),
    "`": re.compile(r"`[^`]*`"),
}
_PAREN_NEXT = re.compile(r"[ \t\r\n]*\(")
_PLAIN = {",": ",", "*": "*", "/": "/", "%": "%", "+": "+", "-": "-", "^": "^", "@": "@"}


@dataclass(frozen=True, slots=True)
class Token:
    """`kind` is IDENTIFIER, METRIC, NUMBER, DURATION, STRING, EOF, or the lower-case word or sign itself."""

    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    @property
    def span(self) -> Span:
        return Span(self.start, self.end)

    def describe(self) -> str:
        """As Prometheus names a token in `unexpected …`."""
        match self.kind:
            case "EOF":
                return "end of input"
            case "IDENTIFIER":
                return f"identifier {go_quote(self.text)}"
            case "METRIC":
                return f"metric identifier {go_quote(self.text)}"
            case "STRING" | "NUMBER" | "DURATION":
                shown = go_quote(self.text) if len(self.text) <= 10 else go_quote(self.text[:10]) + "..."
                return f"{self.kind.lower()} {shown}"
        if self.kind in AGGREGATORS:
            return f"<aggr:{self.text}>"
        if self.kind in KEYWORDS:
            return f"<{self.text}>"
        if self.kind in OPERATORS:
            return f"<op:{self.text}>"
        return go_quote(self.text)


class Lexer:
    """Call `next()` until it returns an EOF token. Raises PromQLSyntaxError."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._at = 0
        self._parens = 0
        self._in_braces = False
        self._in_brackets = False
        self._colon_seen = False

    def next(self) -> Token:
        self._skip()
        if self._at >= len(self.text):
            return self._end()
        sign = self.text[self._at]
        if self._in_braces:
            return self._inside_braces(sign)
        if self._in_brackets:
            return self._inside_brackets(sign)
        return self._statement(sign)

    def _skip(self) -> None:
        while found := _SPACE.match(self.text, self._at) or _COMMENT.match(self.text, self._at):
            self._at = found.end()

    def _end(self) -> Token:
        if self._in_braces:
            raise self._error("unexpected end of input inside braces")
        if self._parens:
            raise self._error("unclosed left parenthesis")
        if self._in_brackets:
            raise self._error("unclosed left bracket")
        return Token("EOF", "", self._at)

    def _statement(self, sign: str) -> Token:
        text, at = self.text, self._at
        if sign in _PLAIN:
            return self._emit(_PLAIN[sign], 1)
        if sign.isascii() and (sign.isalpha() or sign in "_:"):
            return self._word()
        if (sign.isascii() and sign.isdigit()) or (sign == "." and text[at + 1 : at + 2] in set("0123456789")):
            return self._number()
        following = text[at + 1 : at + 2]
        match sign:
            case "=":
                if following == "~":
                    raise self._error("unexpected character after '=': '~'")
                return self._emit("==", 2) if following == "=" else self._emit("=", 1)
            case "!":
                if following != "=":
                    raise self._error(f"unexpected character after '!': {go_char(following)}")
                return self._emit("!=", 2)
            case "<" | ">":
                if following and following in "=/":
                    return self._emit(sign + following, 2)
                return self._emit(sign, 1)
            case '"' | "'" | "`":
                return self._string(sign)
            case "(" | ")":
                return self._paren(sign)
            case "{":
                self._in_braces = True
                return self._emit("{", 1)
            case "[":
                self._in_brackets, self._colon_seen = True, False
                return self._emit("[", 1)
            case "]":
                raise self._error("unexpected right bracket ']'")
        raise self._error(f"unexpected character: {go_char(sign)}")

    def _paren(self, sign: str) -> Token:
        self._parens += 1 if sign == "(" else -1
        if self._parens < 0:
            raise self._error("unexpected right parenthesis ')'")
        return self._emit(sign, 1)

    def _inside_braces(self, sign: str) -> Token:
        following = self.text[self._at + 1 : self._at + 2]
        match sign:
            case ",":
                return self._emit(",", 1)
            case '"' | "'" | "`":
                return self._string(sign)
            case "=":
                return self._emit("=~", 2) if following == "~" else self._emit("=", 1)
            case "!":
                if following not in ("~", "="):
                    raise self._error(f"unexpected character after '!' inside braces: {go_char(following)}")
                return self._emit("!" + following, 2)
            case "{":
                raise self._error("unexpected left brace '{'")
            case "}":
                self._in_braces = False
                return self._emit("}", 1)
        if found := _IDENTIFIER.match(self.text, self._at):
            return self._emit("IDENTIFIER", found.end() - self._at)
        raise self._error(f"unexpected character inside braces: {go_char(sign)}")

    def _inside_brackets(self, sign: str) -> Token:
        text, at = self.text, self._at
        match sign:
            case "]":
                self._in_brackets = False
                return self._emit("]", 1)
            case ":":
                if self._colon_seen:
                    raise self._error("unexpected colon ':'")
                self._colon_seen = True
                return self._emit(":", 1)
            case "(" | ")":
                return self._paren(sign)
            case "[":
                raise self._error("unexpected left bracket '['")
        if sign in _PLAIN and sign != "@":
            return self._emit(_PLAIN[sign], 1)
        if (sign.isascii() and sign.isdigit()) or (sign == "." and text[at + 1 : at + 2] in set("0123456789")):
            return self._number()
        if found := _IDENTIFIER.match(text, at):
            word = found.group().lower()
            if word in ("step", "range", "min", "max", "min_of", "max_of"):
                return self._emit(word, len(word))
        raise self._error(f"unexpected character in duration expression: {go_char(sign)}")

    def _word(self) -> Token:
        found = _WORD.match(self.text, self._at)
        assert found is not None
        word, size = found.group(), found.end() - self._at
        lower = word.lower()
        if lower in ("inf", "nan"):
            return self._emit("NUMBER", size)
        if lower in WORDS and (lower not in NEEDS_PAREN or _PAREN_NEXT.match(self.text, found.end())):
            return self._emit(lower, size)
        return self._emit("METRIC" if ":" in word else "IDENTIFIER", size)

    def _number(self) -> Token:
        for kind, pattern in (("NUMBER", _HEX), ("NUMBER", _NUMBER), ("DURATION", _DURATION)):
            if found := pattern.match(self.text, self._at):
                return self._emit(kind, found.end() - self._at)
        bad = _BAD_NUMBER.match(self.text, self._at)
        raise self._error(f"bad number or duration syntax: {go_quote(bad.group() if bad else '')}")

    def _string(self, quote: str) -> Token:
        found = _STRING[quote].match(self.text, self._at)
        if found is None:
            raise self._error("unterminated raw string" if quote == "`" else "unterminated quoted string")
        return self._emit("STRING", found.end() - self._at)

    def _emit(self, kind: str, size: int) -> Token:
        token = Token(kind, self.text[self._at : self._at + size], self._at)
        self._at += size
        return token

    def _error(self, words: str) -> PromQLSyntaxError:
        return PromQLSyntaxError(words, self.text, Span(self._at, len(self.text)))


_GO_ESCAPES = {
    '"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\a": "\\a", "\b": "\\b", "\f": "\\f", "\v": "\\v",
}  # fmt: skip


def go_quote(text: str) -> str:
    """As Go's `%q` writes a string."""
    return '"' + "".join(_GO_ESCAPES.get(sign) or _printable(sign) for sign in text) + '"'


def go_char(sign: str) -> str:
    """As Go's `%q` writes a rune; the empty string is the end of the text."""
    if sign == "":
        return "'\\ufffd'"
    if sign == "'":
        return "'\\''"
    if sign == '"':
        return "'\"'"
    return "'" + (_GO_ESCAPES.get(sign) or _printable(sign)) + "'"


def _printable(sign: str) -> str:
    if sign.isprintable():
        return sign
    code = ord(sign)
    if code < 0x80:
        return f"\\x{code:02x}"
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is no UTF-8, as `unquote` hands it on
        return f"\\x{code - 0xDC00:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
