"""How the store is doing, as values: the Status page and `/api/hannun/v1/status` show them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TableStatus:
    """`parts` counts active ones. Times in ms of the stored rows, None when empty or without a time."""

    name: str
    rows: int
    bytes: int
    parts: int
    oldest_ms: int | None = None
    newest_ms: int | None = None

    @property
    def bytes_per_row(self) -> float:
        return self.bytes / self.rows if self.rows else 0.0


@dataclass(frozen=True, slots=True)
class QueueStatus:
    """One table family's queue in the writer. `last_commit_ms` is Unix time, None before the first commit."""

    name: str
    rows: int
    bytes: int
    bytes_max: int
    commits: int
    rows_written: int
    rows_dropped: int
    commit_ms_p50: float
    commit_ms_p99: float
    last_commit_ms: int | None = None


@dataclass(frozen=True, slots=True)
class DiskStatus:
    """`used_bytes` is what the data directory's tables hold. `refusing`: writes are answered 507 now."""

    total_bytes: int
    free_bytes: int
    reserve_bytes: int
    used_bytes: int
    refusing: bool


@dataclass(frozen=True, slots=True)
class RetentionStatus:
    """`keep_ms` 0: for ever. `size_bytes` is what the signal holds, `size_max_bytes` None: no bound of its own."""

    signal: str
    keep_ms: int
    size_bytes: int
    size_max_bytes: int | None = None
