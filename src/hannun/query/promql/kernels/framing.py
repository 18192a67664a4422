"""Shortest decimal digits (made in bulk by orjson) -> Prometheus's `[ts,"value"]` text."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hannun.model.metric import Floats, Ints
from hannun.query.promql.grid import Bools
from hannun.query.promql.kernels.compiled import kernel

Bytes = NDArray[np.uint8]
VALUE_BYTES_MAX = 32
"""The longest value text: sign, `0.`, six zeros and seventeen digits."""

_QUOTE, _COMMA, _OPEN, _CLOSE, _DOT, _MINUS, _PLUS, _ZERO, _E, _NULL = 34, 44, 91, 93, 46, 45, 43, 48, 101, 110


@kernel
def frame(
    source: Bytes,
    values: Floats,
    present: Bools,
    stamps: Bytes,
    stamp_at: Ints,
    heads: Bytes,
    head_at: Ints,
    tail: Bytes,
    out: Bytes,
) -> int:
    """Write `head [ts,"v"],… tail` of each row that has a present cell into `out`, rows parted by commas; the size.

    `source` is `[v,v,…]` over the present cells, row by row. `stamps[stamp_at[k]:stamp_at[k+1]]` is step k's time,
    `heads[head_at[row]:head_at[row+1]]` what stands before a row. orjson writes `1.0`, `1e16`, `1e-7` and null where Go
    writes `1`, `10000000000000000`, `1e-07`, NaN or ±Inf.
    """
    rows, steps = values.shape
    at = 1
    to = 0
    digits = np.empty(32, dtype=np.uint8)
    for row in range(rows):
        first = True
        for k in range(steps):
            if not present[row, k]:
                continue
            if first:
                first = False
                if to > 0:
                    out[to] = _COMMA
                    to += 1
                for i in range(head_at[row], head_at[row + 1]):
                    out[to] = heads[i]
                    to += 1
            else:
                out[to] = _COMMA
                to += 1
            out[to] = _OPEN
            to += 1
            for i in range(stamp_at[k], stamp_at[k + 1]):
                out[to] = stamps[i]
                to += 1
            out[to] = _COMMA
            out[to + 1] = _QUOTE
            to += 2
            # Nearly all values are taken as they are, so they are copied while their end is looked for.
            begin = at
            began = to
            exponent_at = -1
            sign = source[at]
            while sign != _COMMA and sign != _CLOSE:
                if sign == _E:
                    exponent_at = at
                out[to] = sign
                to += 1
                at += 1
                sign = source[at]
            stop = at
            at += 1
            if source[begin] == _NULL:
                to = began
                v = values[row, k]
                if math.isnan(v):
                    out[to] = 78
                    out[to + 1] = 97
                    out[to + 2] = 78
                    to += 3
                else:
                    out[to] = _PLUS if v > 0 else _MINUS
                    out[to + 1] = 73
                    out[to + 2] = 110
                    out[to + 3] = 102
                    to += 4
            elif exponent_at < 0:
                if stop - begin >= 2 and source[stop - 1] == _ZERO and source[stop - 2] == _DOT:
                    to -= 2
            else:
                to = began
                if source[begin] == _MINUS:
                    out[to] = _MINUS
                    to += 1
                    begin += 1
                count = 0
                whole = 0
                seen_dot = False
                for i in range(begin, exponent_at):
                    if source[i] == _DOT:
                        seen_dot = True
                    else:
                        digits[count] = source[i]
                        count += 1
                        if not seen_dot:
                            whole += 1
                while count > 1 and digits[count - 1] == _ZERO:
                    count -= 1
                negative = False
                power = 0
                for i in range(exponent_at + 1, stop):
                    if source[i] == _MINUS:
                        negative = True
                    elif source[i] != _PLUS:
                        power = power * 10 + (source[i] - _ZERO)
                if negative:
                    power = -power
                power += whole - 1
                if -7 < power < 0:
                    out[to] = _ZERO
                    out[to + 1] = _DOT
                    to += 2
                    for _ in range(-power - 1):
                        out[to] = _ZERO
                        to += 1
                    for i in range(count):
                        out[to] = digits[i]
                        to += 1
                elif 0 <= power < 21:
                    for i in range(max(count, power + 1)):
                        if i == power + 1:
                            out[to] = _DOT
                            to += 1
                        out[to] = digits[i] if i < count else _ZERO
                        to += 1
                else:
                    out[to] = digits[0]
                    to += 1
                    if count > 1:
                        out[to] = _DOT
                        to += 1
                        for i in range(1, count):
                            out[to] = digits[i]
                            to += 1
                    out[to] = _E
                    out[to + 1] = _MINUS if power < 0 else _PLUS
                    to += 2
                    size = abs(power)
                    if size >= 100:
                        out[to] = _ZERO + size // 100
                        to += 1
                    out[to] = _ZERO + (size // 10) % 10
                    out[to + 1] = _ZERO + size % 10
                    to += 2
            out[to] = _QUOTE
            out[to + 1] = _CLOSE
            to += 2
        if not first:
            for sign in tail:
                out[to] = sign
                to += 1
    return to
