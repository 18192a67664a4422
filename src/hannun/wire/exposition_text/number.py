"""Compiled: decimal text -> float64 bits, correctly rounded, or "ask the plain reader".

Short numbers need one multiplication or division (Clinger); longer ones take the algorithm of Eisel and Lemire
("Number parsing at a gigabyte per second", 2021), which works on 128 bits of the power of ten. What even that cannot
decide (more than 19 digits, subnormals, overflows) is left to the plain reader. A test compares with `float`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hannun.wire.compiled import compiled

_U = np.uint64
_POWER_MIN, _POWER_MAX = -342, 308
_DIGITS_MAX = 19
"""Nineteen decimal digits always fit into 64 bits."""
_EXPONENT_MAX = 100_000
NAN_BITS = _U(0x7FF8000000000001)
_INFINITE_BITS = _U(0x7FF0000000000000)
_SIGN_BIT = _U(1 << 63)


def _powers() -> np.ndarray[Any, np.dtype[np.uint64]]:
    """uint64[p, 2] high and low half of the first 128 bits of each power of ten, cut, not rounded."""
    found = []
    for power in range(_POWER_MIN, _POWER_MAX + 1):
        exact = 10 ** abs(power)
        if power >= 0:
            shift = exact.bit_length() - 128
            bits = exact >> shift if shift > 0 else exact << -shift
        else:
            bits = (1 << exact.bit_length() + 127) // exact
            bits >>= bits.bit_length() - 128
        found.append((bits >> 64, bits & (1 << 64) - 1))
    return np.array(found, dtype=np.uint64)


_POWERS = _powers()
_EXACT = np.array([10.0**power for power in range(23)])


@compiled
def _multiply(a: Any, b: Any) -> Any:
    """(high, low) half of a 64 x 64 bit product."""
    low32 = _U(0xFFFFFFFF)
    a_low, a_high = a & low32, a >> _U(32)
    b_low, b_high = b & low32, b >> _U(32)
    low = a_low * b_low
    middle = a_high * b_low + (low >> _U(32))
    other = a_low * b_high + (middle & low32)
    return a_high * b_high + (middle >> _U(32)) + (other >> _U(32)), other << _U(32) | low & low32


@compiled
def _leading_zeros(word: Any) -> Any:
    """Of a word that is not 0."""
    count = 0
    for width in (32, 16, 8, 4, 2, 1):
        if word >> _U(64 - width) == _U(0):
            word <<= _U(width)
            count += width
    return count


@compiled
def _nearest(mantissa: Any, power: Any) -> Any:
    """(decided, bits) of mantissa x 10^power, mantissa not 0, by Eisel and Lemire."""
    if power < _POWER_MIN or power > _POWER_MAX:
        return False, _U(0)
    zeros = _leading_zeros(mantissa)
    mantissa <<= _U(zeros)
    exponent = (217706 * power >> 16) + 64 + 1023 - zeros
    high, low = _multiply(mantissa, _POWERS[power - _POWER_MIN, 0])
    nine = _U(0x1FF)
    if high & nine == nine and low + mantissa < mantissa:
        more_high, more_low = _multiply(mantissa, _POWERS[power - _POWER_MIN, 1])
        merged = low + more_high
        if merged < low:
            high += _U(1)
        if high & nine == nine and merged + _U(1) == _U(0) and more_low + mantissa < mantissa:
            return False, _U(0)
        low = merged
    top = high >> _U(63)
    found = high >> (top + _U(9))
    if top == _U(0):
        exponent -= 1
    if low == _U(0) and high & nine == _U(0) and found & _U(3) == _U(1):
        return False, _U(0)
    found += found & _U(1)
    found >>= _U(1)
    if found >> _U(53) > _U(0):
        found >>= _U(1)
        exponent += 1
    if exponent < 1 or exponent >= 0x7FF:
        return False, _U(0)
    return True, _U(exponent) << _U(52) | found & _U((1 << 52) - 1)


@compiled
def _word_at(body: Any, at: Any, total: Any, a: Any, b: Any, c: Any) -> Any:
    return at + 3 <= total and body[at] == a and body[at + 1] == b and body[at + 2] == c


@compiled
def read_number(body: Any, at: Any, total: Any) -> Any:
    """(decided, bits, position behind) of the number at `at`; what follows it is the caller's to check."""
    start = at
    negative = False
    if at < total and (body[at] == 0x2D or body[at] == 0x2B):
        negative = body[at] == 0x2D
        at += 1
    if at < total and body[at] > 0x39:
        # Only the spellings that every writer uses: `NaN` and `Inf`.
        if at == start and _word_at(body, at, total, 0x4E, 0x61, 0x4E):
            return True, NAN_BITS, at + 3
        if _word_at(body, at, total, 0x49, 0x6E, 0x66):
            return True, _INFINITE_BITS | (_SIGN_BIT if negative else _U(0)), at + 3
        return False, _U(0), at
    mantissa = _U(0)
    digits = 0  # significant ones
    seen = 0
    power = 0
    point = False
    while at < total:
        byte = body[at]
        if byte >= 0x30 and byte <= 0x39:
            seen += 1
            if digits > 0 or byte != 0x30:
                digits += 1
                if digits > _DIGITS_MAX:
                    return False, _U(0), at
                mantissa = mantissa * _U(10) + _U(byte - 0x30)
            if point:
                power -= 1
        elif byte == 0x2E and not point:
            point = True
        else:
            break
        at += 1
    if seen == 0:
        return False, _U(0), at
    if at < total and (body[at] == 0x65 or body[at] == 0x45):
        at += 1
        down = False
        if at < total and (body[at] == 0x2D or body[at] == 0x2B):
            down = body[at] == 0x2D
            at += 1
        exponent = 0
        first = at
        while at < total and body[at] >= 0x30 and body[at] <= 0x39:
            exponent = exponent * 10 + int(body[at] - 0x30)
            if exponent > _EXPONENT_MAX:
                return False, _U(0), at
            at += 1
        if at == first:
            return False, _U(0), at
        power += -exponent if down else exponent
    sign = _SIGN_BIT if negative else _U(0)
    if mantissa == _U(0):
        return True, sign, at
    if mantissa <= _U(1 << 53) and power >= -22 and power <= 22:
        exact = np.float64(mantissa)
        exact = exact / _EXACT[-power] if power < 0 else exact * _EXACT[power]
        return True, _U(np.float64(exact).view(np.uint64)) | sign, at
    if power == 0:
        return True, _U(np.float64(mantissa).view(np.uint64)) | sign, at
    decided, bits = _nearest(mantissa, power)
    return decided, bits | sign, at


@compiled
def read_numbers(body: Any, starts: Any, bits: Any, decided: Any) -> None:
    """`read_number` at each of `starts`, to the end of `body`, for the test that compares with `float`."""
    for row in range(len(starts)):
        stop = starts[row]
        while stop < len(body) and body[stop] != 0x0A:
            stop += 1
        done, found, end = read_number(body, starts[row], stop)
        decided[row] = done and end == stop
        bits[row] = found
