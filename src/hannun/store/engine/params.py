"""Query parameters as ClickHouse reads them.

A scalar's text is unescaped as one TSV field before it is parsed as its type, so `\\N` would become NULL and a tab
would end it: backslash, tab and newline are escaped here (a property test runs over all characters). An array is not
unescaped as a whole; its text elements are quoted literals with the same escapes.
"""

from __future__ import annotations

from collections.abc import Sequence

from hannun.store.engine.port import Params

_TSV = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n"})
_LITERAL = str.maketrans({"\\": "\\\\", "'": "\\'", "\t": "\\t", "\n": "\\n"})


def encode(params: Params | None) -> dict[str, str]:
    return {name: escape(value) for name, value in (params or {}).items()}


def escape(value: str | int | Sequence[int] | Sequence[str]) -> str:
    if isinstance(value, str):
        # A lone surrogate cannot be stored, so it cannot be found either; "?" keeps the question answerable.
        return value.encode("utf-8", "replace").decode("utf-8").translate(_TSV)
    if isinstance(value, int):
        return str(value)
    return "[" + ",".join(_element(item) for item in value) + "]"


def _element(item: int | str) -> str:
    if isinstance(item, str):
        text = item.encode("utf-8", "replace").decode("utf-8")
        return f"'{text.translate(_LITERAL)}'"
    return str(int(item))
