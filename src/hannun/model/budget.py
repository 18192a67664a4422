"""What one question may cost: time, samples, bytes. Checked between steps, because a Python thread cannot be killed.

The budget is also the cancel button: the HTTP layer calls `cancel()` when the client leaves, and whoever runs
something that must be stopped from outside (an engine query) registers for it with `on_cancel`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count

from hannun.model.errors import ExecutionError, QueryCanceled, QueryTimeout
from hannun.model.time import Clock, SystemClock

_NUMBERS = count(1)
SAMPLES_MAX = 50_000_000


class Budget:
    """`tag` is unique in the process and stands in the text of every engine query run under this budget.

    `rows_read` and `bytes_read` say what was read for the question, for its statistics: whoever reads adds to them.
    """

    def __init__(
        self,
        *,
        timeout_s: float = 120.0,
        samples_max: int = SAMPLES_MAX,
        bytes_max: int = 1 << 30,
        clock: Clock | None = None,
    ) -> None:
        self._clock = clock or SystemClock()
        self._deadline_s = self._clock.monotonic_s() + timeout_s
        self.timeout_s = timeout_s
        self.samples_max = samples_max
        self.bytes_max = bytes_max
        self.samples = 0
        self.rows_read = 0
        self.bytes_read = 0
        self.tag = f"hannun-q{next(_NUMBERS)}"
        self._lock = threading.Lock()
        self._canceled = False
        self._stops: list[Callable[[], None]] = []

    def remaining_s(self) -> float:
        return self._deadline_s - self._clock.monotonic_s()

    def check(self) -> None:
        """Raises QueryCanceled or QueryTimeout; call it between steps of bounded size."""
        if self._canceled:
            raise QueryCanceled("query was canceled in expression evaluation")
        if self.remaining_s() <= 0:
            raise QueryTimeout("query timed out in expression evaluation")

    def charge(self, samples: int) -> None:
        """Count samples held in memory for this question; raises ExecutionError over the bound."""
        self.samples += samples
        if self.samples > self.samples_max:
            raise ExecutionError("query processing would load too many samples into memory in query execution")
        self.check()

    def cancel(self) -> None:
        with self._lock:
            self._canceled = True
            stops = tuple(self._stops)
        for stop in stops:
            stop()

    @contextmanager
    def on_cancel(self, stop: Callable[[], None]) -> Iterator[None]:
        """Run `stop` (quick, from another thread) if the budget is cancelled while the block runs."""
        with self._lock:
            self._stops.append(stop)
        try:
            self.check()
            yield
        finally:
            with self._lock:
                self._stops.remove(stop)
