"""Globs of people (`*`, `?`), many at once, without backtracking."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

_CHARACTERS_MAX = 8192


@lru_cache(maxsize=64)
def compiled(globs: tuple[str, ...]) -> Any | None:
    """`fullmatch(bytes)` of any of `globs`, without regard to case; None when there is none, or far too many.

    `events/options.py` refuses those; an event must not be lost for them.
    """
    import re2  # 15 ms that only a project with globs should cost

    told = [glob.strip()[:_CHARACTERS_MAX] for glob in globs if glob.strip()]
    if not told:
        return None
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 8 << 20
    options.case_sensitive = False
    options.dot_nl = True
    try:
        return re2.compile("|".join(f"(?:{_pattern(glob)})" for glob in told).encode("utf-8", "replace"), options)
    except re2.error:
        return None


def matches(globs: tuple[str, ...], text: str) -> bool:
    if not globs or not text:
        return False
    regex = compiled(globs)
    return regex is not None and regex.fullmatch(text[:_CHARACTERS_MAX].encode("utf-8", "replace")) is not None


def _pattern(glob: str) -> str:
    return "".join(
        ".*" if sign == "*" else "." if sign == "?" else sign if sign.isalnum() else re.escape(sign)
        for sign in re.sub(r"\*+", "*", glob)
    )
