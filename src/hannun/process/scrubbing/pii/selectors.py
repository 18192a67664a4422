"""Selectors of advanced rules: which places of an event a rule is for.

    $string    $frame.vars    extra.**    $http.headers.'x-key'    a && !b    (a || b)

A path is held against the end of where a value stands: `password` is any field of that name, `extra.password` one right
below `extra`. `*` is any one step, `**` one or more. `$frame` is a step that holds a frame, `$string` a value of text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

Steps = tuple[tuple[str, frozenset[str]], ...]
"""From the root to the value: the name of each step and the types of what stands there."""

TYPES = {
    "string": "string", "number": "number", "boolean": "boolean", "array": "array", "object": "object",
    "event": "event", "exception": "exception", "error": "exception", "stacktrace": "stacktrace", "stack": "stacktrace",
    "frame": "frame", "request": "request", "http": "request", "user": "user", "logentry": "logentry",
    "message": "logentry", "thread": "thread", "breadcrumb": "breadcrumb", "sdk": "sdk", "clientsdkinfo": "sdk",
    "span": "span", "binary": "binary", "datetime": "datetime", "minidump": "binary", "attachments": "binary",
    "heap_memory": "binary", "stack_memory": "binary", "log": "log", "replay": "replay",
}  # fmt: skip
_PLAIN_TYPES = frozenset({"string", "number", "boolean", "array", "object", "binary", "datetime"})
_CHARACTERS_MAX = 4096
_DEPTH_MAX = 32


@dataclass(frozen=True, slots=True)
class Name:
    name: str


@dataclass(frozen=True, slots=True)
class Kind:
    kind: str


@dataclass(frozen=True, slots=True)
class One:
    pass


@dataclass(frozen=True, slots=True)
class Deep:
    pass


Step = Name | Kind | One | Deep


@dataclass(frozen=True, slots=True)
class Way:
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class All:
    of: tuple[Selector, ...]


@dataclass(frozen=True, slots=True)
class Any_:  # noqa: N801 - `Any` is taken, and `Or` would not stand beside `All`
    of: tuple[Selector, ...]


@dataclass(frozen=True, slots=True)
class Not:
    of: Selector


Selector = Way | All | Any_ | Not


def matches(selector: Selector, steps: Steps) -> bool:
    match selector:
        case Way(wanted):
            return _way(wanted, len(wanted), steps, len(steps))
        case All(of):
            return all(matches(one, steps) for one in of)
        case Any_(of):
            return any(matches(one, steps) for one in of)
        case Not(of):
            return not matches(of, steps)


def _way(wanted: tuple[Step, ...], last: int, steps: Steps, end: int) -> bool:
    """Whether `wanted[:last]` is how `steps[:end]` ends."""
    while last:
        step = wanted[last - 1]
        if isinstance(step, Deep):
            return any(_way(wanted, last - 1, steps, left) for left in range(end - 1, -1, -1))
        if not end or not _one(step, steps[end - 1]):
            return False
        last -= 1
        end -= 1
    return True


def _one(step: Step, at: tuple[str, frozenset[str]]) -> bool:
    match step:
        case Name(name):
            return at[0].lower() == name
        case Kind(kind):
            return kind in at[1]
        case _:
            return True


def is_specific(selector: Selector) -> bool:
    """Whether it names a field. Those that do not (`$string`, `**`) leave paths, source lines and names alone."""
    match selector:
        case Way(steps):
            return any(
                isinstance(step, Name) or (isinstance(step, Kind) and step.kind not in _PLAIN_TYPES) for step in steps
            )
        case All(of) | Any_(of):
            return any(is_specific(one) for one in of)
        case Not(_):
            return False


_TOKEN = re.compile(
    r"\s*(?:(?P<sign>\|\||\||&&|&|!|\(|\)|\.)|(?P<deep>\*\*)|(?P<one>\*)|\$(?P<kind>\w+)|'(?P<quoted>(?:[^']|'')*)'|(?P<name>[\w-]+))"
)


def parse(text: str) -> Selector:
    """Raises ValueError, whose words say where it cannot be read."""
    if len(text) > _CHARACTERS_MAX:
        raise ValueError(f"a selector of {len(text)} characters is too long")
    tokens: list[tuple[str, str, int]] = []
    at = 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            raise ValueError(f"character {at + 1} of the selector cannot be read: {text[at : at + 20]}")
        kind = match.lastgroup or ""
        tokens.append((kind, match[kind], match.start(kind)))
        at = match.end()
    reader = _Reader(tokens)
    selector = reader.any(0)
    if reader.at < len(tokens):
        raise ValueError(f"character {tokens[reader.at][2] + 1} of the selector is unexpected: {tokens[reader.at][1]}")
    return selector


class _Reader:
    def __init__(self, tokens: list[tuple[str, str, int]]) -> None:
        self.tokens = tokens
        self.at = 0

    def any(self, depth: int) -> Selector:
        return self._joined(lambda: self._all(depth), ("||", "|"), Any_)

    def _all(self, depth: int) -> Selector:
        return self._joined(lambda: self._not(depth), ("&&", "&"), All)

    def _joined(
        self, one: Callable[[], Selector], signs: tuple[str, ...], whole: Callable[[tuple[Selector, ...]], Selector]
    ) -> Selector:
        of = [one()]
        while self._sign(*signs):
            of.append(one())
        return whole(tuple(of)) if len(of) > 1 else of[0]

    def _not(self, depth: int) -> Selector:
        if depth > _DEPTH_MAX:
            raise ValueError("the selector is nested too deep")
        if self._sign("!"):
            return Not(self._not(depth + 1))
        if self._sign("("):
            inner = self.any(depth + 1)
            if not self._sign(")"):
                raise ValueError("a parenthesis of the selector is not closed")
            return inner
        steps = [self._step()]
        while self._sign("."):
            steps.append(self._step())
        if sum(isinstance(step, Deep) for step in steps) > 2:
            raise ValueError("** may stand in a selector twice")
        return Way(tuple(steps))

    def _sign(self, *wanted: str) -> bool:
        if self.at < len(self.tokens) and self.tokens[self.at][0] == "sign" and self.tokens[self.at][1] in wanted:
            self.at += 1
            return True
        return False

    def _step(self) -> Step:
        if self.at >= len(self.tokens):
            raise ValueError("the selector ends where a field is expected")
        kind, text, start = self.tokens[self.at]
        self.at += 1
        match kind:
            case "deep":
                return Deep()
            case "one":
                return One()
            case "name":
                return Name(text.lower())
            case "quoted":
                return Name(text.replace("''", "'").lower())
            case "kind":
                if text.lower() not in TYPES:
                    raise ValueError(f"${text} is no type; known: {', '.join(f'${name}' for name in sorted(TYPES))}")
                return Kind(TYPES[text.lower()])
        raise ValueError(f"character {start + 1} of the selector is unexpected: {text}")
