"""Compiled passes over the bytes of lines: their hashes, where their ids stand, and choosing some of them.

Each has a plain Python reference in its tests.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hannun.model.compiled import compiled, word
from hannun.model.log import Attributes, LogBatch, TextColumn
from hannun.model.metric import Ids, Ints

_U = np.uint64
_K1, _K2 = _U(0x9E3779B97F4A7C15), _U(0xD6E8FEB86659FD93)
_NO_TEXT = np.zeros(0, np.uint8)
_ONE_OFFSET = np.zeros(1, np.int64)


@compiled
def _mix(state: Any, word: Any) -> Any:
    state = (state ^ word) * _K1
    return (state ^ (state >> _U(29))) * _K2


@compiled
def _mix_text(state: Any, data: Any, start: Any, end: Any) -> Any:
    """The length goes in too: "ab" + "c" is not "a" + "bc"."""
    state = _mix(state, _U(end - start))
    while start + 8 <= end:
        state = _mix(state, word(data, start))
        start += 8
    rest = _U(0)
    while start < end:
        rest = rest << _U(8) | _U(data[start])
        start += 1
    return _mix(state, rest)


@compiled
def _hash(
    secret: Any,
    stream: Any,
    ts_ns: Any,
    data: Any,
    offsets: Any,
    pairs: Any,
    key_data: Any,
    key_offsets: Any,
    value_data: Any,
    value_offsets: Any,
    out: Any,
) -> None:
    with_pairs = len(pairs) > 1
    for i in range(len(stream)):
        state = _mix(_mix(secret, stream[i]), _U(ts_ns[i]))
        state = _mix_text(state, data, offsets[i], offsets[i + 1])
        if with_pairs:
            for j in range(pairs[i], pairs[i + 1]):
                state = _mix_text(state, key_data, key_offsets[j], key_offsets[j + 1])
                state = _mix_text(state, value_data, value_offsets[j], value_offsets[j + 1])
        state ^= state >> _U(32)
        out[i] = state if state != _U(0) else _U(1)


@compiled
def _locate(data: Any, offsets: Any, ids: Any, id_offsets: Any, length: Any, out: Any) -> Any:
    """Where in line `i`, from 1, its id of `length` (>= 8) bytes stands, 0: nowhere. Returns how many ids are so."""
    missing = 0
    for i in range(len(out)):
        out[i] = 0
        start = id_offsets[i]
        if id_offsets[i + 1] == start:
            continue
        if id_offsets[i + 1] - start == length:
            first = word(ids, start)
            byte = ids[start]
            for at in range(offsets[i], offsets[i + 1] - length + 1):
                if data[at] == byte and word(data, at) == first:
                    same = 8
                    while same < length and data[at + same] == ids[start + same]:
                        same += 1
                    if same == length:
                        out[i] = at - offsets[i] + 1
                        break
        missing += out[i] == 0
    return missing


@compiled
def _gather(data: Any, offsets: Any, at: Any, new_offsets: Any, out: Any) -> None:
    for i in range(len(at)):
        start, to = offsets[at[i]], new_offsets[i]
        for j in range(new_offsets[i + 1] - to):
            out[to + j] = data[start + j]


def hashes(batch: LogBatch, secret: np.uint64) -> Ids:
    """Per line 64 bits over stream, time, body and attributes, never 0. By `secret` no sender can make two equal."""
    out = np.empty(len(batch), np.uint64)
    pairs = batch.attributes or Attributes(_ONE_OFFSET, _EMPTY, _EMPTY)
    _hash(
        secret,
        _fixed(batch.stream, np.uint64),
        _fixed(batch.ts_ns, np.int64),
        *_text(batch.body),
        _fixed(pairs.offsets, np.int64),
        *_text(pairs.keys),
        *_text(pairs.values),
        out,
    )
    return out


def locate(body: TextColumn, ids: TextColumn, length: int) -> tuple[NDArray[np.uint32], TextColumn | None]:
    """Where each id stands in its line (from 1, 0: nowhere), and the ids that stand nowhere (None: no such id)."""
    out = np.empty(len(body), np.uint32)
    if not _locate(*_text(body), *_text(ids), length, out):
        return out, None
    sizes = np.where(out == 0, np.diff(ids.offsets), 0)
    return out, _gathered(ids, np.arange(len(ids)), sizes)


def take(column: TextColumn, at: NDArray[np.int64]) -> TextColumn:
    """The texts at these positions."""
    return _gathered(column, at, np.diff(column.offsets)[at])


def take_pairs(attributes: Attributes, at: NDArray[np.int64]) -> Attributes:
    """The attributes of the lines at these positions."""
    counts = np.diff(attributes.offsets)[at]
    offsets = _offsets(counts)
    pair = np.arange(offsets[-1]) - np.repeat(offsets[:-1], counts) + np.repeat(attributes.offsets[at], counts)
    return Attributes(offsets, take(attributes.keys, pair), take(attributes.values, pair))


def take_lines(batch: LogBatch, at: NDArray[np.int64], *, introduce: bool) -> LogBatch:
    """The lines at these positions as a batch of their own."""

    def some(column: TextColumn | None) -> TextColumn | None:
        return None if column is None else take(column, at)

    return LogBatch(
        batch.stream[at],
        batch.ts_ns[at],
        batch.severity[at],
        take(batch.body, at),
        some(batch.said),
        None if batch.attributes is None else take_pairs(batch.attributes, at),
        some(batch.trace_id),
        some(batch.span_id),
        batch.introduced if introduce else (),
    )


def _fixed(array: NDArray[Any], kind: type[np.generic]) -> NDArray[Any]:
    """One compiled form for all callers: views of received bytes cannot be written to, so nothing here can be."""
    view = np.ascontiguousarray(array, kind).view()
    view.flags.writeable = False
    return view


def _text(column: TextColumn) -> tuple[NDArray[Any], NDArray[Any]]:
    return _fixed(column.data, np.uint8), _fixed(column.offsets, np.int64)


def _gathered(column: TextColumn, at: NDArray[np.int64], sizes: Ints) -> TextColumn:
    offsets = _offsets(sizes)
    out = np.empty(int(offsets[-1]), np.uint8)
    _gather(*_text(column), _fixed(at, np.int64), _fixed(offsets, np.int64), out)
    return TextColumn(out, offsets)


def _offsets(sizes: Ints) -> Ints:
    offsets = np.zeros(len(sizes) + 1, np.int64)
    np.cumsum(sizes, out=offsets[1:])
    return offsets


_EMPTY = TextColumn(_NO_TEXT, _ONE_OFFSET)
