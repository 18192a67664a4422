"""Values of search terms: `*` is any characters, `\\*` a star, `\\\\` a backslash."""

from __future__ import annotations

import re

_PIECE = re.compile(r"\\([\\*])|([*])|([%_\\])|([^\\*%_]+)", re.DOTALL)


def has_star(value: str) -> bool:
    return any(found[2] for found in _PIECE.finditer(value))


def unescaped(value: str) -> str:
    """The text that a value without a star means."""
    return re.sub(r"\\([\\*])", r"\1", value)


def like_pattern(value: str) -> str:
    """For LIKE with `\\` as its escape: the whole text, a star as `%`."""

    def piece(found: re.Match[str]) -> str:
        escaped, star, special, plain = found.groups()
        if escaped is not None:
            return "\\\\" if escaped == "\\" else "*"
        if star:
            return "%"
        return f"\\{special}" if special else plain

    return _PIECE.sub(piece, value)
