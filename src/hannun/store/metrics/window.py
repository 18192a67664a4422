"""One window of recent samples: a matrix of series × samples behind a floor, filled once and kept up to date."""

from __future__ import annotations

import numpy as np

from hannun.model.budget import Budget
from hannun.model.metric import Floats, Ids, Ints, SeriesColumns
from hannun.store.metrics import ring
from hannun.store.metrics.index import Choice
from hannun.store.metrics.registry import IdTable

BYTES_PER_SAMPLE = 12
SPARE_ROWS = 64
SPAN_MAX_MS = 30 * 86_400_000


class Window:
    """All samples after `floor_ms` of one metric, or (`is_part`) of the series it was filled with. Used under the lock
    of the cache."""

    def __init__(self, floor_ms: int, rows: int, capacity: int, now_s: float, *, is_part: bool = False) -> None:
        self._is_part = is_part
        self.base_ms = floor_ms
        self.floor_ms = floor_ms
        self.asked_s = now_s
        self.lookback_ms = 0
        self._table = IdTable()
        self._times = np.empty((rows, capacity), np.uint32)
        self._values = np.empty((rows, capacity), np.float64)
        self._count = np.zeros(rows, np.int64)

    @property
    def bytes(self) -> int:
        return self._times.nbytes + self._values.nbytes + self._count.nbytes + self._table.bytes

    @property
    def samples_per_series(self) -> float:
        return float(self._count.sum()) / max(len(self._table), 1)

    def fill(self, ids: Ids, columns: SeriesColumns) -> bool:
        """The first samples, `ids[i]` being series i of `columns`. False: they span more than a window can tell."""
        if len(columns.ts) and columns.base_ms + int(columns.ts.max()) - self.base_ms > SPAN_MAX_MS:
            return False
        shift = columns.base_ms - self.base_ms
        place = self._table.places(ids)
        ring.fill(place, columns.offsets, columns.ts, columns.value, shift, self._times, self._values, self._count)
        return True

    def insert(self, series: Ids, ts_ms: Ints, value: Floats, keep_from_ms: int, bytes_max: int) -> bool:
        """False: the window would outgrow `bytes_max`; the caller drops it."""
        if self._is_part:
            known = self._table.find(series) >= 0
            if not known.any():
                return True
            series, ts_ms, value = series[known], ts_ms[known], value[known]
        place = self._table.places(series)
        if len(self._table) > len(self._count) and not self._grow(len(self._table), self._times.shape[1], bytes_max):
            return False
        if len(ts_ms) and int(ts_ms.max()) - self.base_ms > SPAN_MAX_MS:
            return False
        at = 0
        while True:
            at = ring.insert(
                place, ts_ms, value, at, self.base_ms, self.floor_ms, self._times, self._values, self._count
            )
            if at == len(ts_ms):
                return True
            self.floor_ms = max(self.floor_ms, keep_from_ms)
            longest = ring.trim(np.uint32(self.floor_ms - self.base_ms), self._times, self._values, self._count)
            capacity = self._times.shape[1]
            if longest > capacity * 3 // 4 and not self._grow(len(self._count), capacity * 3 // 2 + 8, bytes_max):
                return False

    def select(self, choice: Choice, start_ms: int, end_ms: int, budget: Budget) -> SeriesColumns:
        """Samples in `(start, end]`; `start` is not below the floor."""
        place = self._table.find(choice.ids)
        low, high = np.empty(len(place), np.int64), np.empty(len(place), np.int64)
        shift = start_ms - self.base_ms
        first, last = shift + 1, min(end_ms - self.base_ms, 2**32 - 1)
        total = ring.bounds(place, first, last, self._times, self._count, low, high) if last >= first else 0
        budget.charge(total)
        out_ts, out_value = np.empty(total, np.uint32), np.empty(total, np.float64)
        chosen, offsets = np.empty(len(place), np.int64), np.zeros(len(place) + 1, np.int64)
        if not total:
            return SeriesColumns((), offsets[:1], start_ms, out_ts, out_value)
        found, stale = ring.copy(place, low, high, shift, self._times, self._values, out_ts, out_value, chosen, offsets)
        labels = tuple(choice.labels[i] for i in chosen[:found].tolist())
        return SeriesColumns(labels, offsets[: found + 1], start_ms, out_ts, out_value, bool(stale))

    def _grow(self, rows: int, capacity: int, bytes_max: int) -> bool:
        if rows > len(self._count):
            rows = rows * 5 // 4 + SPARE_ROWS
        if rows * capacity * BYTES_PER_SAMPLE > bytes_max:
            return False
        old_rows, old_capacity = self._times.shape
        times, values = np.empty((rows, capacity), np.uint32), np.empty((rows, capacity), np.float64)
        times[:old_rows, :old_capacity], values[:old_rows, :old_capacity] = self._times, self._values
        count = np.zeros(rows, np.int64)
        count[:old_rows] = self._count
        self._times, self._values, self._count = times, values, count
        return True
