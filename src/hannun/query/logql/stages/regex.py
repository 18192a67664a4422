"""Regexes of users: RE2, unanchored. They run over bytes, which spares RE2's binding counting characters."""

from __future__ import annotations

from typing import Any

import re2

from hannun.model.errors import BadQuery
from hannun.model.matcher import REGEX_BYTES_MAX


def compile_regex(pattern: str, *, dot_all: bool) -> Any:
    """`search(bytes)` of it. Raises BadQuery with Go's prefix and RE2's words."""
    if len(pattern) > REGEX_BYTES_MAX:
        raise BadQuery(f"regular expression of {len(pattern)} characters; at most {REGEX_BYTES_MAX} are taken")
    options = re2.Options()
    options.log_errors = False
    options.dot_nl = dot_all
    options.max_mem = 8 << 20
    try:
        return re2.compile(pattern, options)
    except (re2.error, UnicodeEncodeError) as err:
        words = err.args[0] if err.args else err
        said = words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)
        raise BadQuery(f"error parsing regexp: {said}: `{pattern}`") from err


def encode(text: str) -> bytes:
    """A line as RE2 reads it; a lone surrogate, which no stored line has, becomes a question mark."""
    return text.encode("utf-8", "replace")
