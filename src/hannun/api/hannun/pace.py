"""How fast something grows, from readings taken whenever somebody looks."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from hannun.model.time import Clock, SystemClock

WINDOW_S = 120.0


class Pace:
    """Growth per second of `read` over the last two minutes, or since the first reading. Safe from any thread."""

    def __init__(self, read: Callable[[], float], clock: Clock | None = None, *, window_s: float = WINDOW_S) -> None:
        self._read = read
        self._clock = clock or SystemClock()
        self._window_s = window_s
        self._lock = threading.Lock()
        self._readings: deque[tuple[float, float]] = deque([(self._clock.monotonic_s(), read())], maxlen=1_000)

    def per_s(self) -> float:
        now_s, value = self._clock.monotonic_s(), self._read()
        with self._lock:
            readings = self._readings
            # The newest reading that is older than the window stays: it is where the window begins.
            while len(readings) > 1 and readings[1][0] <= now_s - self._window_s:
                readings.popleft()
            first_s, first = readings[0]
            if now_s - readings[-1][0] >= 1.0:
                readings.append((now_s, value))
        return max((value - first) / (now_s - first_s), 0.0) if now_s > first_s else 0.0
