"""Recent samples in memory: what rules, instant queries and refreshing dashboards ask for again and again.

A window is `(floor, now]` of the decoded samples of a metric, or of the series that one selector chose of it where the
whole would be too large. It is loaded by the second question for it and then kept up to date by every commit before its
requests are answered, so an answer from here equals an answer from the engine (a test compares them under random
writes). Bounded in bytes; a window that nobody asked for in ten minutes goes. Deletes and dropped partitions empty it.

Measured: an instant query over ten thousand series reads 124 ms CPU of granules from the engine and 2 ms from here.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hannun.model.budget import Budget
from hannun.model.metric import Floats, Ids, Ints, SeriesColumns
from hannun.model.time import Clock
from hannun.store.metrics.index import Choice
from hannun.store.metrics.window import BYTES_PER_SAMPLE, SPAN_MAX_MS, SPARE_ROWS, Window

UNUSED_S = 600.0
SLACK_MS = 60_000
ASKED_MAX = 4_096
WINDOW_MS = 2**32 - 2
"""How far after its floor a window may be asked: what its 32-bit times can tell. Later samples it does not know."""
WORTH = 20
SMALL_SAMPLES = 200_000
WINDOWS_MAX = 256
"""Commits look at every window of a metric, so their number is bounded too."""

Key = tuple[str, bytes]
"""The metric, and which of its series: empty for all, else a digest of their ids."""
WHOLE = b""


def part_of(choice: Choice) -> bytes:
    return WHOLE if choice.whole else hashlib.blake2b(choice.ids.tobytes(), digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class Worth:
    """A window that should be loaded for a question: which, and from when on."""

    key: Key
    floor_ms: int


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
        self._windows: OrderedDict[Key, Window] = OrderedDict()
        self._loading: dict[Key, Pending] = {}
        self._parts: dict[str, set[bytes]] = {}
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
            self._parts = {}
            for metric, part in self._loading:
                self._parts.setdefault(metric, set()).add(part)

    def holds(self, choice: Choice, start_ms: int, end_ms: int) -> int:
        """How many samples of the choice are held in memory, about; 0 when no window covers the question."""
        if len(choice.metrics) != 1:
            return 0
        with self._lock:
            for _, window in self._covering(choice, start_ms, end_ms):
                return int(window.samples_per_series * len(choice.ids)) + 1
            return 0

    def select(
        self, choice: Choice, start_ms: int, end_ms: int, budget: Budget, *, of: Choice | None = None
    ) -> SeriesColumns | None:
        """The answer from memory; None when no window covers the question. `of`: what `choice` is a piece of."""
        if len(choice.metrics) != 1:
            return None
        with self._lock:
            for key, window in self._covering(of or choice, start_ms, end_ms):
                self._windows.move_to_end(key)
                window.asked_s = self._clock.monotonic_s()
                window.lookback_ms = max(window.lookback_ms, self._clock.now_ms() - start_ms)
                self.hits += 1
                return window.select(choice, start_ms, end_ms, budget)
            self.misses += 1
            return None

    def _covering(self, choice: Choice, start_ms: int, end_ms: int) -> list[tuple[Key, Window]]:
        """Windows that hold the chosen series at these times. Under the lock."""
        metric = choice.metrics[0]
        parts = self._parts.get(metric)
        if not parts:
            return []
        wanted = [WHOLE] if choice.whole or parts == {WHOLE} else [WHOLE, part_of(choice)]
        found = [((metric, part), self._windows[metric, part]) for part in wanted if (metric, part) in self._windows]
        return [
            (key, window)
            for key, window in found
            if start_ms >= window.floor_ms and end_ms - window.base_ms <= WINDOW_MS
        ]

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

    def worth(self, choice: Choice, series_of_metric: int, start_ms: int, end_ms: int) -> Worth | None:
        """The window that this question should be answered from; None when none is worth its memory.

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
        per_series = before.rows_per_series_ms * (now_ms - floor_ms)
        whole, part = per_series * series_of_metric, per_series * len(choice.ids)
        wanted = before.rows_per_series_ms * len(choice.ids) * span_ms
        metric = choice.metrics[0]
        if (whole <= SMALL_SAMPLES or whole <= WORTH * wanted) and self._fits(whole, share=2):
            return Worth((metric, WHOLE), floor_ms)
        if not choice.whole and self._fits(part, share=4):
            return Worth((metric, part_of(choice)), floor_ms)
        return None

    def _fits(self, samples: float, *, share: int) -> bool:
        return samples * BYTES_PER_SAMPLE * 1.5 <= self._bytes_max / share

    def begin_load(self, key: Key) -> int | None:
        """Commits from now on are kept for the window to come. None: somebody else loads this window."""
        with self._lock:
            if key in self._loading:
                return None
            self._loading[key] = []
            self._parts.setdefault(key[0], set()).add(key[1])
            return self._epoch

    def end_load(self, worth: Worth, epoch: int, ids: Ids, columns: SeriesColumns | None) -> None:
        """Build the window from what the engine answered and what was committed meanwhile.

        `ids[i]` is the series of `columns.labels[i]`. None: the load failed, forget it.
        """
        window = None
        try:
            # Filled outside the lock: a large window takes a while, and every commit would wait for it.
            if columns is not None:
                window = self._filled(worth, ids, columns)
        finally:
            with self._lock:
                pending = self._loading.pop(worth.key, [])
                if window is not None and epoch == self._epoch:
                    self._publish(worth.key, window, pending)
                self._forget(worth.key)

    def _publish(self, key: Key, window: Window, pending: Pending) -> None:
        """Under the lock: what was committed while the window was filled, and from now on every commit."""
        for series, ts_ms, value in pending:
            if not window.insert(series, ts_ms, value, window.floor_ms, self._bytes_max):
                return
        self._windows[key] = window
        self._windows.move_to_end(key)
        self._evict()

    def _forget(self, key: Key) -> None:
        """A window that is neither there nor on its way is none that commits must look for. Under the lock."""
        if key in self._windows or key in self._loading:
            return
        parts = self._parts.get(key[0], set())
        parts.discard(key[1])
        if not parts:
            self._parts.pop(key[0], None)

    def _filled(self, worth: Worth, ids: Ids, columns: SeriesColumns) -> Window | None:
        is_part = worth.key[1] != WHOLE
        # The series of a part are fixed.
        rows = len(ids) if is_part else len(ids) * 9 // 8 + SPARE_ROWS
        capacity = int(np.diff(columns.offsets).max(initial=0)) * 5 // 4 + 16
        if rows * capacity * BYTES_PER_SAMPLE > self._bytes_max * 3 // 4:
            return None
        window = Window(worth.floor_ms, rows, capacity, self._clock.monotonic_s(), is_part=is_part)
        return window if window.fill(ids, columns) else None

    def samples_added(
        self, names: Sequence[str], metric: NDArray[np.int32], series: Ids, ts_ms: Ints, value: Floats
    ) -> None:
        """A commit is durable; `metric` holds positions in `names`."""
        with self._lock:
            if not self._parts:
                return
            order = np.argsort(metric, kind="stable")
            codes = metric[order]
            starts = np.flatnonzero(np.concatenate([[True], codes[1:] != codes[:-1]]))
            ends = np.append(starts[1:], len(codes))
            now_ms = self._clock.now_ms()
            for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
                name = names[codes[start]]
                parts = self._parts.get(name)
                if parts is None:
                    continue
                at = order[start:end]
                some = (series[at], ts_ms[at], value[at])
                for key in [(name, part) for part in parts]:
                    self._add(key, some, now_ms)
            self._evict()

    def _add(self, key: Key, some: tuple[Ids, Ints, Floats], now_ms: int) -> None:
        """Into the window, and kept for the one that is being loaded. Under the lock."""
        if key in self._loading:
            self._loading[key].append(some)
        window = self._windows.get(key)
        if window is None:
            return
        keep_from = now_ms - window.lookback_ms - SLACK_MS
        if not window.insert(*some, keep_from, self._bytes_max):
            del self._windows[key]
            self._forget(key)

    def _evict(self) -> None:
        """Unused windows first, then the least recently used until the bound holds. Under the lock."""
        now_s = self._clock.monotonic_s()
        for key in [key for key, window in self._windows.items() if now_s - window.asked_s > UNUSED_S]:
            del self._windows[key]
            self._forget(key)
        total = self.bytes
        while (total > self._bytes_max or len(self._windows) > WINDOWS_MAX) and self._windows:
            key, gone = self._windows.popitem(last=False)
            total -= gone.bytes
            self._forget(key)
