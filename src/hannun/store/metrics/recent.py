"""Recent samples in memory: what rules, instant queries and refreshing dashboards ask for again and again.

Per metric a window `(floor, now]` of decoded samples, loaded by the second question for it and then kept up to date by
every commit before its requests are answered, so an answer from here equals an answer from the engine (a test
compares them under random writes). Bounded in bytes; a window that nobody asked for in ten minutes goes. Deletes and
dropped partitions empty it.

Measured: an instant query over ten thousand series reads 124 ms CPU of granules from the engine and 2 ms from here.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hannun.model.budget import Budget
from hannun.model.metric import Floats, Ids, Ints, SeriesColumns
from hannun.model.time import Clock
from hannun.store.metrics import ring
from hannun.store.metrics.index import Choice
from hannun.store.metrics.registry import IdTable

BYTES_PER_SAMPLE = 12
UNUSED_S = 600.0
SLACK_MS = 60_000
ASKED_MAX = 4_096
SPARE_ROWS = 64
SPAN_MAX_MS = 30 * 86_400_000
WINDOW_MS = 2**32 - 2
"""How far after its floor a window may be asked: what its 32-bit times can tell. Later samples it does not know."""
WORTH = 20
SMALL_SAMPLES = 200_000


class Window:
    """All samples of one metric after `floor_ms`. Used under the lock of the cache."""

    def __init__(self, floor_ms: int, rows: int, capacity: int, now_s: float) -> None:
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


@dataclass(slots=True)
class _Asked:
    """The last question for a metric that went to the engine: how much it read, for deciding about a window."""

    at_s: float
    rows_per_series_ms: float


Pending = list[tuple[Ids, Ints, Floats]]


class RecentSamples:
    """The windows of all metrics. Thread-safe; commits enter through `samples_added`."""

    def __init__(self, clock: Clock, *, bytes_max: int) -> None:
        self._clock = clock
        self._bytes_max = bytes_max
        self._lock = threading.Lock()
        self._windows: OrderedDict[str, Window] = OrderedDict()
        self._loading: dict[str, Pending] = {}
        self._asked: OrderedDict[str, _Asked] = OrderedDict()
        self._epoch = 0
        self.hits = 0
        self.misses = 0

    @property
    def bytes(self) -> int:
        return sum(window.bytes for window in self._windows.values())

    def clear(self) -> None:
        """After a delete: every window goes, and a load under way will not be kept."""
        with self._lock:
            self._epoch += 1
            self._windows.clear()
            self._asked.clear()

    def select(self, choice: Choice, start_ms: int, end_ms: int, budget: Budget) -> SeriesColumns | None:
        """The answer from memory; None when no window covers the question."""
        if len(choice.metrics) != 1:
            return None
        with self._lock:
            window = self._windows.get(choice.metrics[0])
            if window is None or start_ms < window.floor_ms or end_ms - window.base_ms > WINDOW_MS:
                self.misses += 1
                return None
            self._windows.move_to_end(choice.metrics[0])
            window.asked_s = self._clock.monotonic_s()
            window.lookback_ms = max(window.lookback_ms, self._clock.now_ms() - start_ms)
            self.hits += 1
            return window.select(choice, start_ms, end_ms, budget)

    def asked(self, choice: Choice, start_ms: int, end_ms: int, rows: int) -> None:
        """The engine answered this; remember what it cost."""
        if len(choice.metrics) != 1 or end_ms <= start_ms:
            return
        with self._lock:
            self._asked[choice.metrics[0]] = _Asked(
                self._clock.monotonic_s(), rows / (len(choice.ids) * (end_ms - start_ms))
            )
            self._asked.move_to_end(choice.metrics[0])
            while len(self._asked) > ASKED_MAX:
                self._asked.popitem(last=False)

    def floor_for(self, choice: Choice, series_of_metric: int, start_ms: int, end_ms: int) -> int | None:
        """From when a window for this question should hold samples; None when it is not worth its memory.

        Worth it: asked a second time within ten minutes, about the present, and most of what would be kept was asked.
        """
        if len(choice.metrics) != 1:
            return None
        now_ms, now_s = self._clock.now_ms(), self._clock.monotonic_s()
        with self._lock:
            before = self._asked.get(choice.metrics[0])
        span_ms = now_ms - start_ms
        if before is None or now_s - before.at_s > UNUSED_S or not 0 < span_ms < SPAN_MAX_MS // 2:
            return None
        if end_ms < now_ms - max(SLACK_MS * 5, span_ms // 4):
            return None
        floor_ms = max(start_ms - max(SLACK_MS, span_ms // 10), 0)
        if end_ms - floor_ms > WINDOW_MS:
            return None
        samples = before.rows_per_series_ms * series_of_metric * (now_ms - floor_ms)
        wanted = before.rows_per_series_ms * len(choice.ids) * span_ms
        if samples > SMALL_SAMPLES and samples > WORTH * wanted:
            return None
        return floor_ms if samples * BYTES_PER_SAMPLE * 1.5 <= self._bytes_max / 2 else None

    def begin_load(self, metric: str) -> int | None:
        """Commits from now on are kept for the window to come. None: somebody else loads this metric."""
        with self._lock:
            if metric in self._loading:
                return None
            self._loading[metric] = []
            return self._epoch

    def end_load(self, metric: str, epoch: int, floor_ms: int, ids: Ids, columns: SeriesColumns | None) -> None:
        """Build the window from what the engine answered and what was committed meanwhile.

        `ids[i]` is the series of `columns.labels[i]`. None: the load failed, forget it.
        """
        window = None
        try:
            # Filled outside the lock: a large window takes a while, and every commit would wait for it.
            if columns is not None:
                window = self._filled(floor_ms, ids, columns)
        finally:
            with self._lock:
                pending = self._loading.pop(metric, [])
                if window is not None and epoch == self._epoch:
                    self._publish(metric, window, pending)

    def _publish(self, metric: str, window: Window, pending: Pending) -> None:
        """Under the lock: what was committed while the window was filled, and from now on every commit."""
        for series, ts_ms, value in pending:
            if not window.insert(series, ts_ms, value, window.floor_ms, self._bytes_max):
                return
        self._windows[metric] = window
        self._windows.move_to_end(metric)
        self._evict()

    def _filled(self, floor_ms: int, ids: Ids, columns: SeriesColumns) -> Window | None:
        rows = len(ids) * 9 // 8 + SPARE_ROWS
        capacity = int(np.diff(columns.offsets).max(initial=0)) * 5 // 4 + 16
        if rows * capacity * BYTES_PER_SAMPLE > self._bytes_max * 3 // 4:
            return None
        window = Window(floor_ms, rows, capacity, self._clock.monotonic_s())
        return window if window.fill(ids, columns) else None

    def samples_added(
        self, names: Sequence[str], metric: NDArray[np.int32], series: Ids, ts_ms: Ints, value: Floats
    ) -> None:
        """A commit is durable; `metric` holds positions in `names`."""
        with self._lock:
            if not self._windows and not self._loading:
                return
            order = np.argsort(metric, kind="stable")
            codes = metric[order]
            starts = np.flatnonzero(np.concatenate([[True], codes[1:] != codes[:-1]]))
            ends = np.append(starts[1:], len(codes))
            now_ms = self._clock.now_ms()
            for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
                name = names[codes[start]]
                window = self._windows.get(name)
                if window is None and name not in self._loading:
                    continue
                at = order[start:end]
                some = (series[at], ts_ms[at], value[at])
                if name in self._loading:
                    self._loading[name].append(some)
                if window is not None:
                    keep_from = now_ms - window.lookback_ms - SLACK_MS
                    if not window.insert(*some, keep_from, self._bytes_max):
                        del self._windows[name]
            self._evict()

    def _evict(self) -> None:
        """Unused windows first, then the least recently used until the bound holds. Under the lock."""
        now_s = self._clock.monotonic_s()
        for name in [name for name, window in self._windows.items() if now_s - window.asked_s > UNUSED_S]:
            del self._windows[name]
        total = self.bytes
        while total > self._bytes_max and self._windows:
            _, gone = self._windows.popitem(last=False)
            total -= gone.bytes
