"""How a group of log batches becomes durable: rows of new streams first, then the lines in one INSERT.

That order makes every acknowledged line findable after a crash at any moment. The counts of the roll-up are part of
the lines' own part, so they need no third step.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hannun.model.errors import Overloaded, StoreUnavailable, WireError
from hannun.model.log import LogBatch, NewStream
from hannun.model.text import Text
from hannun.observe.outcomes import Outcome, Outcomes
from hannun.store.engine.port import Engine
from hannun.store.logs.columns import ids_of, line_rows, stream_rows
from hannun.store.logs.directory import StreamDirectory
from hannun.store.logs.lines import hashes, take_lines
from hannun.store.logs.repeats import Repeats
from hannun.store.logs.seeding import seed
from hannun.store.logs.seen import DAY_NS
from hannun.store.logs.tails import Tails
from hannun.store.logs.volumes import Volumes
from hannun.store.metrics.registry import SeriesRegistry

NAME = "logs"
TABLE, STREAMS = "logs__local", "log_streams__local"

FORGOTTEN = Text(
    en="{count} lines of this request are of streams that were deleted while it was on its way; send it again",
    ko="이 요청의 로그 {count}줄은 전송 중에 삭제된 스트림의 것입니다. 다시 보내 주세요",
)
TOO_MANY_STREAMS = (
    "maximum active stream limit exceeded when trying to create stream {labels}, reduce the number of active streams "
    "(reduce labels or reduce label values), or contact your Loki administrator to see if the limit can be increased, "
    "user: 'fake'"
)
"""Loki's own words: its clients' users search for them."""


class LogFamily:
    """The writer's view of log lines. `commit` runs in one thread at a time."""

    name = NAME

    def __init__(
        self,
        engine: Engine,
        directory: StreamDirectory,
        known: SeriesRegistry,
        tails: Tails,
        *,
        streams_max: int,
        now_ms: Callable[[], int],
        outcomes: Outcomes | None,
    ) -> None:
        self.lock = threading.Lock()
        """Held by each commit; a delete takes it while it forgets streams and empties the caches."""
        self.commits = 0
        self.volumes = Volumes(engine, self.lock)
        self._engine = engine
        self._directory = directory
        self._known = known
        self._tails = tails
        self._streams_max = streams_max
        self._now_ms = now_ms
        self._outcomes = outcomes
        self._repeats = Repeats()
        self._secret = np.uint64(secrets.randbits(64))
        self._seeded = False

    def rows(self, batch: LogBatch) -> int:
        return len(batch)

    def size_bytes(self, batch: LogBatch) -> int:
        return batch.size_bytes

    def split(self, batch: LogBatch, days_max: int) -> list[tuple[LogBatch, frozenset[int]]]:
        day = batch.ts_ns // DAY_NS
        if not len(day) or day[0] == day.min() == day.max():
            return [(batch, frozenset(day[:1].tolist()))]  # nearly always; this runs on the event loop
        days = np.unique(day)
        if len(days) <= days_max:
            return [(batch, frozenset(days.tolist()))]
        pieces = []
        for start in range(0, len(days), days_max):
            some = days[start : start + days_max]
            at = np.flatnonzero((day >= some[0]) & (day <= some[-1]))
            pieces.append((take_lines(batch, at, introduce=start == 0), frozenset(some.tolist())))
        return pieces

    def admit(self, batch: LogBatch) -> tuple[LogBatch, Overloaded | None]:
        """As Loki does: new streams up to the bound are taken and those beyond it left out, which the error tells."""
        room = self._streams_max - len(self._directory)
        if len(batch.introduced) <= room or not batch.introduced:
            return batch, None
        fresh = self._unknown(batch.introduced)
        if len(fresh) <= room:
            return batch, None
        refused = fresh[max(room, 0) :]
        left_out = ids_of(refused)
        rest = take_lines(batch, np.flatnonzero(~np.isin(batch.stream, left_out)), introduce=False)
        unwanted = frozenset(left_out.tolist())
        introduced = tuple([new for new in batch.introduced if new.id not in unwanted])
        return replace(rest, introduced=introduced), Overloaded(TOO_MANY_STREAMS.format(labels=refused[0].labels))

    def commit(self, batches: Sequence[LogBatch]) -> int:
        """Raises StoreUnavailable when a stream is neither known nor introduced, and the engine's errors."""
        with self.lock:
            return self._commit(batches)

    def forget(self) -> None:
        """After a delete, under the lock: what was deleted may be sent again."""
        self._repeats.clear()
        self._seeded = True
        self.volumes.forget()
        known = self._directory.ids()
        self._known.clear()
        self._known.add("", known)

    def _commit(self, batches: Sequence[LogBatch]) -> int:
        inserts = self._introduce([new for batch in batches for new in batch.introduced])
        batches = [batch for batch in batches if len(batch)]
        if not batches:
            return inserts
        positions = self._directory.find(np.concatenate([batch.stream for batch in batches]))
        if lost := int((positions < 0).sum()):
            raise StoreUnavailable(FORGOTTEN.with_(count=lost))
        if not self._seeded:
            seed(self._engine, self._repeats, self._secret)
            self._seeded = True
        kept = self._store(batches, positions)
        ts_ns = np.concatenate([batch.ts_ns for batch in batches])
        self._directory.mark(positions[kept], ts_ns[kept])
        streams = np.concatenate([batch.stream for batch in batches])
        sizes = np.concatenate([np.diff(batch.body.offsets) for batch in batches])
        self.volumes.stored(streams[kept], positions[kept], ts_ns[kept], sizes[kept])
        self._tails.committed(batches, kept, self._directory.by_id)
        self.commits += 1
        return inserts + int(kept.any())

    def _store(self, batches: Sequence[LogBatch], positions: NDArray[np.int64]) -> NDArray[np.bool_]:
        """One INSERT of the lines that are no repetitions; which they are."""
        of_lines = np.concatenate([hashes(batch, self._secret) for batch in batches])
        kept = self._repeats.admit(of_lines)
        try:
            rows = line_rows(batches, self._directory.identity(positions))
            if repeated := len(kept) - int(kept.sum()):
                rows = rows.filter(kept)
                if self._outcomes is not None:
                    self._outcomes.count(NAME, Outcome.FILTERED, repeated, reason="sent again")
            if rows.num_rows:
                self._engine.insert_arrow(TABLE, rows)
        except BaseException:
            # What was not stored is not known: the sender will try again, and so will the writer, in halves.
            self._repeats.forget(of_lines[kept])
            self.volumes.forget()
            raise
        return kept

    def _introduce(self, introduced: Sequence[NewStream]) -> int:
        """Durable rows of streams that have none. Returns INSERTs made."""
        fresh = self._unknown(introduced)
        if not fresh:
            return 0
        if len(self._directory) + len(fresh) > self._streams_max:
            raise Overloaded(TOO_MANY_STREAMS.format(labels=fresh[0].labels))
        try:
            rows = stream_rows(fresh, self._now_ms())
        except UnicodeEncodeError as err:
            raise WireError("a label is not valid Unicode", "labels must be UTF-8 text") from err
        self._engine.insert_arrow(STREAMS, rows)
        self._directory.add(fresh)
        self._known.add("", ids_of(fresh))
        return 1

    def _unknown(self, introduced: Sequence[NewStream]) -> list[NewStream]:
        wanted: dict[int, NewStream] = {}
        for new in introduced:
            other = wanted.setdefault(new.id, new)
            if other.labels != new.labels:
                raise WireError(f"two label sets share the stream id {new.id:#x}: {other.labels} and {new.labels}")
        if not wanted:
            return []
        ids = np.array(list(wanted), np.uint64)
        return [wanted[stream] for stream in ids[self._known.unknown(ids)].tolist()]
