"""CEL text -> nodes, as far as rules on JSON bodies use the language (github.com/google/cel-spec, langdef.md).

Not there: message construction, bytes, timestamps and durations. What is not there is an error that names it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from hannun.model.errors import ConfigError

TEXT_CHARS_MAX = 10_000
DEPTH_MAX = 60
_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>0[xX][0-9a-fA-F]+u?|(?:\d+\.\d+(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\d+u?))
    | (?P<string>[rR]?(?:"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'))
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<sign>&&|\|\||==|!=|<=|>=|[-+*/%<>!?:.,()\[\]{}])
    | (?P<end>$)
    )""",
    re.VERBOSE,
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.))", re.DOTALL)


class CelError(ConfigError):
    """An expression that cannot be read, or that cannot be applied to this body."""


@dataclass(frozen=True, slots=True)
class Literal:
    value: object


@dataclass(frozen=True, slots=True)
class Name:
    name: str


@dataclass(frozen=True, slots=True)
class Select:
    of: Node
    field: str


@dataclass(frozen=True, slots=True)
class Index:
    of: Node
    at: Node


@dataclass(frozen=True, slots=True)
class Call:
    """`of` None: a function; otherwise a method, or one of the macros (`all`, `exists`, …)."""

    of: Node | None
    name: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Unary:
    sign: str
    of: Node


@dataclass(frozen=True, slots=True)
class Binary:
    sign: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Choice:
    condition: Node
    yes: Node
    no: Node


@dataclass(frozen=True, slots=True)
class ListOf:
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class MapOf:
    items: tuple[tuple[Node, Node], ...]


Node = Literal | Name | Select | Index | Call | Unary | Binary | Choice | ListOf | MapOf

_LEVELS: tuple[tuple[str, ...], ...] = (
    ("||",),
    ("&&",),
    ("<", "<=", ">", ">=", "==", "!=", "in"),
    ("+", "-"),
    ("*", "/", "%"),
)


def parse(text: str) -> Node:
    """Raises CelError with the character where it stops making sense."""
    if len(text) > TEXT_CHARS_MAX:
        raise CelError(f"CEL expression is longer than {TEXT_CHARS_MAX} characters")
    parser = _Parser(_tokens(text))
    node = parser.choice(0)
    parser.expect_end()
    return node


def _tokens(text: str) -> list[tuple[str, str, int]]:
    found: list[tuple[str, str, int]] = []
    at = 0
    while True:
        match = _TOKEN.match(text, at)
        if match is None:
            raise CelError(f"CEL: unexpected {text[at : at + 10]!r} at character {at + 1}")
        kind = match.lastgroup or "end"
        found.append((kind, match[kind], match.start(kind) + 1))
        if kind == "end":
            return found
        at = match.end()


class _Parser:
    def __init__(self, tokens: list[tuple[str, str, int]]) -> None:
        self._tokens = tokens
        self._at = 0

    def expect_end(self) -> None:
        kind, text, place = self._tokens[self._at]
        if kind != "end":
            raise CelError(f"CEL: unexpected {text!r} at character {place}")

    def choice(self, depth: int) -> Node:
        if depth > DEPTH_MAX:
            raise CelError(f"CEL: nested deeper than {DEPTH_MAX}")
        condition = self._binary(0, depth)
        if not self._take("?"):
            return condition
        yes = self._binary(0, depth)
        self._expect(":")
        return Choice(condition, yes, self.choice(depth + 1))

    def _binary(self, level: int, depth: int) -> Node:
        if level == len(_LEVELS):
            return self._unary(depth)
        left = self._binary(level + 1, depth)
        while (sign := self._peek()) in _LEVELS[level]:
            self._at += 1
            left = Binary(sign, left, self._binary(level + 1, depth))
        return left

    def _unary(self, depth: int) -> Node:
        if depth > DEPTH_MAX:
            raise CelError(f"CEL: nested deeper than {DEPTH_MAX}")
        sign = self._peek()
        if sign in ("!", "-"):
            self._at += 1
            return Unary(sign, self._unary(depth + 1))
        return self._member(depth)

    def _member(self, depth: int) -> Node:
        node = self._primary(depth)
        while True:
            if self._take("."):
                name = self._name()
                node = Call(node, name, self._arguments(depth)) if self._take("(") else Select(node, name)
            elif self._take("["):
                node = Index(node, self.choice(depth + 1))
                self._expect("]")
            else:
                return node

    def _primary(self, depth: int) -> Node:
        kind, text, place = self._tokens[self._at]
        self._at += 1
        if kind == "number":
            return Literal(_number(text))
        if kind == "string":
            return Literal(_string(text))
        if kind == "name":
            if text in ("true", "false", "null"):
                return Literal({"true": True, "false": False, "null": None}[text])
            return Call(None, text, self._arguments(depth)) if self._take("(") else Name(text)
        if text == "(":
            node = self.choice(depth + 1)
            self._expect(")")
            return node
        if text == "[":
            return ListOf(self._items("]", depth))
        if text == "{":
            return self._map(depth)
        raise CelError(f"CEL: unexpected {text or 'end'!r} at character {place}")

    def _map(self, depth: int) -> Node:
        items: list[tuple[Node, Node]] = []
        while not self._take("}"):
            key = self.choice(depth + 1)
            self._expect(":")
            items.append((key, self.choice(depth + 1)))
            if not self._take(","):
                self._expect("}")
                break
        return MapOf(tuple(items))

    def _arguments(self, depth: int) -> tuple[Node, ...]:
        return self._items(")", depth)

    def _items(self, closing: str, depth: int) -> tuple[Node, ...]:
        items: list[Node] = []
        while not self._take(closing):
            items.append(self.choice(depth + 1))
            if not self._take(","):
                self._expect(closing)
                break
        return tuple(items)

    def _name(self) -> str:
        kind, text, place = self._tokens[self._at]
        if kind != "name":
            raise CelError(f"CEL: expected a field name at character {place}")
        self._at += 1
        return text

    def _peek(self) -> str:
        kind, text, _ = self._tokens[self._at]
        return text if kind == "sign" or (kind == "name" and text == "in") else ""

    def _take(self, sign: str) -> bool:
        if self._tokens[self._at][0] == "sign" and self._tokens[self._at][1] == sign:
            self._at += 1
            return True
        return False

    def _expect(self, sign: str) -> None:
        if not self._take(sign):
            _, text, place = self._tokens[self._at]
            raise CelError(f"CEL: expected {sign!r} at character {place}, found {text or 'the end'!r}")


def _number(text: str) -> object:
    plain = text.rstrip("u")
    if plain[:2].lower() == "0x":
        return int(plain, 16)
    return int(plain) if plain.isdecimal() else float(plain)


def _string(text: str) -> str:
    if text[0] in "rR":
        return text[2:-1]

    def sign(found: re.Match[str]) -> str:
        code = found[1] or found[2] or found[3]
        if code or found[4]:
            number = int(code, 16) if code else int(found[4], 8)
            return chr(number) if number < 0x110000 else "�"
        return _ESCAPES.get(found[5], found[5])

    return _ESCAPE.sub(sign, text[1:-1])
