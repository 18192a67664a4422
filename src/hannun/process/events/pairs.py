"""Maps that SDKs write in one of several ways: an object, a list of pairs, or one line of text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, unquote


def pairs_of(raw: Any) -> Iterator[tuple[Any, Any]] | None:
    """Key and value of `{…}`, `[[k, v], …]` or `[{"key": k, "value": v}, …]`; None when it is none of these."""
    if isinstance(raw, dict):
        return iter(raw.items())
    if isinstance(raw, list):
        return (pair for one in raw if (pair := _pair(one)) is not None)
    return None


def _pair(one: Any) -> tuple[Any, Any] | None:
    if isinstance(one, list | tuple) and len(one) == 2:
        return one[0], one[1]
    if isinstance(one, dict) and "key" in one:
        return one["key"], one.get("value")
    return None


def of_query(text: str, most: int) -> list[list[str]]:
    """`a=1&b=%ED%95%9C` as pairs, at most `most`; keys without `=` have the value ""."""
    try:
        read = parse_qsl(text.lstrip("?"), keep_blank_values=True, errors="replace", max_num_fields=4 * most)
    except ValueError:
        # More fields than anybody reads: the rest stays behind the last separator within the bound.
        cut = "&".join(text.lstrip("?").split("&", most)[:most])
        read = parse_qsl(cut, keep_blank_values=True, errors="replace")
    return [[key, value] for key, value in read[:most]]


def of_cookies(text: str, most: int) -> list[list[str]]:
    """`a=1; b=2` as pairs."""
    found: list[list[str]] = []
    for part in text.split(";", most)[:most]:
        key, separator, value = part.strip().partition("=")
        if key or separator:
            found.append([key.strip(), unquote(value.strip().strip('"'), errors="replace")])
    return found
