"""Numbers and escaped texts of a page, one at a time: what Go's ParseFloat takes, and nothing more."""

from __future__ import annotations

import re
from decimal import Decimal

_NUMBER = re.compile(rb"[+-]?(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?")
_INFINITE = re.compile(rb"([+-]?)inf(?:inity)?", re.IGNORECASE)
_ESCAPE = re.compile(rb'\\([\\n"])')
_HELP_ESCAPE = re.compile(rb"\\([\\n])")
_PLAIN_EXPONENTS = range(-4, 6)
"""Decimal exponents that Go's shortest `g` form writes without an exponent."""

NAN = float("nan")
TS_MS_MAX = (1 << 63) - 1


def parse_number(text: bytes) -> float | None:
    """None where Go's ParseFloat fails, or a `_` or `p` stands: also for a number beyond the largest float."""
    if _NUMBER.fullmatch(text) is not None:
        found = float(text)
        return found if found - found == 0.0 else None
    if (infinite := _INFINITE.fullmatch(text)) is not None:
        return float("-inf") if infinite[1] == b"-" else float("inf")
    return NAN if text.lower() == b"nan" else None


def milliseconds(seconds: float) -> int:
    """OpenMetrics time -> ms, cut towards zero as Go's conversion does. What no int64 holds becomes its bound."""
    ms = seconds * 1000.0
    if abs(ms) < 2.0**63:
        return int(ms)
    return TS_MS_MAX if ms > 0 else -TS_MS_MAX - 1


def unescape(text: bytes) -> bytes:
    r"""`\\`, `\"` and `\n`; a backslash before anything else stays, as Prometheus keeps it."""
    return _ESCAPE.sub(_unescaped, text) if b"\\" in text else text


def unescape_help(text: bytes) -> bytes:
    r"""HELP of the text format knows `\\` and `\n` only."""
    return _HELP_ESCAPE.sub(_unescaped, text) if b"\\" in text else text


def _unescaped(match: re.Match[bytes]) -> bytes:
    return b"\n" if match[1] == b"n" else match[1]


def normalise_bound(text: str) -> str:
    """`le` or `quantile` in OpenMetrics's float form (`1` -> `1.0`, `1e-3` -> `0.001`); what is no number stays."""
    number = parse_number(text.encode("utf-8"))
    return text if number is None else bound_text(number)


def bound_text(number: float) -> str:
    """A bound as OpenMetrics writes it."""
    if number != number:
        return "NaN"
    if number in (float("inf"), float("-inf")):
        return "+Inf" if number > 0 else "-Inf"
    return _shortest(number)


def _shortest(number: float) -> str:
    """Go's `strconv.FormatFloat(number, 'g', -1, 64)`, with `.0` where neither a point nor an exponent stands."""
    negative, digits, exponent = Decimal(repr(number)).as_tuple()
    assert isinstance(exponent, int)
    shown = "".join(map(str, digits)).lstrip("0").rstrip("0") or "0"
    if number == 0.0:
        return "0.0"
    sign = "-" if negative else ""
    power = len(digits) + exponent - 1
    if power not in _PLAIN_EXPONENTS:
        point = f".{shown[1:]}" if len(shown) > 1 else ""
        return f"{sign}{shown[0]}{point}e{power:+03d}"
    if power < 0:
        return f"{sign}0.{'0' * (-power - 1)}{shown}"
    whole, part = shown[: power + 1].ljust(power + 1, "0"), shown[power + 1 :]
    return f"{sign}{whole}.{part or '0'}"
