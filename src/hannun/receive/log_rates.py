"""Loki's rate limits: token buckets for all lines together and for each stream. Off unless a Loki file sets them."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from hannun.model.time import Clock

STREAMS_REMEMBERED = 10_000


@dataclass(slots=True)
class _Bucket:
    left: float
    at_s: float


class Rates:
    """`rate` in bytes per second, `burst` in bytes (at least a second of the rate). Safe to use from any thread."""

    def __init__(self, rate: float, burst: float, clock: Clock) -> None:
        self._rate = rate
        self._burst = max(burst, rate)
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: dict[int, _Bucket] = {}

    @property
    def on(self) -> bool:
        return self._rate > 0

    def take(self, of: int, size_bytes: float) -> bool:
        """Whether `size_bytes` may pass now; they are counted only when they may."""
        if not self.on:
            return True
        now_s = self._clock.monotonic_s()
        with self._lock:
            bucket = self._buckets.get(of)
            if bucket is None:
                if len(self._buckets) >= STREAMS_REMEMBERED:
                    # Who was silent for a while has a full bucket anyway.
                    self._buckets.clear()
                bucket = self._buckets[of] = _Bucket(self._burst, now_s)
            bucket.left = min(self._burst, bucket.left + (now_s - bucket.at_s) * self._rate)
            bucket.at_s = now_s
            if size_bytes > bucket.left:
                return False
            bucket.left -= size_bytes
            return True


def size_text(size_bytes: float) -> str:
    """As Go's datasize writes it: the largest unit that divides it."""
    count = int(size_bytes)
    for unit, width in (("GB", 30), ("MB", 20), ("KB", 10)):
        if count and count % (1 << width) == 0:
            return f"{count >> width}{unit}"
    return f"{count}B"
