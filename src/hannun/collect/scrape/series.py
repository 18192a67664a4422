"""The memory of one target: which series its numbers mean, which of them live. Columns, no object per sample.

The decoder gives each distinct series text of a target a dense number. Per number we keep the series id, whether
relabeling dropped it, and the number that stands for it where two texts name one series. A known page is a handful of
array operations; Python runs per new series only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hannun.collect.scrape.labels import LabelMaker
from hannun.model.labels import Labels
from hannun.model.metric import Floats, Ids, Ints
from hannun.wire.exposition_text import PageColumns

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Reading:
    """How a job wants its pages read."""

    honor_timestamps: bool = True
    track_staleness: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Round:
    """One page as rows for the store. `row` tells which row of the page each came from; `gone` lived until now.

    `made` are the labels of the series that this page brought. `duplicates` and `out_of_bounds` rows are left out.
    """

    series: Ids
    ts_ms: Ints
    value: Floats
    row: Ints
    gone: Ids
    scraped: int
    kept: int
    added: int
    duplicates: int = 0
    out_of_bounds: int = 0
    made: Mapping[int, Labels] = field(default_factory=dict)


class SeriesTable:
    """Not thread-safe: one page at a time."""

    def __init__(self) -> None:
        self._orphans: Ids = np.zeros(0, np.uint64)
        self._reset()

    def _reset(self) -> None:
        self._id: Ids = np.zeros(0, np.uint64)
        self._kept: Bools = np.zeros(0, np.bool_)
        self._alias: Ints = np.zeros(0, np.int64)
        self._first: Ints = np.zeros(0, np.int64)
        self._live: Ints = np.zeros(0, np.int64)
        self._aliased = False

    def clear(self) -> None:
        """Forget all numbers, together with the decoder: the next page is new from its first line.

        Who lives is remembered, so that what the next page lacks still gets its marker.
        """
        self._orphans = self.live
        self._reset()

    @property
    def live(self) -> Ids:
        """Ids of the series that the last page had and that end with a marker when they are gone."""
        return np.concatenate([self._id[self._live], self._orphans])

    def count(self, page: PageColumns) -> int:
        """How many samples of the page are left after relabeling. After `learn`."""
        return int(np.count_nonzero(self._kept[page.index])) if len(page) else 0

    def end(self) -> Ids:
        """`live`, of which nothing lives from now on."""
        ids = self.live
        self._live, self._orphans = np.zeros(0, np.int64), np.zeros(0, np.uint64)
        return ids

    def learn(self, page: PageColumns, maker: LabelMaker) -> dict[int, Labels]:
        """Ids and labels of the new series. Raises ScrapeFailed; then `clear` must follow."""
        self._grow(page.index_end)
        made: dict[int, Labels] = {}
        for index, exposed in page.new:
            labels = maker.make(exposed)
            if labels is None:
                self._kept[index] = False
                continue
            series = labels.series_id()
            made[series] = labels
            self._id[index] = series
            self._kept[index] = True
        numbers = self._numbers(page)
        self._alias[numbers] = numbers
        return made

    def read(
        self, page: PageColumns, ts_ms: int, bounds_ms: tuple[int, int], reading: Reading, made: Mapping[int, Labels]
    ) -> Round:
        """The page after `learn`. Samples without a time of their own get `ts_ms`."""
        if len(page.new):
            self._find_aliases()
        before = self._live
        rows = np.flatnonzero(self._kept[page.index]) if len(page) else np.zeros(0, np.int64)
        index = self._alias[page.index[rows]]
        own = page.has_ts[rows] if reading.honor_timestamps else np.zeros(len(rows), np.bool_)
        kept = len(rows)
        timed = bool(own.any())
        if timed:
            times = np.where(own, page.ts_ms[rows], ts_ms)
            inside = ~own | ((times >= bounds_ms[0]) & (times <= bounds_ms[1]))
            first = self._first_of_each_time(index, times) & inside
        else:
            times = np.full(kept, ts_ms, np.int64)
            inside = np.ones(kept, np.bool_)
            first = self._first_of_each(index)
        repeats = ~first & inside
        duplicates = self._that_differ(index, times, page.value[rows], first, repeats) if repeats.any() else 0
        if not first.all():
            rows, index, own, times = rows[first], index[first], own[first], times[first]
        ends = np.flatnonzero(~own) if timed and not reading.track_staleness else np.arange(len(rows))
        present = np.zeros(len(self._id), np.bool_)
        present[index] = True
        gone = self._id[before[~present[before]]]
        if len(self._orphans):
            gone = np.concatenate([gone, np.setdiff1d(self._orphans, self._id[index])])
            self._orphans = np.zeros(0, np.uint64)
        self._live = np.unique(index[ends]) if timed else index
        found = Round(
            self._id[index],
            times,
            page.value[rows],
            rows,
            gone,
            len(page),
            kept,
            int(np.count_nonzero(self._kept[self._numbers(page)])),
            duplicates,
            int(kept - np.count_nonzero(inside)),
            made,
        )
        self._forget(page, page.index[rows[ends]])
        return found

    def _grow(self, size: int) -> None:
        have = len(self._id)
        if size <= have:
            return
        room = max(size, have * 3 // 2) - have
        self._id = np.concatenate([self._id, np.zeros(room, np.uint64)])
        self._kept = np.concatenate([self._kept, np.zeros(room, np.bool_)])
        self._alias = np.concatenate([self._alias, np.arange(have, have + room, dtype=np.int64)])
        self._first = np.concatenate([self._first, np.zeros(room, np.int64)])

    def _find_aliases(self) -> None:
        """Two texts may name one series (labels in another order, or relabeling): the lower number stands for both."""
        numbers = np.flatnonzero(self._kept)
        _, first, back = np.unique(self._id[numbers], return_index=True, return_inverse=True)
        if not self._aliased and len(first) == len(numbers):
            return
        self._aliased = len(first) < len(numbers)
        self._alias[numbers] = numbers[first][back]
        self._live = np.unique(self._alias[self._live])

    def _forget(self, page: PageColumns, live: Ints) -> None:
        """Numbers that are free again. `live` are the page's own numbers: one that stood for others may be gone."""
        if not len(page.forgotten):
            return
        self._kept[page.forgotten] = False
        self._alias[page.forgotten] = page.forgotten
        if self._aliased:
            self._find_aliases()
            self._live = np.unique(self._alias[live])

    @staticmethod
    def _numbers(page: PageColumns) -> Ints:
        return np.fromiter((index for index, _ in page.new), np.int64, len(page.new))

    def _first_of_each(self, index: Ints) -> Bools:
        """Which rows are the first of their series."""
        order = np.arange(len(index))
        self._first[index[::-1]] = order[::-1]
        found: Bools = self._first[index] == order
        return found

    @staticmethod
    def _first_of_each_time(index: Ints, times: Ints) -> Bools:
        first = np.ones(len(index), np.bool_)
        order = np.lexsort((times, index))  # Stable: of equal ones the first on the page comes first.
        first[order[1:]] = (index[order[1:]] != index[order[:-1]]) | (times[order[1:]] != times[order[:-1]])
        return first

    @staticmethod
    def _that_differ(index: Ints, times: Ints, value: Floats, first: Bools, repeats: Bools) -> int:
        """How many repeats have another value than the row that was kept: equal ones are harmless."""
        bits = value.view(np.uint64)
        kept = dict(zip(zip(index[first].tolist(), times[first].tolist(), strict=True), bits[first], strict=True))
        rest = zip(index[repeats].tolist(), times[repeats].tolist(), bits[repeats], strict=True)
        return sum(bool(kept[at, ts] != other) for at, ts, other in rest)
