"""Groups of the Pushgateway API at rest. Few and small beside samples, but acknowledged like them: durable at 2xx."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from hannun.model.pushed import Pairs, PushedGroup
from hannun.store.engine.port import Engine
from hannun.store.writer import Writer

NAME = "pushed_groups"
TABLE = "pushed_groups__local"
QUEUE_BYTES_MAX = 32 << 20

_TIME = pa.timestamp("ms", "UTC")


@dataclass(frozen=True, slots=True)
class _Change:
    """`group` None: it was removed."""

    labels: Pairs
    group: PushedGroup | None


class PushedGroupTable:
    """`model.pushed.PushedGroups` over the engine and the writer; the writer sees it as a table family."""

    name = NAME

    def __init__(self, engine: Engine, writer: Writer) -> None:
        self._engine = engine
        self._writer = writer
        rows = engine.query_rows("SELECT max(version) FROM pushed_groups")
        # Counted and not taken from a clock: a clock that is set back must not make old groups win.
        self._version = int(rows[0][0])
        writer.register(self, queue_bytes_max=QUEUE_BYTES_MAX)

    def load(self) -> list[PushedGroup]:
        rows = self._engine.query_arrow(
            "SELECT labels, page, toUnixTimestamp64Milli(pushed) AS pushed_ms,"
            " toUnixTimestamp64Milli(failed) AS failed_ms\n"
            "FROM pushed_groups FINAL\nWHERE NOT removed\nORDER BY labels"
        )
        columns = (rows.column(name).to_pylist() for name in ("labels", "page", "pushed_ms", "failed_ms"))
        return [
            PushedGroup(
                tuple((name, value) for name, value in json.loads(labels)), page.encode("utf-8"), pushed_ms, failed_ms
            )
            for labels, page, pushed_ms, failed_ms in zip(*columns, strict=True)
        ]

    async def put(self, group: PushedGroup) -> None:
        await self._writer.write(NAME, _Change(group.labels, group))

    async def remove(self, labels: Pairs) -> None:
        await self._writer.write(NAME, _Change(labels, None))

    # --- the writer's view --------------------------------------------------------------------------------------------

    def rows(self, _change: _Change) -> int:
        return 1

    def size_bytes(self, change: _Change) -> int:
        return 512 + (len(change.group.page) if change.group else 0)

    def split(self, change: _Change, _days_max: int) -> list[tuple[_Change, frozenset[int]]]:
        return [(change, frozenset())]

    def commit(self, changes: Sequence[_Change]) -> int:
        groups = [change.group or PushedGroup(change.labels, b"", 0, 0) for change in changes]
        versions = np.arange(self._version + 1, self._version + 1 + len(changes), dtype=np.uint64)
        self._engine.insert_arrow(
            TABLE,
            pa.table(
                {
                    "labels": [json.dumps(change.labels, ensure_ascii=False) for change in changes],
                    "page": [group.page.decode("utf-8", "replace") for group in groups],
                    "pushed": pa.array(np.array([group.pushed_ms for group in groups], np.int64), _TIME),
                    "failed": pa.array(np.array([group.failed_ms for group in groups], np.int64), _TIME),
                    "removed": [change.group is None for change in changes],
                    "version": versions,
                }
            ),
        )
        self._version += len(changes)
        return 1
