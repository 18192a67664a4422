"""Regular expressions and templates of modules, as Go's regexp package gives them: RE2, never backtracking."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

_GROUP = re.compile(r"\$(?:\$|\{(\w+)\}|(\w+))")


@lru_cache(maxsize=512)
def compiled(pattern: str) -> Any:
    """The pattern, unanchored. Raises ValueError for one that RE2 does not take (the config reader has refused it)."""
    import re2

    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as err:
        raise ValueError(f"{pattern}: {err}") from err


def expand(template: str, match: Any) -> str:
    """Go's Expand: `$1`, `${1}`, `$name`, `${name}`, `$$`; a group that is not there is nothing."""

    def group(found: re.Match[str]) -> str:
        name = found[1] or found[2]
        if name is None:
            return "$"
        try:
            return match.group(int(name) if name.isdecimal() else name) or ""
        except (IndexError, KeyError, OverflowError):
            return ""

    return _GROUP.sub(group, template)
