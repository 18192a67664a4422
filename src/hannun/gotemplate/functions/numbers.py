"""sprig's arithmetic. What comes in may be a number or a text of one; what is neither is 0, as in sprig."""

from __future__ import annotations

import math
from typing import Any

from hannun.gotemplate.errors import FunctionError
from hannun.gotemplate.functions.registry import Set, into
from hannun.gotemplate.go_numbers import INT64_MAX, parse_float
from hannun.gotemplate.literals import read_number
from hannun.gotemplate.values import ANY, plain

NUMBERS: Set = {}
named = into(NUMBERS)
_DIGITS_MAX = 400


def to_int(value: Any) -> int:
    value = plain(value)
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int):
        return wrap(int(value))
    if isinstance(value, float):
        return wrap(int(value)) if math.isfinite(value) else -INT64_MAX - 1
    if isinstance(value, str):
        return _int_of_text(value)
    return 0


def to_float(value: Any) -> float:
    value = plain(value)
    if isinstance(value, (bool, int, float)):
        return float(value)
    if isinstance(value, str):
        try:
            return parse_float(value)
        except ValueError:
            return 0.0
    return 0.0


def wrap(value: int) -> int:
    """Into 64 bits, as Go's integers are."""
    return (value + INT64_MAX + 1) % (1 << 64) - INT64_MAX - 1


def _int_of_text(text: str) -> int:
    whole, point, rest = text.partition(".")
    if point and rest.strip("0"):
        return 0
    digits = whole if point else text
    if not digits or len(digits) > _DIGITS_MAX or digits[0] == "'":
        return 0
    number = read_number(0, digits)
    if number is None or number.as_int is None or number.is_float_text:
        return 0
    return number.as_int if abs(number.as_int) <= INT64_MAX else 0


named("int", ANY)(to_int)
named("int64", ANY)(to_int)
named("float64", ANY)(to_float)
named("atoi", "string")(_int_of_text)


@named("add", ANY, variadic=True)
def add(*values: Any) -> int:
    return wrap(sum(to_int(value) for value in values))


@named("add1", ANY)
def add1(value: Any) -> int:
    return wrap(to_int(value) + 1)


@named("sub", ANY, ANY)
def sub(left: Any, right: Any) -> int:
    return wrap(to_int(left) - to_int(right))


@named("mul", ANY, ANY, variadic=True)
def mul(first: Any, *values: Any) -> int:
    product = to_int(first)
    for value in values:
        product = wrap(product * to_int(value))
    return product


@named("div", ANY, ANY)
def div(left: Any, right: Any) -> int:
    by = _divisor(right)
    quotient = abs(to_int(left)) // abs(by)
    return wrap(quotient if (to_int(left) < 0) == (by < 0) else -quotient)


@named("mod", ANY, ANY)
def mod(left: Any, right: Any) -> int:
    by, value = _divisor(right), to_int(left)
    return wrap(int(math.copysign(1, value)) * (abs(value) % abs(by)))


def _divisor(value: Any) -> int:
    by = to_int(value)
    if by == 0:
        raise FunctionError("runtime error: integer divide by zero")
    return by


@named("max", ANY, ANY, variadic=True)
def maximum(first: Any, *values: Any) -> int:
    return max(to_int(value) for value in (first, *values))


@named("min", ANY, ANY, variadic=True)
def minimum(first: Any, *values: Any) -> int:
    return min(to_int(value) for value in (first, *values))


@named("addf", ANY, variadic=True)
def addf(*values: Any) -> float:
    return _tidy(math.fsum(to_float(value) for value in values))


@named("subf", ANY, ANY, variadic=True)
def subf(first: Any, *values: Any) -> float:
    return _tidy(math.fsum([to_float(first), *(-to_float(value) for value in values)]))


@named("mulf", ANY, ANY, variadic=True)
def mulf(first: Any, *values: Any) -> float:
    return _tidy(math.prod((to_float(value) for value in values), start=to_float(first)))


@named("divf", ANY, ANY, variadic=True)
def divf(first: Any, *values: Any) -> float:
    result = to_float(first)
    for value in values:
        by = to_float(value)
        if by == 0:
            raise FunctionError("decimal division by 0")
        result /= by
    return _tidy(result)


def _tidy(value: float) -> float:
    """sprig counts in decimals, so 0.1 and 0.2 are 0.3."""
    return float(f"{value:.15g}") if math.isfinite(value) else value


@named("maxf", ANY, ANY, variadic=True)
def maxf(first: Any, *values: Any) -> float:
    return max(to_float(value) for value in (first, *values))


@named("minf", ANY, ANY, variadic=True)
def minf(first: Any, *values: Any) -> float:
    return min(to_float(value) for value in (first, *values))


@named("ceil", ANY)
def ceil(value: Any) -> float:
    number = to_float(value)
    return float(math.ceil(number)) if math.isfinite(number) else number


@named("floor", ANY)
def floor(value: Any) -> float:
    number = to_float(value)
    return float(math.floor(number)) if math.isfinite(number) else number


@named("round", ANY, "int", "float64", variadic=True)
def round_(value: Any, places: int, *up_from: float) -> float:
    number = to_float(value)
    if not math.isfinite(number) or abs(places) > 300:
        return number
    scale = math.pow(10, places)
    if not math.isfinite(number * scale):
        return number
    fraction, whole = math.modf(number * scale)
    if fraction >= (up_from[0] if up_from else 0.5):
        whole = float(math.ceil(number * scale))
    else:
        whole = float(math.floor(number * scale))
    return whole / scale
