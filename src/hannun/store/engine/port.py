"""What the store asks of an engine. One contract test file runs against every implementation.

All methods block and may be called from any thread. Values travel as parameters (`{name:Type}` in the SQL), never in
the text. Every error is one of ours: StoreUnavailable, DiskFull, QueryTimeout, QueryCanceled, ExecutionError.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from hannun.model.budget import Budget

Params = Mapping[str, "str | int | Sequence[int] | Sequence[str]"]
Block = Mapping[str, NDArray[np.generic]]
"""Columns of one block of rows, all equally long. They show the engine's own memory: valid until the next block."""


class Engine(Protocol):
    def execute(self, sql: str, params: Params | None = None) -> None:
        """Run a statement that answers nothing: DDL, mutations, SYSTEM."""
        ...

    def query_rows(self, sql: str, params: Params | None = None, budget: Budget | None = None) -> list[tuple[Any, ...]]:
        """A small answer as Python values (64-bit integers exact, Map as dict, times as ClickHouse prints them)."""
        ...

    def query_arrow(self, sql: str, params: Params | None = None, budget: Budget | None = None) -> pa.Table:
        """A mid-size answer with text columns."""
        ...

    def stream_arrow(self, sql: str, params: Params | None, budget: Budget) -> Iterator[pa.RecordBatch]:
        """A large answer with text columns, batch by batch. Close the iterator to stop early."""
        ...

    def stream_native(self, sql: str, params: Params | None, budget: Budget) -> Iterator[Block]:
        """A large answer of fixed-width columns, block by block without copies. Close the iterator to stop early."""
        ...

    def insert_arrow(self, table: str, rows: pa.Table) -> None:
        """One INSERT, durable on return (for tables with fsync_after_insert). Columns are matched by name."""
        ...

    def kill(self, tag: str) -> None:
        """Stop the queries that run under a budget of this tag. Quick; unknown tags are ignored."""
        ...

    def memory_bytes(self) -> int:
        """What the engine counts as allocated now."""
        ...

    def close(self) -> None:
        """Running queries are stopped; later calls raise StoreUnavailable."""
        ...
