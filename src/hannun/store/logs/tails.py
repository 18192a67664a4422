"""Lines on their way to who watches them live, from memory, while somebody watches.

A commit leaves its batches here and goes on; a thread of its own makes Python objects of those lines alone that a
watcher wants. Its queue is bounded: when watchers ask for more than it can make, the newest commits are skipped for
them and counted, and the lines are in the table all the same.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hannun.model.log import LogBatch, LogStream, TailedLine
from hannun.model.metric import Ids
from hannun.observe.metrics import counter

_log = logging.getLogger("hannun.store.logs")
_SKIPPED = counter("hannun_tail_skipped_lines_total", "Lines that were stored but not shown to who watched live.")
COMMITS_QUEUED_MAX = 32
LINES_PER_COMMIT_MAX = 20_000
STREAMS_REMEMBERED_MAX = 200_000

Wanted = Callable[[LogStream], bool]
OnLines = Callable[[Sequence[TailedLine]], None]


@dataclass(frozen=True, slots=True, eq=False)
class _Commit:
    batches: tuple[LogBatch, ...]
    kept: NDArray[np.bool_]
    streams: dict[int, LogStream]


@dataclass(slots=True, eq=False)
class _Watcher:
    wanted: Wanted
    on_lines: OnLines
    loop: asyncio.AbstractEventLoop
    decided: dict[int, bool] = field(default_factory=dict)

    def wants(self, stream: LogStream) -> bool:
        known = self.decided.get(stream.id)
        if known is None:
            if len(self.decided) >= STREAMS_REMEMBERED_MAX:
                self.decided.clear()
            try:
                known = self.wanted(stream)
            except Exception:  # noqa: BLE001 - one watcher's fault must not end the thread that serves all
                _log.exception("a watcher of live lines failed at a stream")
                known = False
            self.decided[stream.id] = known
        return known


class Tails:
    """`LogTails`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._watchers: tuple[_Watcher, ...] = ()
        self._queue: queue.Queue[_Commit | None] = queue.Queue(COMMITS_QUEUED_MAX)
        self._thread: threading.Thread | None = None

    def subscribe(self, wanted: Wanted, on_lines: OnLines) -> Callable[[], None]:
        watcher = _Watcher(wanted, on_lines, asyncio.get_running_loop())
        with self._lock:
            self._watchers = (*self._watchers, watcher)
            if self._thread is None:
                self._queue = queue.Queue(COMMITS_QUEUED_MAX)
                self._thread = threading.Thread(target=self._run, args=(self._queue,), name="hannun-tail", daemon=True)
                self._thread.start()

        def unsubscribe() -> None:
            with self._lock:
                self._watchers = tuple(one for one in self._watchers if one is not watcher)
                if self._watchers or self._thread is None:
                    return
                self._thread = None
                abandoned = self._queue
            while True:  # make room for the word that ends the thread
                try:
                    abandoned.put_nowait(None)
                    return
                except queue.Full:
                    _drain_one(abandoned)

        return unsubscribe

    def committed(
        self, batches: Sequence[LogBatch], kept: NDArray[np.bool_], stream_of: Callable[[Ids], dict[int, LogStream]]
    ) -> None:
        """From the commit: these lines are durable. Costs nothing while nobody watches."""
        if not self._watchers:
            return
        ids = np.unique(np.concatenate([batch.stream for batch in batches]))
        try:
            self._queue.put_nowait(_Commit(tuple(batches), kept, stream_of(ids)))
        except queue.Full:
            _SKIPPED.inc(int(kept.sum()))

    def _run(self, commits: queue.Queue[_Commit | None]) -> None:
        while (commit := commits.get()) is not None:
            watchers = self._watchers
            lines = _lines(commit, watchers)
            for watcher in watchers:
                some = [line for line in lines if watcher.wants(line.stream)]
                if some:
                    try:
                        watcher.loop.call_soon_threadsafe(watcher.on_lines, some)
                    except RuntimeError:
                        continue  # The loop of a watcher that is leaving is closed.


def _lines(commit: _Commit, watchers: Sequence[_Watcher]) -> list[TailedLine]:
    """The lines of a commit that any watcher wants, in their order."""
    wanted = {
        stream.id: stream for stream in commit.streams.values() if any(watcher.wants(stream) for watcher in watchers)
    }
    if not wanted:
        return []
    ids = np.array(list(wanted), np.uint64)
    out: list[TailedLine] = []
    first = 0
    for batch in commit.batches:
        kept = commit.kept[first : first + len(batch)]
        first += len(batch)
        at = np.flatnonzero(kept & np.isin(batch.stream, ids))
        room = LINES_PER_COMMIT_MAX - len(out)
        if len(at) > room:
            _SKIPPED.inc(len(at) - room)
            at = at[:room]
        out.extend(_tailed(batch, i, wanted) for i in at.tolist())
    return out


def _tailed(batch: LogBatch, i: int, streams: dict[int, LogStream]) -> TailedLine:
    pairs: tuple[tuple[str, str], ...] = ()
    if batch.attributes is not None:
        start, end = int(batch.attributes.offsets[i]), int(batch.attributes.offsets[i + 1])
        pairs = tuple((batch.attributes.keys[j], batch.attributes.values[j]) for j in range(start, end))
    return TailedLine(streams[int(batch.stream[i])], int(batch.ts_ns[i]), int(batch.severity[i]), batch.body[i], pairs)


def _drain_one(commits: queue.Queue[_Commit | None]) -> None:
    try:
        commits.get_nowait()
    except queue.Empty:
        return
