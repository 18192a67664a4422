"""logfmt, loosely: the pairs that are well formed, wherever they stand in a line."""

from __future__ import annotations

import re
from collections.abc import Iterator

_PAIR = re.compile(
    r'(?:^|(?<=[\x00-\x20]))([^\x00-\x20="]++)=(?:"([^"\\]*+(?:\\.[^"\\]*+)*+)"|([^\x00-\x20"]*+)(?=[\x00-\x20]|\Z))',
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_SIMPLE = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


def pairs(line: str) -> Iterator[tuple[str, str]]:
    for found in _PAIR.finditer(line):
        key, quoted, bare = found.groups()
        yield key, bare if quoted is None else _unquoted(quoted)


def _unquoted(text: str) -> str:
    return text if "\\" not in text else _ESCAPE.sub(_unescaped, text)


def _unescaped(found: re.Match[str]) -> str:
    code, letter = found.groups()
    if code is None:
        return _SIMPLE.get(letter, letter)
    number = int(code, 16)
    return "\ufffd" if 0xD800 <= number <= 0xDFFF else chr(number)
