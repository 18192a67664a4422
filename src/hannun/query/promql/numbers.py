"""Floats as Go writes them: the shortest digits that read back, in the form that Prometheus prints."""

from __future__ import annotations

import math
from decimal import Decimal


def go_float(value: float) -> str:
    """A sample value: plain unless 0 < |v| < 1e-6 or |v| >= 1e21, then `1e-07`, `1e+21`; NaN, +Inf, -Inf, -0."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    size = abs(value)
    if size != 0.0 and (size < 1e-6 or size >= 1e21):
        return _exponent(value)
    return plain_float(value)


def go_general(value: float) -> str:
    """Go's `%v` and `%g`, which errors and annotations use: an exponent below 1e-4 and from 1e+06 on."""
    if math.isnan(value) or math.isinf(value) or value == 0:
        return go_float(value)
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    power = len(digits) + int(exponent) - 1
    if -4 <= power < 6:
        return plain_float(value)
    fraction = "".join(map(str, digits[1:]))
    mantissa = f"{digits[0]}.{fraction}" if fraction else str(digits[0])
    return f"{'-' if sign else ''}{mantissa}e{'-' if power < 0 else '+'}{abs(power):02d}"


def plain_float(value: float) -> str:
    """Go's `f` form: never an exponent."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    shown = repr(value)
    if "e" not in shown:
        return shown.removesuffix(".0")
    mantissa, _, power = shown.partition("e")
    sign, mantissa = ("-", mantissa[1:]) if mantissa.startswith("-") else ("", mantissa)
    whole, _, fraction = mantissa.partition(".")
    shift = int(power)
    if shift < 0:
        return (
            f"{sign}0.{'0' * (-shift - 1)}{whole}{fraction}".rstrip("0")
            if fraction.strip("0")
            else (f"{sign}0.{'0' * (-shift - 1)}{whole}")
        )
    digits = whole + fraction.rstrip("0") if fraction.strip("0") else whole
    return sign + digits.ljust(len(whole) + shift, "0")


def _exponent(value: float) -> str:
    # Beyond 1e16 and below 1e-4 `repr` itself writes an exponent, with the same shortest digits as Go.
    shown = repr(value)
    mantissa, _, power = shown.partition("e")
    mantissa = mantissa.removesuffix(".0")
    sign = power[0] if power[0] in "+-" else "+"
    return f"{mantissa}e{sign}{power.lstrip('+-').rjust(2, '0')}"


def open_metrics_float(value: float) -> str:
    """As OpenMetrics writes label values: `1.0`, `0.25`, `1e-07`, `+Inf`."""
    shown = go_float(value)
    return shown if any(sign in shown for sign in ".eN") or "Inf" in shown else f"{shown}.0"
