"""Numbers, durations and sizes as Go programs read them: `strconv.ParseFloat`, `time.ParseDuration`, `humanize`.

Python reads more than Go does (`1_000`, ` 1 `, Arabic digits) and less (hex floats), and an error's words travel to the
user in `__error_details__`. So these say exactly what Go's functions say.
"""

from __future__ import annotations

import math
import re

UINT64_MAX = 2**64 - 1
INT64_MAX = 2**63 - 1
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_HEX = re.compile(r"[+-]?0[xX](?=[0-9a-fA-F.])[0-9a-fA-F]*(?:\.[0-9a-fA-F]*)?[pP][+-]?[0-9]+")
_SPECIAL = {"nan": math.nan, "inf": math.inf, "infinity": math.inf}
_DURATION_PART = re.compile(r"([0-9]*)(?:\.([0-9]*))?([^.0-9]*)")
_NS_PER_UNIT = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "μs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}
_SIZE_HEAD = re.compile(r"[0-9.,]*")
_SIZES = {"": 1, "b": 1}
for _index, _letter in enumerate("kmgtpe", start=1):
    _SIZES[f"{_letter}b"] = _SIZES[_letter] = 1000**_index
    _SIZES[f"{_letter}ib"] = _SIZES[f"{_letter}i"] = 1024**_index


def parse_float(text: str) -> float:
    """`strconv.ParseFloat(text, 64)`. Raises ValueError with Go's words."""
    if _DECIMAL.fullmatch(text) is not None:
        value = float(text)
    elif _HEX.fullmatch(text) is not None:
        try:
            value = float.fromhex(text)
        except OverflowError:
            value = math.inf
    else:
        sign = -1.0 if text[:1] == "-" else 1.0
        special = _SPECIAL.get(text[1:].lower() if text[:1] in ("+", "-") else text.lower())
        # Go takes a sign before an infinity and none before a NaN.
        if special is None or (special != special and text[:1] in ("+", "-")):
            raise ValueError(f"strconv.ParseFloat: parsing {go_quote(text)}: invalid syntax")
        return sign * special
    if math.isinf(value):
        raise ValueError(f"strconv.ParseFloat: parsing {go_quote(text)}: value out of range")
    return value


def parse_duration_ns(text: str) -> int:
    """`time.ParseDuration(text)` in nanoseconds. Raises ValueError with Go's words."""
    rest = text[1:] if text[:1] in ("+", "-") else text
    if rest == "0":
        return 0
    if rest == "":
        raise ValueError(f"time: invalid duration {go_quote(text)}")
    total, at = 0, 0
    while at < len(rest):
        found = _DURATION_PART.match(rest, at)
        assert found is not None  # every part of it may be empty
        whole, fraction, unit = found.groups()
        if not whole and not fraction:
            raise ValueError(f"time: invalid duration {go_quote(text)}")
        if not unit:
            raise ValueError(f"time: missing unit in duration {go_quote(text)}")
        scale = _NS_PER_UNIT.get(unit)
        if scale is None:
            raise ValueError(f"time: unknown unit {go_quote(unit)} in duration {go_quote(text)}")
        if len(whole) > 20:
            raise ValueError(f"time: invalid duration {go_quote(text)}")
        total += int(whole or "0") * scale
        if fraction:
            digits = fraction[:18]
            total += int(digits) * scale // 10 ** len(digits)
        if total > INT64_MAX:
            raise ValueError(f"time: invalid duration {go_quote(text)}")
        at = found.end()
    return -total if text[:1] == "-" else total


def format_duration(ns: int) -> str:
    """`time.Duration.String`: `1h2m3.5s`, `250ms`, `0s`."""
    if ns == 0:
        return "0s"
    sign, rest = ("-", -ns) if ns < 0 else ("", ns)
    if rest < 1_000_000_000:
        for unit, scale in (("ns", 1), ("µs", 1_000), ("ms", 1_000_000)):
            if rest < scale * 1000:
                return sign + _fraction(rest, scale) + unit
    minutes, nanos = divmod(rest, 60_000_000_000)
    said = _fraction(nanos, 1_000_000_000) + "s"
    if minutes:
        hours, minutes = divmod(minutes, 60)
        said = f"{minutes}m{said}"
        if hours:
            said = f"{hours}h{said}"
    return sign + said


def parse_size(text: str) -> int:
    """`humanize.ParseBytes(text)`: `1.5MB`, `42 KiB`, `1,024`. Raises ValueError with its words."""
    head = _SIZE_HEAD.match(text)
    assert head is not None
    value = parse_float(head.group().replace(",", ""))
    unit = text[head.end() :].strip().lower()
    scale = _SIZES.get(unit)
    if scale is None:
        raise ValueError(f"unhandled size name: {unit}")
    value *= scale
    if value >= UINT64_MAX:
        raise ValueError(f"too large: {text}")
    return int(value)


def go_quote(text: str) -> str:
    """`strconv.Quote`."""
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    return '"' + "".join(_quoted(letter) for letter in text) + '"'


_SHORT = {
    '"': '\\"',
    "\\": "\\\\",
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
}


def _quoted(letter: str) -> str:
    if letter in _SHORT:
        return _SHORT[letter]
    if letter.isprintable():
        return letter
    code = ord(letter)
    if code < 0x20 or code == 0x7F:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _fraction(value: int, scale: int) -> str:
    whole, rest = divmod(value, scale)
    if not rest:
        return str(whole)
    return f"{whole}.{str(rest).rjust(len(str(scale)) - 1, '0').rstrip('0')}"
