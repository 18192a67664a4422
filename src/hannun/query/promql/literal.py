"""The literals of PromQL: numbers, durations and quoted strings, read as Prometheus (that is, Go) reads them."""

from __future__ import annotations

import math
import re

from hannun.model.time import parse_duration_ms

_OCTAL = re.compile(r"0[oO]?_?[0-7]+(?:_[0-7]+)*")
_ESCAPE = re.compile(
    r"\\(?:([abfnrtv\\'\"`])|([0-7]{3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.?))", re.DOTALL
)
_DIGITS = dict.fromkeys("xuU", "0123456789abcdefABCDEF")
_SIMPLE = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\"}


def parse_number(text: str) -> float:
    """`1e3`, `0x1F`, `0755` (octal, as Go reads it), `1_000`, `Inf`, `NaN`. Raises ValueError."""
    lower = text.lower()
    if lower in ("inf", "nan"):
        return math.inf if lower == "inf" else math.nan
    if lower.startswith("0x"):
        return _whole(text, int(lower[2:].replace("_", ""), 16))
    if len(text) > 1 and _OCTAL.fullmatch(text):
        return _whole(text, int(lower.replace("o", "").replace("_", ""), 8))
    value = float(text.replace("_", ""))
    if math.isinf(value):
        raise ValueError(f'strconv.ParseFloat: parsing "{_cut(text)}": value out of range')
    return value


def _whole(text: str, number: int) -> float:
    if number >= 1 << 1023:
        raise ValueError(f'strconv.ParseFloat: parsing "{_cut(text)}": value out of range')
    return float(number)


def _cut(text: str) -> str:
    """A hostile literal may be a quarter of a megabyte; its error need not be."""
    return text if len(text) <= 60 else text[:60] + "…"


def parse_seconds(text: str) -> float:
    """A duration literal as the number that it is in an expression: `1h30m` -> 5400.0. Raises ValueError."""
    if len(text) > 200:
        raise ValueError(f'not a valid duration string: "{_cut(text)}"')
    return parse_duration_ms(text) / 1000


def unquote(text: str) -> str:
    """The string behind a quoted token. Raises ValueError naming the escape that cannot be read."""
    quote, inner = text[0], text[1:-1]
    if quote == "`":
        return inner
    if "\\" not in inner:
        return inner
    # Byte escapes (\x, octal) may together spell UTF-8, so they are collected as bytes.
    out = bytearray()
    at = 0
    for found in _ESCAPE.finditer(inner):
        out += inner[at : found.start()].encode("utf-8", "surrogatepass")
        out += _escaped(found, quote)
        at = found.end()
    out += inner[at:].encode("utf-8", "surrogatepass")
    return out.decode("utf-8", "surrogateescape")


def _escaped(found: re.Match[str], quote: str) -> bytes:
    simple, octal, byte, short, long, unknown = found.groups()
    if simple is not None:
        if simple in _SIMPLE:
            return _SIMPLE[simple].encode()
        if simple == quote:
            return simple.encode()
        raise ValueError(f"unknown escape sequence {_rune(simple)}")
    if octal is not None or byte is not None:
        code = int(octal, 8) if octal is not None else int(byte, 16)
        if code > 255:
            raise ValueError("escape sequence is an invalid Unicode code point")
        return bytes((code,))
    if short is not None or long is not None:
        code = int(short if short is not None else long, 16)
        if code > 0x10FFFF or 0xD800 <= code < 0xE000:
            raise ValueError("escape sequence is an invalid Unicode code point")
        return chr(code).encode()
    if unknown == "":
        raise ValueError("escape sequence not terminated")
    if unknown in "xuU01234567":
        digits = _DIGITS.get(unknown, "01234567")
        rest = found.string[found.end() - (unknown not in _DIGITS) :]
        wrong = next((sign for sign in rest if sign not in digits), quote)
        raise ValueError(f"illegal character {_rune(wrong)} in escape sequence")
    raise ValueError(f"unknown escape sequence {_rune(unknown)}")


def _rune(sign: str) -> str:
    """As Go's `%#U`."""
    return f"U+{ord(sign):04X}" + (f" '{sign}'" if sign.isprintable() else "")


_GO_FLOAT = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_GO_SPECIAL = re.compile(r"[+-]?(?:inf|infinity)|nan", re.IGNORECASE)


def go_parse_float(text: str) -> float | None:
    """As Go's `ParseFloat` reads a label value; None when it does not."""
    if _GO_FLOAT.fullmatch(text):
        value = float(text)
        return None if math.isinf(value) else value
    return float(text) if _GO_SPECIAL.fullmatch(text) else None
