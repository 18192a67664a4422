"""What a page says, as columns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hannun.model.histogram import NativeHistogram
from hannun.model.metric import Floats, Ints, MetricMetadata


class FirstSeen(NamedTuple):
    """A series on its first page. `number` is what `index` calls it.

    `labels` hold the name as `__name__`, and empty values as the page told them.
    """

    number: int
    labels: dict[str, str]


class PageHistogram(NamedTuple):
    """The native histogram of one row, whose `value` says nothing."""

    row: int
    histogram: NativeHistogram


class PageExemplar(NamedTuple):
    """The exemplar of one row. `ts_ms` None: the page told no time."""

    row: int
    labels: dict[str, str]
    value: float
    ts_ms: int | None


@dataclass(frozen=True, slots=True, eq=False)
class PageColumns:
    """One row per sample, in the order of the page; a series told twice stands twice.

    `index` int64[n]: a number per distinct series text of this target, stable until it stands in `forgotten`; comment
    lines are numbered too, so not every number is a series. `value` float64[n], every NaN as 0x7ff8000000000001.
    `ts_ms` int64[n], valid where `has_ts` bool[n].
    `new`: the series that this target never told before, or that were forgotten since. `forgotten` int64[k]: numbers
    that are free again, none of them in `index`; a later page may give them to other series.
    `index_end`: all numbers in use are below it, so state per series fits into arrays of this length.
    `metadata`: all that the page said, the same object as last time while it is the same (`metadata_changed` False).
    `histograms`: which rows are native histograms, ascending.
    """

    index: Ints
    value: Floats
    ts_ms: Ints
    has_ts: NDArray[np.bool_]
    new: tuple[FirstSeen, ...]
    forgotten: Ints
    index_end: int
    exemplars: tuple[PageExemplar, ...] = ()
    metadata: tuple[MetricMetadata, ...] = ()
    metadata_changed: bool = False
    histograms: tuple[PageHistogram, ...] = ()

    def __len__(self) -> int:
        return len(self.index)


def without_rows(page: PageColumns, rows: Ints) -> PageColumns:
    """The page as if these rows had not been told; what they are of is not announced."""
    kept = np.ones(len(page), np.bool_)
    kept[rows] = False
    place = np.cumsum(kept) - 1
    gone = set(page.index[rows].tolist())
    return replace(
        page,
        index=page.index[kept],
        value=page.value[kept],
        ts_ms=page.ts_ms[kept],
        has_ts=page.has_ts[kept],
        new=tuple(one for one in page.new if one.number not in gone),
        exemplars=tuple(one._replace(row=int(place[one.row])) for one in page.exemplars if kept[one.row]),
        histograms=tuple(one._replace(row=int(place[one.row])) for one in page.histograms),
    )
