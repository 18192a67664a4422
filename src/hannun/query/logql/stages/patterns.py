"""`<ip> - <_> [<ts>]`: literals and captures, for `| pattern` and the filters `|>` and `!>`. Linear in the line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from hannun.model.errors import BadQuery

_CAPTURE = re.compile(r"<([a-zA-Z_][a-zA-Z0-9_]*)>")


@dataclass(frozen=True, slots=True)
class Capture:
    """`name` "" for `<_>`."""

    name: str


Part = str | Capture


def split(pattern: str) -> tuple[Part, ...]:
    parts: list[Part] = []
    at = 0
    for found in _CAPTURE.finditer(pattern):
        if found.start() > at:
            parts.append(pattern[at : found.start()])
        parts.append(Capture("" if found[1] == "_" else found[1]))
        at = found.end()
    if at < len(pattern):
        parts.append(pattern[at:])
    return tuple(parts)


def parse_parser(pattern: str) -> tuple[Part, ...]:
    """For `| pattern`. Raises BadQuery with Loki's words."""
    parts = split(pattern)
    if not parts:
        raise BadQuery("parse error at line 1, col 1: syntax error: unexpected $end, expecting IDENTIFIER or LITERAL")
    names = [part.name for part in parts if isinstance(part, Capture) and part.name]
    if not names:
        raise BadQuery("at least one capture is required")
    _check_neighbours(parts)
    for name in names:
        if names.count(name) > 1:
            raise BadQuery(f"duplicate capture name ({name}): invalid expression")
    return parts


def parse_filter(pattern: str) -> tuple[Part, ...]:
    """For `|>`: only `<_>` may stand in it; "" is a pattern that empty lines match. Raises BadQuery."""
    parts = split(pattern)
    if any(isinstance(part, Capture) and part.name for part in parts):
        raise BadQuery("named captures are not allowed: invalid expression")
    _check_neighbours(parts)
    return parts


def captured(parts: tuple[Part, ...], line: str) -> list[tuple[str, str]]:
    """Names and what they caught. A capture whose end is missing takes all of the rest, and is the last one."""
    found: list[tuple[str, str]] = []
    at, index = 0, 0
    if not line:
        return found
    first = parts[0]
    if isinstance(first, str):
        if not line.startswith(first):
            return found
        at, index = len(first), 1
    while index < len(parts):
        capture = parts[index]
        assert isinstance(capture, Capture)  # literals and captures take turns
        if index + 1 == len(parts):
            end = after = len(line)
        else:
            literal = parts[index + 1]
            assert isinstance(literal, str)
            end = line.find(literal, at)
            after = end + len(literal)
        if end < 0:
            end = len(line)
            index = len(parts)
        if capture.name:
            found.append((capture.name, line[at:end]))
        at = after
        index += 2
    return found


def is_like(parts: tuple[Part, ...], line: str) -> bool:
    """Whether the whole line follows the pattern; each `<_>` stands for at least one character."""
    if not line or not parts:
        return not line and not parts
    at = 0
    for index, part in enumerate(parts):
        if isinstance(part, str):
            found = line.find(part, at)
            if found < 0 or (found == at) != (index == 0):
                return False
            at = found + len(part)
    return isinstance(parts[-1], Capture) == (at < len(line))


def _check_neighbours(parts: tuple[Part, ...]) -> None:
    for left, right in pairwise(parts):
        if isinstance(left, Capture) and isinstance(right, Capture):
            raise BadQuery("found consecutive capture: invalid expression")
