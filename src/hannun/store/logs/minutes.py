"""Counts of lines and bytes per stream and minute as columns: grouped out of lines, cut to a range, summed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hannun.model.metric import Ids, Ints
from hannun.store.logs.seen import Positions

MINUTE_NS = 60 * 10**9
HOUR_NS = 60 * MINUTE_NS
CHUNKS_MAX = 64
DENSE = 8


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """`stream` uint64[n], `minute` uint8[n] of an hour (0 where it does not matter), `lines` and `bytes` int64[n]."""

    stream: Ids
    minute: NDArray[np.uint8]
    lines: Ints
    bytes: Ints

    def __len__(self) -> int:
        return len(self.stream)

    @staticmethod
    def none() -> Counts:
        nothing = np.empty(0, np.int64)
        return Counts(np.empty(0, np.uint64), np.empty(0, np.uint8), nothing, nothing)

    def at(self, rows: Any) -> Counts:
        return Counts(self.stream[rows], self.minute[rows], self.lines[rows], self.bytes[rows])

    def of_minutes(self, minute: Ints) -> Counts:
        return Counts(self.stream, minute.astype(np.uint8), self.lines, self.bytes)


class HourCounts:
    """One hour: counts by the minute, and once more over the whole hour, which most questions are about. Not locked."""

    def __init__(self, counts: Counts) -> None:
        self._chunks = [counts]
        self._whole: Counts | None = None

    def __len__(self) -> int:
        return sum(map(len, self._chunks))

    def add(self, counts: Counts) -> None:
        self._chunks.append(counts)
        self._whole = None
        if len(self._chunks) > CHUNKS_MAX:
            self._chunks = [together(self._chunks, by_minute=True)]

    def between(self, first: int, end: int) -> Counts:
        """Of the minutes `[first, end)` of this hour."""
        if first > 0 or end < 60:
            all_ = joined(self._chunks)
            return all_.at((all_.minute >= max(first, 0)) & (all_.minute < min(end, 60)))
        if self._whole is None:
            self._whole = together(self._chunks, by_minute=False)
        return self._whole


def minutes_of(ts_ns: Ints) -> Ints:
    """Minute `m` since 1970 holds `(m * 60 s, (m + 1) * 60 s]`; the first one its first moment too."""
    return np.maximum(ts_ns - 1, 0) // MINUTE_NS


def grouped(streams: Ids, positions: Positions, minutes: Ints, sizes: Ints) -> Counts:
    """Counts of lines. `positions` name the streams by small numbers, `minutes` are of one hour."""
    if not len(positions):
        return Counts.none()
    key = positions * 60 + minutes
    span = int(key.max()) + 1
    if span <= DENSE * len(key) + 4096:
        found = np.flatnonzero(lines := np.bincount(key, minlength=span))
        lines, size = lines[found], np.bincount(key, sizes, span)[found]
        some = np.zeros(span, np.int64)
        some[key] = np.arange(len(key))  # any line of each kind: it knows the stream
        first = some[found]
    else:
        found, first, place, lines = np.unique(key, return_index=True, return_inverse=True, return_counts=True)
        size = np.bincount(place, sizes)
    return Counts(streams[first], (found % 60).astype(np.uint8), lines.astype(np.int64), size.astype(np.int64))


def joined(parts: Sequence[Counts]) -> Counts:
    if len(parts) == 1:
        return parts[0]
    return Counts(*(np.concatenate([getattr(part, name) for part in parts]) for name in Counts.__slots__))


def together(parts: Sequence[Counts], *, by_minute: bool) -> Counts:
    """One row a stream (and minute)."""
    all_ = joined(parts)
    if not len(all_):
        return all_
    order = np.lexsort((all_.minute, all_.stream)) if by_minute else np.argsort(all_.stream, kind="stable")
    all_ = all_.at(order)
    new = all_.stream[1:] != all_.stream[:-1]
    if by_minute:
        new |= all_.minute[1:] != all_.minute[:-1]
    starts = np.concatenate(([0], np.flatnonzero(new) + 1))
    return Counts(
        all_.stream[starts],
        all_.minute[starts],
        np.add.reduceat(all_.lines, starts),
        np.add.reduceat(all_.bytes, starts),
    )


def summed(parts: Sequence[Counts], ids: Ids) -> tuple[Ints, Ints]:
    """Lines and bytes of each of these streams (at least one), in their order."""
    order = np.argsort(ids)
    lines, size = np.zeros(len(ids), np.int64), np.zeros(len(ids), np.int64)
    all_ = joined(parts) if parts else Counts.none()
    if len(all_):
        at = order[np.minimum(np.searchsorted(ids, all_.stream, sorter=order), len(ids) - 1)]
        ours = ids[at] == all_.stream
        np.add.at(lines, at[ours], all_.lines[ours])
        np.add.at(size, at[ours], all_.bytes[ours])
    return lines, size
