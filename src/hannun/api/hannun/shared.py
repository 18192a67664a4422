"""An answer that many browsers ask for at once is made once, and kept for a moment."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from hannun.model.time import Clock, SystemClock

T = TypeVar("T")


class Shared(Generic[T]):
    """Lives on one event loop. Every caller gets the same value while it is younger than `keep_s`."""

    def __init__(self, keep_s: float, clock: Clock | None = None) -> None:
        self._keep_s = keep_s
        self._clock = clock or SystemClock()
        self._lock = asyncio.Lock()
        self._made_s = float("-inf")
        self._value: T | None = None

    async def get(self, make: Callable[[], Awaitable[T]]) -> T:
        """What `make` gave now or a moment ago; an error reaches only the caller whose `make` raised it."""
        async with self._lock:
            if self._value is None or self._clock.monotonic_s() - self._made_s > self._keep_s:
                self._value = await make()
                self._made_s = self._clock.monotonic_s()
            return self._value
