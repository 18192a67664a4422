"""When a table family may commit. Pure: the writer asks with the present time and sleeps as told.

The figures are measured: a commit costs about 13 ms of CPU with its merges whatever its size up to 20k rows, so the
way to be cheap is to commit rarely and much. A client that waits is served at once after a quiet 100 ms; rows that
nobody waits for may lie for a second; a full batch need not wait for either.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

COMMITS_PER_S = 20
GAP_S = 0.1
LINGER_S = 1.0
ROWS_FULL = 20_000
WINDOW_S = 1.0


@dataclass(frozen=True, slots=True)
class Waiting:
    """What lies in one queue. `oldest_s` is when its first batch came (monotonic)."""

    rows: int
    oldest_s: float
    someone_waits: bool


def due_s(waiting: Waiting, last_commit_s: float) -> float:
    """The earliest monotonic time at which this family should commit, before the bound of the whole process."""
    if waiting.rows >= ROWS_FULL:
        return waiting.oldest_s
    free_s = last_commit_s + GAP_S
    if waiting.someone_waits:
        return max(waiting.oldest_s, free_s)
    return max(waiting.oldest_s + LINGER_S, free_s)


class CommitBudget:
    """At most 20 commits in any second, counted over all families."""

    def __init__(self, per_window: int = COMMITS_PER_S) -> None:
        self._per_window = per_window
        self._times: deque[float] = deque()

    def free_s(self, now_s: float) -> float:
        """When the next commit may start; not after `now_s` when it may at once."""
        while self._times and self._times[0] <= now_s - WINDOW_S:
            self._times.popleft()
        over = len(self._times) - self._per_window
        return now_s if over < 0 else self._times[over] + WINDOW_S

    def spend(self, now_s: float, inserts: int = 1) -> None:
        self._times.extend([now_s] * inserts)
