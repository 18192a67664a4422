"""Upkeep of the lines' parts: skip indexes for those that have settled, and deleted lines taken out for good.

Neither inserts nor merges build skip indexes: each merge would build them again, 12 CPU-seconds a GB, and a part of
fresh lines is scanned at 2 GB/s. Instead a part gets them once it will hardly be merged again. A statement over a
partition builds them only for parts that have none (measured), so it is run when enough bytes lie in such parts:
at once when no lines come, else in portions large enough to be worth it. What a merge drops is built again later.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from hannun.model.errors import HannunError
from hannun.model.time import Clock
from hannun.observe.metrics import counter
from hannun.store.engine.port import Engine
from hannun.store.logs.mutate import give_up, mutate

_log = logging.getLogger("hannun.store.logs")
_BUILT = counter("hannun_log_indexed_bytes_total", "Bytes of parts that got their skip indexes.", ("indexes",))

SEARCH = ("words", "wide", "traces", "attribute_keys", "attribute_values")
IDS = ("ids",)
RIPE_S = 20
CALM_S = 10.0
WORTH_BYTES = 16 << 20
WORTH_CALM_BYTES = 1 << 20
OVERDUE_BYTES = 256 << 20
IDS_AFTER_S = 600.0
DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Part:
    """`age_s` since it was written; `indexed` when it has any skip index."""

    name: str
    day: int
    bytes: int
    age_s: int
    indexed: bool
    hidden_rows: bool


def ripe(parts: list[Part], *, calm: bool, merging: bool) -> bool:
    """Whether one day's parts without indexes are worth a pass now."""
    waiting = sum(part.bytes for part in parts if not part.indexed and (calm or part.age_s >= RIPE_S))
    if merging:
        return waiting >= OVERDUE_BYTES
    return waiting >= (WORTH_CALM_BYTES if calm else WORTH_BYTES)


class Upkeep:
    """`sweep` blocks; one at a time. `commits` counts commits: no new ones for a while is calm."""

    def __init__(self, engine: Engine, commits: Callable[[], int], clock: Clock) -> None:
        self._engine = engine
        self._commits = commits
        self._clock = clock
        self._seen_commits = -1
        self._last_commit_s = clock.monotonic_s()
        self._with_ids: set[str] = set()
        self._running = False
        self._stopped = False

    def stop(self) -> None:
        """The server leaves: indexes may be built another day. Blocks for moments."""
        self._stopped = True
        if self._running:
            give_up(self._engine)

    def sweep(self, *, settle_all: bool = False) -> bool:
        """One look at every day; whether anything was done. `settle_all` does not wait for calm."""
        now_s = self._clock.monotonic_s()
        if self._commits() != self._seen_commits:
            self._seen_commits, self._last_commit_s = self._commits(), now_s
        quiet_s = now_s - self._last_commit_s
        parts, merging = self._parts(), self._merging()
        done = False
        today = self._clock.now_ms() // 1000 // DAY_S
        for day in sorted({part.day for part in parts}):
            own = [part for part in parts if part.day == day]
            if any(part.hidden_rows for part in own) and not merging:
                done |= self._run(day, ("APPLY DELETED MASK",), own)
            elif ripe(own, calm=settle_all or quiet_s >= CALM_S, merging=merging):
                done |= self._build(day, SEARCH, [part for part in own if not part.indexed])
            elif self._wants_ids(own, day < today, quiet_s) and not merging:
                missing = [part for part in own if part.name not in self._with_ids]
                done |= self._build(day, IDS, missing)
                self._with_ids = {part.name for part in self._parts() if part.day == day or part.name in self._with_ids}
        return done

    def _wants_ids(self, parts: list[Part], over: bool, quiet_s: float) -> bool:
        waiting = [part for part in parts if part.indexed and part.name not in self._with_ids]
        enough = sum(part.bytes for part in waiting) >= WORTH_CALM_BYTES
        return enough and (over or quiet_s >= IDS_AFTER_S)

    def _build(self, day: int, indexes: tuple[str, ...], parts: list[Part]) -> bool:
        if self._run(day, [f"MATERIALIZE INDEX {index}" for index in indexes], parts):
            _BUILT.labels(indexes[0]).inc(sum(part.bytes for part in parts))
            return True
        return False

    def _run(self, day: int, actions: Sequence[str], parts: list[Part]) -> bool:
        # The partition's name is a date that we write ourselves: DDL takes no parameters.
        of_day = f" IN PARTITION '{np.datetime64(day, 'D')}'"
        if self._stopped:
            return False
        self._running = True
        try:
            mutate(self._engine, "ALTER TABLE logs__local " + ", ".join(action + of_day for action in actions))
        except HannunError as err:
            # Searches scan what has no index, so this costs speed and nothing else; the next sweep tries again.
            if not self._stopped:
                _log.warning("upkeep of %s (%d parts): %s", np.datetime64(day, "D"), len(parts), err)
            return False
        finally:
            self._running = False
        return True

    def _parts(self) -> list[Part]:
        rows = self._engine.query_rows(
            "SELECT name, toUInt16(toDate(partition)), bytes_on_disk, toInt64(now()) - toInt64(modification_time),\n"
            "  secondary_indices_compressed_bytes > 0, has_lightweight_delete\n"
            "FROM system.parts\n"
            "WHERE active AND rows > 0 AND database = currentDatabase() AND table = 'logs__local'\nORDER BY name"
        )
        return [Part(row[0], int(row[1]), int(row[2]), int(row[3]), bool(row[4]), bool(row[5])) for row in rows]

    def _merging(self) -> bool:
        rows = self._engine.query_rows(
            "SELECT count()\nFROM system.merges\nWHERE database = currentDatabase() AND table = 'logs__local'"
        )
        return int(rows[0][0]) > 0
