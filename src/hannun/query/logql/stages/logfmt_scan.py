"""Reading a line as logfmt the way Loki does: `key=value key="quoted \\"value\\"" key`.

`plain_pairs` is that reader, plainly: a mistake costs the word it is in, or with `strict` all that follows. `all_pairs`
reads lines without a mistake in one go of a compiled expression, and gives up on others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_QUOTED = r'"([^"\\]*+(?:\\.[^"\\]*+)*+)"'
_END = r"(?=[\x00-\x20]|\Z)"
_PAIR = re.compile(rf'[\x00-\x20]*+([^\x00-\x20="\ufffd]++)(?:={_QUOTED}|=([^\x00-\x20="]*+){_END}|{_END})', re.DOTALL)
_WHOLE = re.compile(rf"(?:{_PAIR.pattern})*+[\x00-\x20]*+", re.DOTALL)
_KEY = re.compile(r'[^\x00-\x20="]*+')
_VALUE = re.compile(r'[^\x00-\x20="]*+')
_QUOTE = re.compile(_QUOTED, re.DOTALL)
_SPACE = re.compile(r"[\x00-\x20]*+")
_WORD = re.compile(r"[^\x00-\x20]*+")
_ESCAPE = re.compile(
    r"\\(?:u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|([\"\\/'bfnrt])|)"
)
_SIMPLE = {'"': '"', "\\": "\\", "/": "/", "'": "'", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_CONTROL = re.compile(r"[\x00-\x1f]")
_REPLACEMENT = "\ufffd"


class LogfmtTrouble(Exception):
    """The first mistake in the line. `str` is Loki's word for it."""


def all_pairs(line: str) -> list[tuple[str, str, str]] | None:
    """Of each pair key, quoted value (escapes and all), bare value; None for a line that has a mistake."""
    return _PAIR.findall(line) if _WHOLE.fullmatch(line) is not None else None


def plain_pairs(line: str, *, strict: bool) -> Iterator[tuple[str, str]]:
    """Keys and values in order. Raises LogfmtTrouble where `strict` reading stops."""
    at, trouble = 0, ""
    while True:
        at = _end(_SPACE, line, at)
        if at == len(line):
            return
        start, at = at, _end(_KEY, line, at)
        key = line[start:at]
        mark = line[at : at + 1]
        if mark == '"' or (mark == "=" and not key):
            trouble = _unexpected(line, at)
            at = _end(_WORD, line, at)
        elif _REPLACEMENT in key:
            trouble = _words(line, at, "invalid key")
            at = _end(_WORD, line, at) if mark == "=" else at
        elif mark != "=":
            yield key, ""
        elif line[at + 1 : at + 2] == '"':
            found = _QUOTE.match(line, at + 1)
            if found is None:
                trouble = _words(line, len(line), "unterminated quoted value")
                at = len(line)
            else:
                at = found.end()
                value = unquote(found[1])
                if value is not None:
                    yield key, value
                else:
                    trouble = _words(line, at, "invalid quoted value")
        else:
            start, at = at + 1, _end(_VALUE, line, at + 1)
            if line[at : at + 1] in ("=", '"'):
                trouble = _unexpected(line, at)
                at = _end(_WORD, line, at)
            else:
                yield key, line[start:at]
        if trouble and strict:
            raise LogfmtTrouble(trouble)


def unquote(text: str) -> str | None:
    """Escapes of a quoted value undone; None when one is none, or a control character stands there unescaped."""
    if "\\" not in text:
        return text
    if _CONTROL.search(text) is not None:
        return None
    try:
        return _ESCAPE.sub(_unescaped, text)
    except ValueError:
        return None


def _unescaped(found: re.Match[str]) -> str:
    high, low, single, simple = found.groups()
    if simple is not None:
        return _SIMPLE[simple]
    if single is not None:
        code = int(single, 16)
        return _REPLACEMENT if 0xD800 <= code <= 0xDFFF else chr(code)
    if high is None:
        raise ValueError("no escape")
    return chr(0x10000 + ((int(high, 16) - 0xD800) << 10) + (int(low, 16) - 0xDC00))


def _end(pattern: re.Pattern[str], line: str, at: int) -> int:
    found = pattern.match(line, at)
    assert found is not None  # these patterns match nothing, too
    return found.end()


def _unexpected(line: str, at: int) -> str:
    return _words(line, at, "unexpected '\"'" if line[at] == '"' else f"unexpected '{line[at]}'")


def _words(line: str, at: int, what: str) -> str:
    return f"logfmt syntax error at pos {len(line[:at].encode('utf-8', 'replace')) + 1} : {what}"
