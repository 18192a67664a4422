"""Constants as Go writes them: quoted and raw strings, characters, numbers in four bases."""

from __future__ import annotations

import re

from hannun.gotemplate.go_numbers import INT64_MAX, UINT64_MAX, parse_float
from hannun.gotemplate.nodes import Number

_ESCAPE = re.compile(
    r"\\(?:([abfnrtv\\'\"])|x([0-9a-fA-F]{2})|([0-7]{3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|)", re.DOTALL
)
_SIMPLE = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_DIGITS_MAX = 400


def unquote(quoted: str) -> str | None:
    """The text of `"…"`, `` `…` `` or `'c'`; None where Go finds invalid syntax."""
    quote, text = quoted[0], quoted[1:-1]
    if quote == "`":
        return text.replace("\r", "")
    if "\\" not in text:
        return text
    # Escapes of bytes (`\xff`, `\377`) may add up to letters, so the text is put together as bytes.
    pieces: list[bytes] = []
    at = 0
    for found in _ESCAPE.finditer(text):
        pieces.append(text[at : found.start()].encode("utf-8", "replace"))
        simple, hexadecimal, octal, short, long = found.groups()
        if simple is not None:
            if simple in "'\"" and simple != quote:
                return None
            pieces.append(_SIMPLE.get(simple, simple).encode())
        elif hexadecimal is not None:
            pieces.append(bytes([int(hexadecimal, 16)]))
        elif octal is not None:
            code = int(octal, 8)
            if code > 255:
                return None
            pieces.append(bytes([code]))
        elif short is not None or long is not None:
            code = int(short or long, 16)
            if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
                return None
            pieces.append(chr(code).encode())
        else:
            return None
        at = found.end()
    pieces.append(text[at:].encode("utf-8", "replace"))
    return b"".join(pieces).decode("utf-8", "replace")


def read_number(at: int, text: str) -> Number | None:
    """None for what is no number. Imaginary ones are none here: no template ever needed them."""
    if text[0] == "'":
        letter = unquote(text)
        if letter is None or len(letter) != 1:
            return None
        return Number(at, text, ord(letter), float(ord(letter)), False)
    if len(text) > _DIGITS_MAX:
        return None
    as_int = _integer(text)
    as_float: float | None
    try:
        as_float = parse_float(text.replace("_", "")) if as_int is None else float(as_int)
    except ValueError:
        return None
    if as_int is None and as_float is not None and as_float.is_integer() and abs(as_float) <= INT64_MAX:
        as_int = int(as_float)
    is_hex = text.lstrip("+-")[:2].lower() == "0x" and "p" not in text.lower()
    return Number(at, text, as_int, as_float, not is_hex and any(letter in ".eEpP" for letter in text))


def _integer(text: str) -> int | None:
    digits = text.replace("_", "")
    bare = digits.lstrip("+-")
    try:
        # A leading zero means base eight in Go, and nothing in Python.
        value = int(digits, 8) if re.fullmatch(r"0[0-7]+", bare) else int(digits, 0)
    except ValueError:
        return None
    return value if -INT64_MAX - 1 <= value <= UINT64_MAX else None
