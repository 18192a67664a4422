"""A clock that moves only when told."""

from __future__ import annotations


class FakeClock:
    """Implements `model.time.Clock`."""

    def __init__(self, now_ms: int = 1_700_000_000_000) -> None:
        self._now_ms = now_ms
        self._monotonic_s = 0.0

    def now_ms(self) -> int:
        return self._now_ms

    def monotonic_s(self) -> float:
        return self._monotonic_s

    def advance(self, seconds: float) -> None:
        """Both the wall clock and the monotonic one."""
        self._now_ms += round(seconds * 1000)
        self._monotonic_s += seconds

    def set_wall(self, now_ms: int) -> None:
        """As when somebody sets the machine's clock: the monotonic one does not notice."""
        self._now_ms = now_ms
