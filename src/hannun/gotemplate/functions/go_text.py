"""Go's own functions over text under their old names: the text comes first, as in `strings.Replace`."""

from __future__ import annotations

from hannun.gotemplate.bounds import check_length
from hannun.gotemplate.functions import regexes
from hannun.gotemplate.functions.registry import Set, into

GO_TEXT: Set = {}
named = into(GO_TEXT)
_SPACE = " \t\n\v\f\r\u0085\u00a0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))


def trim_space(text: str) -> str:
    """As `strings.TrimSpace`: Python's own `strip` takes separators that are no space to Go."""
    return text.strip(_SPACE)


def replace(text: str, old: str, new: str, most: int) -> str:
    """As `strings.Replace`; `most` < 0: all."""
    count = text.count(old) if most < 0 else min(most, text.count(old))
    check_length(len(text) + count * (len(new) - len(old)))
    return text.replace(old, new, most if most >= 0 else -1)


named("ToLower", "string")(str.lower)
named("ToUpper", "string")(str.upper)
named("Replace", "string", "string", "string", "int")(replace)
named("TrimSpace", "string")(trim_space)
named("regexReplaceAll", "string", "string", "string")(regexes.replace_all)
named("regexReplaceAllLiteral", "string", "string", "string")(regexes.replace_all_literal)


@named("Trim", "string", "string")
def trim(text: str, letters: str) -> str:
    return text.strip(letters) if letters else text


@named("TrimLeft", "string", "string")
def trim_left(text: str, letters: str) -> str:
    return text.lstrip(letters) if letters else text


@named("TrimRight", "string", "string")
def trim_right(text: str, letters: str) -> str:
    return text.rstrip(letters) if letters else text


@named("TrimPrefix", "string", "string")
def trim_prefix(text: str, prefix: str) -> str:
    return text.removeprefix(prefix)


@named("TrimSuffix", "string", "string")
def trim_suffix(text: str, suffix: str) -> str:
    return text.removesuffix(suffix)
