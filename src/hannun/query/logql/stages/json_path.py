"""Paths of `| json name="path"`: `a.b`, `a[0].b`, `["User-Agent"]`, `[2]`."""

from __future__ import annotations

import re

from hannun.model.errors import BadQuery

_FIELD = re.compile(r"[ \t\n]*([a-zA-Z_][a-zA-Z0-9_]*)[ \t\n]*")
_BRACKET = re.compile(r'[ \t\n]*\[[ \t\n]*(?:"((?:[^"\\]|\\.)*)"|([0-9]+))[ \t\n]*\][ \t\n]*', re.DOTALL)
_DOT = re.compile(r"[ \t\n]*\.")
_SPACE = re.compile(r"[ \t\n]*")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)

Path = tuple[str | int, ...]


def parse_path(text: str) -> Path:
    """Raises BadQuery with Loki's words."""
    parts: list[str | int] = []
    at, wants_field = 0, True
    while True:
        if (found := _BRACKET.match(text, at)) is not None:
            parts.append(int(found[2]) if found[2] is not None else _ESCAPE.sub(r"\1", found[1]))
            wants_field = False
        elif wants_field and (found := _FIELD.match(text, at)) is not None:
            parts.append(found[1])
            wants_field = False
        elif parts and not wants_field and (found := _DOT.match(text, at)) is not None:
            wants_field = True
        else:
            break
        at = found.end()
    left = text[at:]
    if left.strip(" \t\n") or wants_field:
        raise BadQuery(f"cannot parse expression [{text}]: {_trouble(left)}")
    return tuple(parts)


def _trouble(left: str) -> str:
    left = left.lstrip(" \t\n")
    if not left:
        return "syntax error: unexpected $end"
    if re.match(r"\[[ \t\n]*[0-9]+\.", left):
        return "cannot use float as array index"
    return f"unexpected char {left[0]}"
