"""How much one question holds in memory, counted before it is allocated.

Prometheus counts samples; so do we, one matrix cell being one sample, and in bytes besides.
"""

from __future__ import annotations

from hannun.model.budget import Budget
from hannun.model.errors import ExecutionError
from hannun.model.text import Text

CELL_BYTES = 9
TOO_MANY = "query processing would load too many samples into memory in query execution"
TOO_BIG = Text(
    en="the query would hold {mib} MiB in memory; at most {limit} MiB are allowed (setting: --memory)",
    ko="이 질의에는 메모리 {mib} MiB가 필요합니다. 허용 한도는 {limit} MiB입니다 (설정: --memory)",
)


class Memory:
    """`hold` before allocating, `release` when a matrix was consumed."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.held = 0
        self.peak = 0

    def hold(self, cells: int) -> None:
        """Raises ExecutionError when `cells` more would pass the limit."""
        self.held += cells
        self.peak = max(self.peak, self.held)
        if self.held > self.budget.samples_max:
            raise ExecutionError(TOO_MANY)
        if self.held * CELL_BYTES > self.budget.bytes_max:
            raise ExecutionError(TOO_BIG.with_(mib=self.held * CELL_BYTES >> 20, limit=self.budget.bytes_max >> 20))
        self.budget.check()

    def release(self, cells: int) -> None:
        self.held -= cells
