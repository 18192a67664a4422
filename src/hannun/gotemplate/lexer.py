"""Template text -> tokens, with Go's trim markers, comments and words for what cannot be a token.

A mistake becomes an `error` token, because Go complains about what stands before it first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from hannun.gotemplate.go_numbers import go_quote

Kind = Literal[
    "text",
    "left",
    "right",
    "space",
    "field",
    "variable",
    "identifier",
    "keyword",
    "bool",
    "number",
    "char",
    "string",
    "raw string",
    "(",
    ")",
    "|",
    ":=",
    "=",
    "sign",
    "error",
    "eof",
]
KEYWORDS = frozenset(
    {".", "block", "break", "continue", "define", "else", "end", "if", "nil", "range", "template", "with"}
)
_SPACE = " \t\r\n"
_SPACES = re.compile(r"[ \t\r\n]+")
_WORD = re.compile(r"\w+")
_STRING = re.compile(r'"(?:[^"\\\n]|\\[^\n])*"')
_CHAR = re.compile(r"'(?:[^'\\\n]|\\[^\n])*'")
_NUMBER = re.compile(
    r"[+-]?(?:0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]*)?|0[oO][0-7_]*|0[bB][01_]*"
    r"|[0-9_]*(?:\.[0-9_]*)?(?:[eE][+-]?[0-9_]*)?)i?"
)
_TERMINATORS = frozenset(" \t\r\n.,|:()=")


class Token(NamedTuple):
    kind: Kind
    at: int
    text: str
    line: int

    def __str__(self) -> str:
        if self.kind == "eof":
            return "EOF"
        if self.kind == "error":
            return self.text
        if self.kind == "keyword":
            return f"<{self.text}>"
        return go_quote(self.text[:10]) + "..." if len(self.text) > 10 else go_quote(self.text)


def tokens(source: str, left: str = "{{", right: str = "}}") -> Iterator[Token]:
    """All tokens; the last is `eof` or `error`."""
    at, line, trim = 0, 1, False
    while True:
        begin = source.find(left, at)
        end = len(source) if begin < 0 else begin
        text = source[at:end]
        trims_before = (
            begin >= 0
            and source.startswith("-", begin + len(left))
            and source[begin + len(left) + 1 : begin + len(left) + 2] in tuple(_SPACE)
        )
        start = at
        if trim:
            stripped = text.lstrip(_SPACE)
            line += text[: len(text) - len(stripped)].count("\n")
            start += len(text) - len(stripped)
            text = stripped
        kept = text.rstrip(_SPACE) if trims_before else text
        if kept:
            yield Token("text", start, kept, line)
        line += text.count("\n")
        if begin < 0:
            yield Token("eof", len(source), "", line)
            return
        at = begin + len(left) + (2 if trims_before else 0)
        if source.startswith("/*", at):
            close = source.find("*/", at + 2)
            if close < 0:
                yield Token("error", begin, "unclosed comment", line)
                return
            line += source.count("\n", at, close)
            at = close + 2
            trim = source[at : at + 1] in tuple(_SPACE) and source.startswith("-" + right, at + 1)
            at += 2 if trim else 0
            if not source.startswith(right, at):
                yield Token("error", begin, "comment ends before closing delimiter", line)
                return
            at += len(right)
            continue
        yield Token("left", begin, left, line)
        action = _Action(source, at, line, right)
        yield from action.tokens()
        if action.failed:
            return
        at, line, trim = action.at, action.line, action.trims


class _Action:
    """The inside of one pair of delimiters."""

    def __init__(self, source: str, at: int, line: int, right: str) -> None:
        self.source = source
        self.at = at
        self.line = line
        self.right = right
        self.trims = False
        self.failed = False

    def tokens(self) -> Iterator[Token]:
        depth = 0
        source, right = self.source, self.right
        while True:
            at = self.at
            self.trims = (
                source[at : at + 1] in tuple(_SPACE)
                and source.startswith("-", at + 1)
                and source.startswith(right, at + 2)
            )
            if self.trims or source.startswith(right, at):
                if depth:
                    yield self._error("unclosed left paren")
                    return
                self.at = at + len(right) + (2 if self.trims else 0)
                yield Token("right", at, right, self.line)
                return
            token = self._next()
            yield token
            if token.kind == "error":
                return
            if token.kind == "(":
                depth += 1
            elif token.kind == ")":
                depth -= 1
                if depth < 0:
                    yield self._error("unexpected right paren")
                    return

    def _next(self) -> Token:
        source, at = self.source, self.at
        letter = source[at : at + 1]
        if not letter:
            return self._error("unclosed action")
        if letter in _SPACE:
            found = _SPACES.match(source, at)
            assert found is not None
            # A trim marker ` -}}` begins with the last space of the run.
            end = found.end()
            if source.startswith("-" + self.right, end):
                end -= 1
                if end == at:
                    end = at + 1
            return self._take("space", end)
        if letter == "=":
            return self._take("=", at + 1)
        if letter == ":":
            return self._take(":=", at + 2) if source.startswith("=", at + 1) else self._error("expected :=")
        if letter == "|":
            return self._take("|", at + 1)
        if letter == '"':
            return self._quoted(_STRING, "string", "unterminated quoted string")
        if letter == "'":
            return self._quoted(_CHAR, "char", "unterminated character constant")
        if letter == "`":
            end = source.find("`", at + 1)
            return self._take("raw string", end + 1) if end > 0 else self._error("unterminated raw quoted string")
        if letter == "$":
            return self._name("variable")
        if letter == "." and not "0" <= source[at + 1 : at + 2] <= "9":
            return self._name("field")
        if letter in "+-." or "0" <= letter <= "9":
            return self._number()
        if letter == "_" or letter.isalpha() or letter.isdigit():
            return self._word()
        if letter == "(":
            return self._take("(", at + 1)
        if letter == ")":
            return self._take(")", at + 1)
        if letter.isascii() and letter.isprintable():
            return self._take("sign", at + 1)
        return self._error(f"unrecognized character in action: {_code(letter)}")

    def _name(self, kind: Kind) -> Token:
        """`.x` and `$x`; alone, `.` is dot and `$` the data."""
        at = self.at + 1
        found = _WORD.match(self.source, at)
        end = found.end() if found is not None else at
        if not self._terminates(end):
            return self._error(f"bad character {_code(self.source[end])}")
        if end == at and kind == "field":
            return self._take("keyword", end)
        return self._take(kind, end)

    def _word(self) -> Token:
        found = _WORD.match(self.source, self.at)
        assert found is not None  # it begins with a letter
        end = found.end()
        if not self._terminates(end):
            return self._error(f"bad character {_code(self.source[end])}")
        word = found.group()
        if word in KEYWORDS:
            return self._take("keyword", end)
        return self._take("bool" if word in ("true", "false") else "identifier", end)

    def _number(self) -> Token:
        found = _NUMBER.match(self.source, self.at)
        end = found.end() if found is not None else self.at
        after = self.source[end : end + 1]
        if end == self.at or after == "_" or after.isalnum():
            return self._error(f"bad number syntax: {go_quote(self.source[self.at : end + 1])}")
        return self._take("number", end)

    def _quoted(self, pattern: re.Pattern[str], kind: Kind, trouble: str) -> Token:
        found = pattern.match(self.source, self.at)
        return self._take(kind, found.end()) if found is not None else self._error(trouble)

    def _terminates(self, at: int) -> bool:
        """Whether what stands at `at` may follow a name: `$x+2` wants spaces."""
        letter = self.source[at : at + 1]
        return not letter or letter in _TERMINATORS or self.source.startswith(self.right, at)

    def _take(self, kind: Kind, end: int) -> Token:
        text = self.source[self.at : end]
        token = Token(kind, self.at, text, self.line)
        self.line += text.count("\n")
        self.at = end
        return token

    def _error(self, words: str) -> Token:
        self.failed = True
        return Token("error", self.at, words, self.line)


def _code(letter: str) -> str:
    """A letter as Go's `%#U` writes it."""
    code = f"U+{ord(letter):04X}"
    return f"{code} '{letter}'" if letter.isprintable() else code
