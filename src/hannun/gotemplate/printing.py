"""How Go prints values: `fmt.Sprint`, `Sprintln` and the verb `%v`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from hannun.gotemplate.bounds import check_length
from hannun.gotemplate.go_numbers import format_duration
from hannun.gotemplate.go_time import GoTime
from hannun.gotemplate.values import MISSING, Duration, Function, Object, plain

NESTING_MAX = 200
EXPONENT_FROM = 6


def show(value: Any, depth: int = 0) -> str:
    """`%v`."""
    value = plain(value)
    if isinstance(value, str):
        return value
    if value is None or value is MISSING:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Duration):
        return format_duration(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return format_float(value)
    if depth > NESTING_MAX:
        return "…"
    if isinstance(value, dict):
        pairs = sorted(value.items())
        return "map[" + " ".join(f"{name}:{show(item, depth + 1)}" for name, item in pairs) + "]"
    if isinstance(value, (list, tuple)):
        return "[" + " ".join(show(item, depth + 1) for item in value) + "]"
    if isinstance(value, GoTime):
        return str(value)
    if isinstance(value, Object):
        return "{" + " ".join(show(item, depth + 1) for item in value.fields.values()) + "}"
    return "func" if isinstance(value, Function) else str(value)


def sprint(values: Sequence[Any]) -> str:
    """Spaces stand between two operands when neither is a text."""
    pieces: list[str] = []
    before_is_text = True
    for value in values:
        is_text = isinstance(plain(value), str)
        if pieces and not is_text and not before_is_text:
            pieces.append(" ")
        pieces.append(show(value))
        before_is_text = is_text
    check_length(sum(map(len, pieces)))
    return "".join(pieces)


def sprintln(values: Sequence[Any]) -> str:
    pieces = [show(value) for value in values]
    check_length(sum(map(len, pieces)))
    return " ".join(pieces) + "\n"


def format_float(value: float) -> str:
    """`%v`, which is `%g`: the shortest digits that read back as `value`."""
    return shortest(value)


def shortest(value: float) -> str:
    """Go's `%g` without a precision: with an exponent below 1e-4 and from 1e+06 on."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"
    sign, digits, exponent = decompose(value)
    if -4 <= exponent < EXPONENT_FROM:
        if exponent < 0:
            return f"{sign}0.{'0' * (-exponent - 1)}{digits}"
        whole = digits[: exponent + 1].ljust(exponent + 1, "0")
        rest = digits[exponent + 1 :]
        return f"{sign}{whole}.{rest}" if rest else sign + whole
    rest = digits[1:]
    return f"{sign}{digits[0]}{'.' + rest if rest else ''}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"


def decompose(value: float) -> tuple[str, str, int]:
    """Sign, shortest digits without zeros at either end, exponent of the first digit."""
    mantissa, _, power = f"{value!r}".partition("e")
    sign = "-" if mantissa.startswith("-") else ""
    whole, _, rest = mantissa.lstrip("-").partition(".")
    digits = whole + ("" if rest == "0" else rest)
    exponent = int(power or "0") + len(whole) - 1
    stripped = digits.lstrip("0")
    if not stripped:
        return sign, "0", 0
    return sign, stripped.rstrip("0"), exponent - (len(digits) - len(stripped))
