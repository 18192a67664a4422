"""LogQL text -> tokens, one at a time, so that the parser meets an error where Loki would.

Loki scans with Go's token scanner, and so does this: identifiers may be of any letters, strings are Go's, a character
that is nothing else is an identifier of its own. Words are keywords in any case; names of functions only when an open
parenthesis, `by (` or `without (` follows. Positions are Loki's too: it loses the line of every token that it puts
together from several pieces (`|=`, `5m`, `[5m]`), and says line 0 there; clients and tests compare those words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from hannun.gotemplate.go_numbers import parse_size
from hannun.model.errors import BadQuery
from hannun.query.logql.durations import parse_duration_ns, parse_range_ns
from hannun.query.promql.literal import unquote

RANGE_OPERATIONS = (
    "rate", "rate_counter", "count_over_time", "bytes_rate", "bytes_over_time", "avg_over_time", "sum_over_time",
    "min_over_time", "max_over_time", "stdvar_over_time", "stddev_over_time", "quantile_over_time", "first_over_time",
    "last_over_time", "absent_over_time",
)  # fmt: skip
VECTOR_OPERATIONS = (
    "sum", "avg", "max", "min", "count", "stddev", "stdvar", "bottomk", "topk", "sort", "sort_desc", "approx_topk",
)  # fmt: skip
CONVERSIONS = ("bytes", "duration", "duration_seconds")
_FUNCTIONS = frozenset((*RANGE_OPERATIONS, *VECTOR_OPERATIONS, *CONVERSIONS, "vector", "label_replace", "ip"))
_KEYWORDS = frozenset(
    (
        "by", "without", "bool", "offset", "on", "ignoring", "group_left", "group_right", "or", "and", "unless",
        "json", "regexp", "logfmt", "unpack", "pattern", "label_format", "line_format", "decolorize", "drop", "keep",
        "unwrap",
    )
)  # fmt: skip
_PAIRS = frozenset(("!=", "=~", "!~", "!>", "|=", "|~", "|>", "==", ">=", "<="))
_SIGNS = frozenset((",", ".", "{", "}", "=", "|", "(", ")", "]", "+", "-", "*", "/", "%", "^", ">", "<"))
_DIGITS = frozenset("0123456789")
_FLAGS = ("--keep-empty", "--strict")

_SKIP = re.compile(r"(?:[ \t\r\n]+|#[^\n]*|//[^\n]*|/\*.*?\*/)+", re.DOTALL)
_WORD = re.compile(r"[^\W\d]\w*")
_NUMBER = re.compile(
    r"0[xX][0-9a-fA-F_]*\.?[0-9a-fA-F_]*(?:[pP][+-]?[0-9_]*)?|0[oO][0-9_]+|0b[0-9_]+"
    r"|(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9_]*)?"
)
_DURATION_TAIL = re.compile(r"[\dnuµmshdwy.]+")
_BYTES_TAIL = re.compile(r"[\dBikKMGTP.]+")
_FLAG = re.compile(r"-[^\W\d_-]*(?:-|[^\W\d_])*")
_STRING = re.compile(r'"(?:[^"\\\n]|\\[^\n])*"')
_RAW_STRING = re.compile(r"`[^`]*`")
_CHARACTER = re.compile(r"'(?:[^'\\\n]|\\[^\n])*'")
_ESCAPE = re.compile(r'[^\\]+|\\(?:[abfnrtv\\"]|[0-7]{3}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})', re.DOTALL)
_FUNCTION_NEXT = re.compile(r"\s*(?:\(|(?:by|without)\s*\()", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Token:
    """`kind`: END, IDENTIFIER, STRING, NUMBER, DURATION, BYTES, RANGE, PARSER_FLAG, or the lower-case word or sign.

    `text` as it was written; of a string what it says. `value`: nanoseconds or bytes. `line` 0: Loki does not know it.
    """

    kind: str
    text: str
    line: int
    column: int
    value: int = 0

    def describe(self) -> str:
        """As Loki names it behind `unexpected`."""
        return described(self.kind)


def described(kind: str) -> str:
    """Words that only functions are keep their token's name, which is upper case."""
    if kind == "END":
        return "$end"
    if kind in CONVERSIONS:
        return f"{kind.upper()}_CONV"
    return kind.upper() if kind in _FUNCTIONS and kind not in ("ip", "label_replace") else kind


class LogQLSyntaxError(BadQuery):
    """`parse error at line 1, col 6: …`, or `parse error : …` where there is no position."""

    def __init__(self, words: str, line: int = 0, column: int = 0) -> None:
        place = f"at line {line}, col {column}" if line or column else ""
        super().__init__(f"parse error {place}: {words}")
        self.words = words
        self.line = line
        self.column = column


class Lexer:
    """Call `next()` until it returns END. Raises LogQLSyntaxError."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line, self._line_start = 1, 0
        self._counted = 0

    def next(self) -> Token:
        text = self._text
        if found := _SKIP.match(text, self._at):
            self._at = found.end()
        start = self._at
        if start >= len(text):
            return Token("END", "", *self._place(start))
        sign = text[start]
        if sign == '"':
            return self._string(_STRING)
        if sign == "`":
            return self._string(_RAW_STRING)
        if sign in _DIGITS or (sign == "." and text[start + 1 : start + 2] in _DIGITS):
            return self._number()
        if found := _WORD.match(text, start):
            return self._word(found.group())
        if sign == "[":
            return self._range()
        if sign == "-" and (token := self._flag() or self._with_unit("-", start + 1)):
            return token
        if sign == "'" and (found := _CHARACTER.match(text, start)):
            return self._emit("IDENTIFIER", found.group())
        if sign == "'":
            raise self._error("literal not terminated")
        pair = text[start : start + 2]
        if pair in _PAIRS:
            return self._emit(pair, pair, joined=True)
        return self._emit(sign if sign in _SIGNS else "IDENTIFIER", sign)

    def _word(self, word: str) -> Token:
        lower = word.lower()
        end = self._at + len(word)
        if lower in _FUNCTIONS:
            return self._emit(lower if _FUNCTION_NEXT.match(self._text, end) else "IDENTIFIER", word)
        return self._emit(lower if lower in _KEYWORDS else "IDENTIFIER", word)

    def _number(self) -> Token:
        found = _NUMBER.match(self._text, self._at)
        assert found is not None, "a digit begins a number"
        number = found.group()
        if token := self._with_unit(number, found.end()):
            return token
        if number[-1] in ("pP+-" if number[:2] in ("0x", "0X") else "eEpP+-"):
            raise self._error("exponent has no digits")
        if len(number) == 2 and number[0] == "0" and number[1] in "xX":
            raise self._error("hexadecimal literal has no digits")
        if "_" in number and not re.fullmatch(r"(?:0[xXoOb]_?)?[0-9a-fA-F]+(?:_?[0-9a-fA-F.eEpP+-]+)*", number):
            raise self._error("'_' must separate successive digits")
        return self._emit("NUMBER", number)

    def _with_unit(self, number: str, end: int) -> Token | None:
        """`number` with the unit that follows it, or None when what follows makes neither a duration nor a size."""
        for kind, tail, read in (
            ("DURATION", _DURATION_TAIL, parse_duration_ns),
            ("BYTES", _BYTES_TAIL, parse_size),
        ):
            found = tail.match(self._text, end)
            if found is None or (kind == "BYTES" and number == "-"):
                continue
            written = number + found.group()
            try:
                return self._emit(kind, written, value=read(written), joined=True)
            except ValueError:
                continue
        return None

    def _flag(self) -> Token | None:
        if not self._text.startswith("--", self._at):
            return None
        found = _FLAG.match(self._text, self._at)
        if found is None or found.group() not in _FLAGS:
            return None
        return self._emit("PARSER_FLAG", found.group(), joined=True)

    def _range(self) -> Token:
        end = self._text.find("]", self._at)
        if end < 0:
            raise self._error("missing closing ']' in duration", joined=True)
        written = self._text[self._at + 1 : end]
        try:
            length_ns = parse_range_ns(written)
        except ValueError as err:
            raise self._error(str(err)[:300], joined=True) from err
        return self._emit("RANGE", self._text[self._at : end + 1], value=length_ns, joined=True)

    def _string(self, pattern: re.Pattern[str]) -> Token:
        found = pattern.match(self._text, self._at)
        if found is None:
            raise self._error("literal not terminated")
        written = found.group()
        if pattern is _STRING and "\\" in written:
            inner, at = written[1:-1], 0
            while at < len(inner):
                piece = _ESCAPE.match(inner, at)
                if piece is None:
                    raise self._error("invalid char escape")
                at = piece.end()
        try:
            said = unquote(written)
            said.encode()
        except ValueError as err:
            raise self._error("invalid syntax") from err
        token = self._emit("STRING", written)
        return Token("STRING", said, token.line, token.column)

    def _emit(self, kind: str, written: str, *, value: int = 0, joined: bool = False) -> Token:
        line, column = self._place(self._at)
        self._at += len(written)
        return Token(kind, written, 0 if joined else line, column, value)

    def _place(self, at: int) -> tuple[int, int]:
        """Line and column in characters; (0, 0) in an empty text, as Go's scanner has it."""
        if not self._text:
            return 0, 0
        breaks = self._text.count("\n", self._counted, at)
        if breaks:
            self._line += breaks
            self._line_start = self._text.rindex("\n", self._counted, at) + 1
        self._counted = max(self._counted, at)
        return self._line, at - self._line_start + 1

    def _error(self, words: str, *, joined: bool = False) -> LogQLSyntaxError:
        line, column = self._place(self._at)
        return LogQLSyntaxError(words, 0 if joined else line, column)


def refuse_unreadable(text: str) -> None:
    """Characters that Go's scanner refuses wherever they stand: NUL, and bytes that are no UTF-8."""
    for at, sign in enumerate(text):
        if sign == "\0" or 0xD800 <= ord(sign) < 0xE000:
            words = "invalid character NUL" if sign == "\0" else "invalid UTF-8 encoding"
            before = text[:at]
            raise LogQLSyntaxError(words, before.count("\n") + 1, at - before.rfind("\n"))
