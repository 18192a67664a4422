"""Globs of grouping rules: `*` (of a path: within a segment), `**` (across segments), `?`, `[a-z]`, `{a,b}`."""

from __future__ import annotations

import re
from functools import lru_cache

LENGTH_MAX = 1000


@lru_cache(maxsize=4096)
def compiled(pattern: str, *, is_path: bool) -> re.Pattern[str]:
    """Case does not matter. A path's separators are all `/`. Raises ValueError for a pattern that cannot be read."""
    if len(pattern) > LENGTH_MAX:
        raise ValueError(f"a pattern has at most {LENGTH_MAX} characters")
    if is_path:
        pattern = pattern.replace("\\", "/")
    out: list[str] = []
    at, braces = 0, 0
    while at < len(pattern):
        letter = pattern[at]
        at += 1
        if letter == "*":
            many = at
            while at < len(pattern) and pattern[at] == "*":
                at += 1
            across = at > many or not is_path
            if across and is_path and pattern[at : at + 1] == "/":
                at += 1
                out.append("(?:.*/)?")
            else:
                out.append(".*" if across else "[^/]*")
        elif letter == "?":
            out.append("[^/]" if is_path else ".")
        elif letter == "[" and (end := pattern.find("]", at + 1)) > 0:
            inside = pattern[at:end].replace("\\", "\\\\")
            out.append(f"[{'^' + inside[1:] if inside.startswith('!') else inside}]")
            at = end + 1
        elif letter == "{":
            braces += 1
            out.append("(?:")
        elif letter == "}" and braces:
            braces -= 1
            out.append(")")
        elif letter == "," and braces:
            out.append("|")
        else:
            out.append(re.escape(letter))
    try:
        return re.compile("".join(out) + ")" * braces, re.IGNORECASE | re.DOTALL)
    except re.error as err:
        raise ValueError(f"the pattern {pattern!r} cannot be read: {err}") from err


def matches(pattern: str, value: str, *, is_path: bool = False) -> bool:
    """The whole value. A path without a leading `/` is also tried with one, so that `**/lib/**` finds `lib/a.py`."""
    if not is_path:
        return compiled(pattern, is_path=False).fullmatch(value) is not None
    value = value.replace("\\", "/")
    found = compiled(pattern, is_path=True)
    return found.fullmatch(value) is not None or (
        not value.startswith("/") and found.fullmatch(f"/{value}") is not None
    )
