"""Compiled scan of a 2.0 request. The rule of the 1.0 scan holds here too: no byte is loaded before its position was
compared with the end of its message, and no reference is followed before it was compared with the number of symbols.

A symbol is hashed once per request; the key of a series is made of the hashes of its symbols in order. The table of
symbols differs from request to request, the texts do not: so a known series costs a few multiplications per label.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hannun.wire.compiled import byte_at, compiled
from hannun.wire.remote_write.scan import (
    _A1,
    _A2,
    _B1,
    _B2,
    _U,
    AT,
    EXEMPLARS,
    HISTOGRAMS,
    METADATA,
    MORE_EXEMPLARS,
    MORE_HISTOGRAMS,
    MORE_SAMPLES,
    MORE_SERIES,
    OK,
    SAMPLES,
    SERIES,
    TRUNCATED,
    WORDS,
    WRONG_WIRE,
    _finish,
    _hash,
    _sample,
    _tag,
    _varint,
)

MORE_SYMBOLS, RESERVED = 20, 21
WORDS_2 = {**WORDS, RESERVED: "field of a 1.0 message"}
SYMBOLS = METADATA
"""The slot of the tally where `layout` counts symbols."""


@compiled
def layout(body: Any, symbols: Any, series: Any, tally: Any) -> Any:
    """Where each symbol and each TimeSeries lies: `symbols` int64[k, 2], `series` int64[s, 2]."""
    total = len(body)
    names = held = at = 0
    while at < total:
        status, number, wire, start, stop, _value = _tag(body, at, total)
        tally[AT] = at
        if status != OK:
            return status
        at = stop
        if number < 4:
            return RESERVED
        if number > 5:
            continue
        if wire != 2:
            return WRONG_WIRE
        if number == 4:
            if names >= len(symbols):
                return MORE_SYMBOLS
            symbols[names, 0] = start
            symbols[names, 1] = stop
            names += 1
        else:
            if held >= len(series):
                return MORE_SERIES
            series[held, 0] = start
            series[held, 1] = stop
            held += 1
    tally[SYMBOLS] = names
    tally[SERIES] = held
    return OK


@compiled
def hash_symbols(body: Any, symbols: Any, seed: Any, keys: Any) -> None:
    """`keys` uint64[k, 2]: equal texts have equal keys."""
    for index in range(len(symbols)):
        a, b = _hash(body, symbols[index, 0], symbols[index, 1], seed, ~seed, seed)
        keys[index, 0] = _finish(a)
        keys[index, 1] = _finish(b)


@compiled
def _mix(a: Any, b: Any, more_a: Any, more_b: Any) -> Any:
    a += more_a * _A2
    a = (a << _U(31) | a >> _U(33)) * _A1
    b += more_b * _B2
    b = (b << _U(29) | b >> _U(35)) * _B1
    return a, b


@compiled
def _metadata(body: Any, at: Any, end: Any) -> Any:
    """(status, position, type, reference of the help, reference of the unit)."""
    kind = _U(0)
    words = _U(0)
    unit = _U(0)
    while at < end:
        status, number, wire, _start, stop, value = _tag(body, at, end)
        if status != OK:
            return status, at, kind, words, unit
        if number == 1 or number == 3 or number == 4:
            if wire != 0:
                return WRONG_WIRE, at, kind, words, unit
            if number == 1:
                kind = value
            elif number == 3:
                words = value
            else:
                unit = value
        at = stop
    return OK, at, kind, words, unit


@compiled
def scan(
    body: Any,
    spans: Any,
    symbols: Any,
    seed: Any,
    name: Any,
    keys: Any,
    counts: Any,
    lost: Any,
    ts_ms: Any,
    bits: Any,
    told: Any,
    shapes: Any,
    about: Any,
    about_keys: Any,
    tally: Any,
) -> Any:
    """Fill the arrays from the TimeSeries at `spans`; returns OK, MORE_… or a fault.

    `symbols` uint64[k, 2] and `name` uint64[2] are the keys of the symbols and of the text `__name__`. `keys`
    uint64[s, 2], `counts` int64[s], `lost` uint8[s] (1: a reference leads nowhere), `ts_ms` int64[n], `bits` uint64[n],
    `told` int64[e, 3] series and bytes of each exemplar, `shapes` int64[h, 3] of each native histogram, `about`
    int64[s, 3] series and bytes of each metadata message,
    `about_keys` uint64[s, 2] what that message says of which metric.
    """
    samples = exemplars = histograms = described = 0
    most = _U(len(symbols))
    for series in range(len(spans)):
        a = seed
        b = ~seed
        held = refs = 0
        bad = False
        metric_a = _U(0)
        metric_b = _U(0)
        is_name = False
        about_start = about_stop = -1
        pos = spans[series, 0]
        stop = spans[series, 1]
        while pos < stop:
            tally[AT] = pos
            # The quick road: a field of bytes shorter than 128, which is nearly all of them.
            if (
                stop - pos >= 2
                and byte_at(body, pos) & 0x87 == 0x02
                and byte_at(body, pos) > 7
                and byte_at(body, pos + 1) < 0x80
            ):
                number = np.int64(byte_at(body, pos) >> 3)
                wire = 2
                inner = pos + 2
                inner_stop = inner + np.int64(byte_at(body, pos + 1))
                value = _U(0)
                if inner_stop > stop:
                    return TRUNCATED
            else:
                status, number, wire, inner, inner_stop, value = _tag(body, pos, stop)
                if status != OK:
                    return status
            if number == 1:
                if wire != 2 and wire != 0:
                    return WRONG_WIRE
                at = inner
                while True:
                    if wire == 2:
                        if at >= inner_stop:
                            break
                        value = _U(byte_at(body, at))
                        if value < _U(0x80):
                            at += 1
                        else:
                            status, value, at = _varint(body, at, inner_stop)
                            if status != OK:
                                return status
                    if value >= most:
                        bad = True
                    else:
                        ref = np.int64(value)
                        a, b = _mix(a, b, symbols[ref, 0], symbols[ref, 1])
                        if refs % 2 == 0:
                            is_name = symbols[ref, 0] == name[0] and symbols[ref, 1] == name[1]
                        elif is_name:
                            metric_a = symbols[ref, 0]
                            metric_b = symbols[ref, 1]
                    refs += 1
                    if wire == 0:
                        break
            elif number <= 5:
                if wire != 2:
                    return WRONG_WIRE
                if number == 2:
                    if samples >= len(ts_ms):
                        return MORE_SAMPLES
                    status, where, ts, value_bits = _sample(body, inner, inner_stop)
                    if status != OK:
                        tally[AT] = where
                        return status
                    ts_ms[samples] = np.int64(ts)
                    bits[samples] = value_bits
                    samples += 1
                    held += 1
                elif number == 3:
                    if histograms >= len(shapes):
                        return MORE_HISTOGRAMS
                    shapes[histograms, 0] = series
                    shapes[histograms, 1] = inner
                    shapes[histograms, 2] = inner_stop
                    histograms += 1
                elif number == 4:
                    if exemplars >= len(told):
                        return MORE_EXEMPLARS
                    told[exemplars, 0] = series
                    told[exemplars, 1] = inner
                    told[exemplars, 2] = inner_stop
                    exemplars += 1
                else:
                    about_start = inner
                    about_stop = inner_stop
            pos = inner_stop
        keys[series, 0] = _finish(a)
        keys[series, 1] = _finish(b)
        counts[series] = held
        lost[series] = 1 if bad or refs % 2 else 0
        if about_start >= 0:
            status, where, kind, words, unit = _metadata(body, about_start, about_stop)
            if status != OK:
                tally[AT] = where
                return status
            if words < most and unit < most and lost[series] == 0:
                a, b = _mix(metric_a, metric_b, kind, kind)
                a, b = _mix(a, b, symbols[np.int64(words), 0], symbols[np.int64(words), 1])
                a, b = _mix(a, b, symbols[np.int64(unit), 0], symbols[np.int64(unit), 1])
                about[described, 0] = series
                about[described, 1] = about_start
                about[described, 2] = about_stop
                about_keys[described, 0] = _finish(a)
                about_keys[described, 1] = _finish(b)
                described += 1
    tally[SAMPLES] = samples
    tally[EXEMPLARS] = exemplars
    tally[HISTOGRAMS] = histograms
    tally[METADATA] = described
    return OK
