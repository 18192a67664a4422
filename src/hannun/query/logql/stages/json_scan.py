"""Reading a line as JSON the way Loki does: keys as they come until something is wrong, numbers as they are written.

Loki's reader validates little: what follows the closing brace is not looked at, `{"a": 1,}` is fine, and all keys
before a mistake count. `members` is that reader, plainly. `all_pairs` is the way for lines that are as they should be,
four times as fast; it gives up on anything unusual and leaves it to the plain reader.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from hannun.query.logql.stages.names import CACHED_MAX, join

Kind = Literal["string", "number", "boolean", "null", "array", "object"]
DEPTH_MAX = 128
"""Objects within objects. No log line has as many; a hostile one would make names of megabytes."""

BAD_JSON = "Malformed JSON error"
BAD_OBJECT = "Value looks like object, but can't find closing '}' symbol"
BAD_ARRAY = "Value is array, but can't find closing ']' symbol"
BAD_STRING = "Value is string, but can't find closing '\"' symbol"
BAD_VALUE = "Unknown value type"
BAD_ESCAPE = "Encountered an invalid escape sequence in a string"
TOO_DEEP = f"objects nested deeper than {DEPTH_MAX}"

_STRING = r'"([^"\\]*+(?:\\.[^"\\]*+)*+)"'
_SPACE = r"[ \t\r\n]*+"
_PAIR = re.compile(
    rf"{_SPACE}{_STRING}{_SPACE}:{_SPACE}"
    rf"(?:(?:{_STRING}|(-?[0-9][0-9.eE+-]*+)|(true|false|null)){_SPACE}([,}}])|([{{\[]))",
    re.DOTALL,
)
_TOKEN = re.compile(_SPACE + r"(.)", re.DOTALL)
_END = re.compile(_SPACE + r"([,}])")
_EMPTY = re.compile(_SPACE + r"\}")
_TEXT = re.compile(_STRING, re.DOTALL)
_WORD = re.compile(r"[^ \t\r\n,}\]]*+")
_BRACKETS = re.compile(_STRING + r'|([\[\]"])', re.DOTALL)
_BRACES = re.compile(_STRING + r'|([{}"])', re.DOTALL)
_BOTH = re.compile(_STRING + r'|([\[\]{}"])', re.DOTALL)
# A surrogate pair, a code that is no half of one, a letter; anything else is a mistake.
_ESCAPE = re.compile(
    r"\\(?:u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|u((?![dD][89a-fA-F])[0-9a-fA-F]{4})"
    r'|(["\\/bfnrt])|)'
)
_SIMPLE = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_REPLACEMENT = "\ufffd"


class JsonTrouble(Exception):
    """Where the reading stops. `str` is Loki's word for it."""


class Unusual(Exception):
    """The fast way does not know what to make of this line."""


class Value(NamedTuple):
    """`text`: of a string what stands between the quotes, escapes and all; of the rest all of it."""

    kind: Kind
    text: str


def members(text: str) -> Iterator[tuple[str, Value]]:
    """Keys and values of an object, in order. Raises JsonTrouble where it cannot go on."""
    at = _token(text, 0, BAD_OBJECT)
    if text[at] != "{":
        raise JsonTrouble(BAD_OBJECT)
    at = _token(text, at + 1, BAD_JSON)
    while text[at] != "}":
        found = _TEXT.match(text, at)
        if found is None:
            raise JsonTrouble(BAD_JSON if text[at] == '"' else BAD_OBJECT)
        key = found[1]
        if "\\" in key:
            unescaped = unescape(key)
            if unescaped is None:
                raise JsonTrouble(BAD_ESCAPE)
            key = unescaped
        at = _token(text, found.end(), BAD_JSON)
        if text[at] != ":":
            raise JsonTrouble(BAD_JSON)
        value, at = read_value(text, _token(text, at + 1, BAD_JSON))
        yield key, value
        at = _token(text, at, BAD_ARRAY)
        if text[at] == "}":
            return
        if text[at] != ",":
            raise JsonTrouble(BAD_OBJECT)
        at = _token(text, at + 1, BAD_ARRAY)


def elements(text: str) -> Iterator[Value]:
    """The values of an array, in order. Raises JsonTrouble where it cannot go on."""
    at = _token(text, 0, BAD_ARRAY)
    if text[at] != "[":
        raise JsonTrouble(BAD_ARRAY)
    at = _token(text, at + 1, BAD_ARRAY)
    while text[at] != "]":
        value, at = read_value(text, at)
        yield value
        at = _token(text, at, BAD_ARRAY)
        if text[at] == "]":
            return
        if text[at] != ",":
            raise JsonTrouble(BAD_ARRAY)
        at = _token(text, at + 1, BAD_ARRAY)


def read_value(text: str, at: int) -> tuple[Value, int]:
    """The value that begins at `at`, and where it ends. Raises JsonTrouble."""
    first = text[at]
    if first == '"':
        found = _TEXT.match(text, at)
        if found is None:
            raise JsonTrouble(BAD_STRING)
        return Value("string", found[1]), found.end()
    if first in "[{":
        end = _block_end(text, at, _BRACKETS if first == "[" else _BRACES)
        if end < 0:
            raise JsonTrouble(BAD_ARRAY if first == "[" else BAD_OBJECT)
        return Value("array" if first == "[" else "object", text[at:end]), end
    word = _WORD.match(text, at)
    assert word is not None  # it may be empty
    said = word.group()
    if said in ("true", "false"):
        return Value("boolean", said), word.end()
    if said == "null":
        return Value("null", said), word.end()
    if first in "-0123456789":
        return Value("number", said), word.end()
    raise JsonTrouble(BAD_VALUE)


def plain_pairs(line: str, prefix: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    """Label names and values of all keys, nested ones joined with `_`. Raises JsonTrouble after the last good one."""
    if depth == 0 and _is_too_deep(line):
        raise JsonTrouble(TOO_DEEP)
    for key, value in members(line):
        if value.kind == "object":
            yield from plain_pairs(value.text, join(prefix, key), depth + 1)
        elif value.kind not in ("array", "null"):
            yield join(prefix, key), label_text(value)


def _is_too_deep(line: str) -> bool:
    """Asked once, because each level is read once for its end and once for its keys."""
    if line.count("{") <= DEPTH_MAX:
        return False
    depth = 0
    for found in _BRACES.finditer(line):
        mark = found[2]
        depth += 1 if mark == "{" else -1 if mark == "}" else 0
        if depth > DEPTH_MAX:
            return True
    return False


class Keys:
    """Names of keys below one prefix, remembered."""

    __slots__ = ("below", "known", "prefix")

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.known: dict[str, str] = {}
        self.below: dict[str, Keys] = {}

    def name(self, key: str) -> str:
        name = join(self.prefix, key)
        if len(self.known) < CACHED_MAX:
            self.known[key] = name
        return name

    def inside(self, key: str) -> Keys:
        keys = self.below.get(key)
        if keys is None:
            keys = Keys(join(self.prefix, key))
            if len(self.below) < CACHED_MAX:
                self.below[key] = keys
        return keys


def all_pairs(line: str, keys: Keys) -> list[tuple[str, str]]:
    """As `plain_pairs`, for usual lines. Raises Unusual."""
    pairs: list[tuple[str, str]] = []
    above: list[Keys] = []
    start = _TOKEN.match(line)
    if start is None or start[1] != "{":
        raise Unusual
    at, known = start.end(), keys.known
    match = _PAIR.match
    if (empty := _EMPTY.match(line, at)) is not None:
        return pairs
    while True:
        found = match(line, at)
        if found is None:
            raise Unusual
        key, string, number, word, end, opener = found.groups()
        at = found.end()
        if opener is None:
            if string is not None:
                value = (
                    string if "\\" not in string and _REPLACEMENT not in string else label_text(Value("string", string))
                )
            else:
                value = number or word
            if word != "null":
                name = known.get(key)
                if name is None:
                    if "\\" in key:
                        raise Unusual
                    name = keys.name(key)
                pairs.append((name, value))
            if end == ",":
                continue
        elif opener == "{":
            if "\\" in key or len(above) >= DEPTH_MAX:
                raise Unusual
            empty = _EMPTY.match(line, at)
            if empty is None:
                above.append(keys)
                keys = keys.inside(key)
                known = keys.known
                continue
            at = empty.end()
            end = ""
        else:
            at = _tidy_array_end(line, at - 1)
            end = ""
        while True:
            if not end:
                after = _END.match(line, at)
                if after is None:
                    raise Unusual
                at = after.end()
                end = after[1]
            if end == ",":
                break
            if not above:
                return pairs
            keys = above.pop()
            known = keys.known
            end = ""


def label_text(value: Value) -> str:
    """A value as a label shows it: escapes undone, "" where one is wrong."""
    if value.kind != "string":
        return value.text
    text = value.text
    if "\\" in text:
        unescaped = unescape(text)
        if unescaped is None:
            return ""
        text = unescaped
    return text.replace(_REPLACEMENT, " ")


def unescape(text: str) -> str | None:
    """JSON escapes undone; None when one is none."""
    if "\\" not in text:
        return text
    try:
        return _ESCAPE.sub(_unescaped, text)
    except JsonTrouble:
        return None


def _unescaped(found: re.Match[str]) -> str:
    high, low, single, simple = found.groups()
    if simple is not None:
        return _SIMPLE[simple]
    if single is not None:
        return chr(int(single, 16))
    if high is None:
        raise JsonTrouble(BAD_ESCAPE)
    return chr(0x10000 + ((int(high, 16) - 0xD800) << 10) + (int(low, 16) - 0xDC00))


def _token(text: str, at: int, trouble: str) -> int:
    """Where the next token begins."""
    found = _TOKEN.match(text, at)
    if found is None:
        raise JsonTrouble(trouble)
    return found.start(1)


def _block_end(text: str, at: int, marks: re.Pattern[str]) -> int:
    """Behind the bracket that closes the one at `at`; -1 where none does. Brackets in strings do not count."""
    depth = 0
    for found in marks.finditer(text, at):
        mark = found[2]
        if mark is None:
            continue
        if mark in "[{":
            depth += 1
        elif mark == '"':
            return -1
        else:
            depth -= 1
            if depth == 0:
                return found.end()
    return -1


def _tidy_array_end(text: str, at: int) -> int:
    """Behind the array at `at`, whose brackets and braces all have their partners. Raises Unusual."""
    open_: list[str] = []
    for found in _BOTH.finditer(text, at):
        mark = found[2]
        if mark is None:
            continue
        if mark in "[{":
            open_.append("]" if mark == "[" else "}")
        elif mark != open_.pop():
            raise Unusual
        elif not open_:
            return found.end()
    raise Unusual
