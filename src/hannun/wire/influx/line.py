"""One line of the protocol, byte by byte: the grammar as InfluxDB 1.8 reads it, and the reference of `decode`.

`measurement[,tag=value…] field=value[,field=value…] [timestamp]`. A backslash escapes a comma, a space and (not in
measurements) an equals sign; before any other letter it stands for itself. Texts are quoted; in them `\\"` and `\\\\`
are escapes and a newline is a newline.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from hannun.model.errors import HannunError

_NUMBER = re.compile(rb"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")
_WHOLE = re.compile(rb"[+-]?\d+")
_TRUE = frozenset((b"t", b"T", b"true", b"True", b"TRUE"))
_FALSE = frozenset((b"f", b"F", b"false", b"False", b"FALSE"))
NUMBER_BYTES_MAX = 400
TS_MAX = 1 << 63


class BadLine(HannunError):
    """Why a line cannot be read, in InfluxDB's words."""


@dataclass(frozen=True, slots=True)
class Field:
    """`value` None: a text, which is no sample."""

    key: bytes
    value: float | None


@dataclass(frozen=True, slots=True)
class Point:
    """Names and values without their escapes; `ts` in units of the request's precision, None when the line has none."""

    measurement: bytes
    tags: tuple[tuple[bytes, bytes], ...]
    fields: tuple[Field, ...]
    ts: int | None


def parse(line: bytes) -> Point:
    """Raises BadLine."""
    measurement, tags, at = head(line)
    found, at = _fields(line, _past_spaces(line, at))
    return Point(measurement, tags, found, timestamp(line[at:].strip(b" ")))


def head(line: bytes) -> tuple[bytes, tuple[tuple[bytes, bytes], ...], int]:
    """Measurement, tags and the position of the space (or the end) behind them. Raises BadLine."""
    measurement, at = _token(line, 0, b", ", b", ")
    if not measurement:
        raise BadLine("missing measurement")
    tags: list[tuple[bytes, bytes]] = []
    while at < len(line) and line[at] == _COMMA:
        key, at = _token(line, at + 1, b"=, ", b"=, ")
        if at >= len(line) or line[at] != _EQUALS:
            raise BadLine("missing tag key" if not key else "missing tag value")
        if not key:
            raise BadLine("missing tag key")
        value, at = _token(line, at + 1, b", =", b"=, ")
        if at < len(line) and line[at] == _EQUALS:
            raise BadLine("invalid tag format")
        if not value:
            raise BadLine("missing tag value")
        tags.append((key, value))
    if len({key for key, _ in tags}) < len(tags):
        raise BadLine("duplicate tags")
    return measurement, tuple(tags), at


def _fields(line: bytes, at: int) -> tuple[tuple[Field, ...], int]:
    found: list[Field] = []
    while True:
        key, at = _token(line, at, b"=, ", b"=, ")
        if at >= len(line) or line[at] != _EQUALS:
            raise BadLine("missing fields" if not found and not key else "missing field value")
        if not key:
            raise BadLine("missing field key")
        value, at = _value(line, at + 1)
        found.append(Field(key, value))
        if at >= len(line) or line[at] == _SPACE:
            return tuple(found), _past_spaces(line, at)
        if line[at] != _COMMA:
            raise BadLine("invalid field format")
        at += 1


def _value(line: bytes, at: int) -> tuple[float | None, int]:
    if at < len(line) and line[at] == _QUOTE:
        at += 1
        while at < len(line) and line[at] != _QUOTE:
            at += 2 if line[at] == _BACKSLASH and line[at + 1 : at + 2] in (b'"', b"\\") else 1
        if at >= len(line):
            raise BadLine("unbalanced quotes")
        return None, at + 1
    start = at
    while at < len(line) and line[at] not in (_COMMA, _SPACE):
        at += 1
    return number(line[start:at]), at


def number(word: bytes) -> float:
    """A value that is no text: `1`, `1.5e3`, `1i`, `1u`, `t`. Raises BadLine."""
    if not word:
        raise BadLine("missing field value")
    if len(word) > NUMBER_BYTES_MAX:
        raise BadLine("invalid number")
    kind = word[-1:]
    if kind in (b"i", b"u"):
        if not _WHOLE.fullmatch(word, 0, len(word) - 1):
            raise BadLine("invalid number")
        whole = int(word[:-1])
        low, high = (-(1 << 63), 1 << 63) if kind == b"i" else (0, 1 << 64)
        if not low <= whole < high:
            raise BadLine(f"unable to parse integer {word[:40].decode()}: value out of range")
        return float(whole)
    if _NUMBER.fullmatch(word):
        value = float(word)
        if value - value != 0.0:
            raise BadLine(f"invalid float {word[:40].decode()}: value out of range")
        return value
    if word in _TRUE:
        return 1.0
    if word in _FALSE:
        return 0.0
    raise BadLine("invalid boolean" if kind.isalpha() and word[:1] in b"tTfF" else "invalid number")


def timestamp(word: bytes) -> int | None:
    """Raises BadLine."""
    if not word:
        return None
    if len(word) > 20 or not _WHOLE.fullmatch(word) or not -TS_MAX <= int(word) < TS_MAX:
        raise BadLine("bad timestamp")
    return int(word)


def _token(line: bytes, at: int, ends: bytes, escaped: bytes) -> tuple[bytes, int]:
    """The bytes up to one of `ends`, and where that stands; a backslash before one of `escaped` is taken off."""
    out = bytearray()
    while at < len(line) and line[at] not in ends:
        if line[at] == _BACKSLASH and at + 1 < len(line) and line[at + 1] in escaped:
            at += 1
        out.append(line[at])
        at += 1
    return bytes(out), at


def _past_spaces(line: bytes, at: int) -> int:
    while at < len(line) and line[at] == _SPACE:
        at += 1
    return at


_COMMA, _SPACE, _EQUALS, _QUOTE, _BACKSLASH = b', ="\\'
