"""What the structured metadata of lines says of severity and trace, before the lines themselves are read.

Loki's order: `detected_level` that somebody found already, then (a label of the stream, which the caller knows, then)
a level field, then OTLP's severity number. A `detected_level` that is one of ours is taken out, because it is derived
from the severity on reading; an odd word stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hannun.model.log import SEVERITIES, Attributes, TextColumn
from hannun.process.logs.compiled import compiled, copy, is_digit, same_letters
from hannun.process.logs.ids import NO_ID, kind_at, note
from hannun.process.logs.levels import (
    DEBUG,
    ERROR,
    FATAL,
    INFO,
    NONE,
    TRACE,
    WARN,
    Names,
    is_named,
    names,
    said_by,
)

DETECTED, FIELD, NUMBER, NOTHING = 3, 2, 1, 0
_OURS = names(("detected_level", "severity_number", *SEVERITIES))
_DATA, _OFFSETS = _OURS.data, _OURS.offsets


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """`severity` uint8[n] (NONE: says nothing) by which `source` uint8[n], and the attributes that are left."""

    severity: NDArray[np.uint8]
    source: NDArray[np.uint8]
    attributes: Attributes | None


def told(
    attributes: Attributes, fields: Names, shift: int, traces: NDArray[np.int64], spans: NDArray[np.int64]
) -> Told:
    """Ids are noted in `traces` and `spans` int64[n, 2] at `shift` + their place in the values."""
    lines = len(attributes.offsets) - 1
    severity = np.full(lines, NONE, dtype=np.uint8)
    source = np.zeros(lines, dtype=np.uint8)
    keep = np.ones(len(attributes.keys), dtype=np.bool_)
    dropped = _read(
        attributes.offsets,
        attributes.keys.data,
        attributes.keys.offsets,
        attributes.values.data,
        attributes.values.offsets,
        fields.data,
        fields.offsets,
        fields.lengths,
        np.int64(shift),
        severity,
        source,
        keep,
        traces,
        spans,
    )
    return Told(severity, source, _kept(attributes, keep) if dropped else attributes)


def _kept(attributes: Attributes, keep: NDArray[np.bool_]) -> Attributes | None:
    if not keep.any():
        return None
    counted = np.concatenate(([0], np.cumsum(keep)))
    wanted = np.flatnonzero(keep)
    return Attributes(
        counted[attributes.offsets].astype(np.int64), taken(attributes.keys, wanted), taken(attributes.values, wanted)
    )


def taken(column: TextColumn, wanted: NDArray[np.int64]) -> TextColumn:
    """The texts at the positions `wanted`."""
    lengths = (column.offsets[1:] - column.offsets[:-1])[wanted]
    offsets = np.zeros(len(wanted) + 1, dtype=np.int64)
    np.cumsum(lengths, out=offsets[1:])
    data = np.empty(int(offsets[-1]), dtype=np.uint8)
    _copy(column.data, column.offsets[:-1][wanted], offsets, data)
    return TextColumn(data, offsets)


@compiled
def _copy(data: Any, starts: Any, offsets: Any, out: Any) -> None:
    for index in range(len(starts)):
        copy(data, starts[index], offsets[index + 1] - offsets[index], out, offsets[index])


@compiled
def _is_ours(data: Any, at: Any, end: Any, which: Any) -> Any:
    return same_letters(data, at, end, _DATA, _OFFSETS[which], _OFFSETS[which + 1])


@compiled
def _otlp(data: Any, at: Any, end: Any) -> Any:
    """The severity of a severity_number written in digits, or NONE."""
    if end == at or end - at > 2:
        return np.uint8(NONE)
    number = np.int64(0)
    for position in range(at, end):
        if not is_digit(data[position]):
            return np.uint8(NONE)
        number = 10 * number + np.int64(data[position] - 0x30)
    if number < 1 or number > 24:
        return np.uint8(NONE)
    step = (number - 1) // 4
    if step == 0:
        return np.uint8(TRACE)
    if step == 1:
        return np.uint8(DEBUG)
    if step == 2:
        return np.uint8(INFO)
    return np.uint8(WARN) if step == 3 else np.uint8(ERROR) if step == 4 else np.uint8(FATAL)


@compiled
def _read(
    offsets: Any, keys: Any, key_at: Any, values: Any, value_at: Any, fields: Any, field_offsets: Any, lengths: Any,
    shift: Any, severity: Any, source: Any, keep: Any, traces: Any, spans: Any,
) -> Any:  # fmt: skip
    dropped = 0
    for index in range(len(offsets) - 1):
        for pair in range(offsets[index], offsets[index + 1]):
            at = key_at[pair]
            end = key_at[pair + 1]
            start = value_at[pair]
            stop = value_at[pair + 1]
            if _is_ours(keys, at, end, 0):
                said = said_by(values, start, stop)
                if said != NONE and source[index] < DETECTED:
                    severity[index] = said
                    source[index] = DETECTED
                for which in range(2, len(_OFFSETS) - 1):
                    if _is_ours(values, start, stop, which):
                        keep[pair] = False
                        dropped += 1
                        break
            elif _is_ours(keys, at, end, 1):
                said = _otlp(values, start, stop)
                if said != NONE and source[index] < NUMBER:
                    severity[index] = said
                    source[index] = NUMBER
            elif source[index] < FIELD and is_named(keys, at, end, fields, field_offsets, lengths):
                said = said_by(values, start, stop)
                if said != NONE:
                    severity[index] = said
                    source[index] = FIELD
            kind = kind_at(keys, at, end)
            if kind != NO_ID:
                note(values, start, stop, kind, shift, index, traces, spans)
    return dropped
