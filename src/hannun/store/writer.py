"""Group commit for all table families: many requests, one durable INSERT, then all of them are answered.

One bounded queue per family. An asyncio task decides when to commit (`pace.py`), a thread does the engine's work.
A family tells the writer how to weigh, split and commit its batches; the writer knows no table. A group that fails is
halved until the batch that fails stands alone, so one poison batch harms nobody.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Protocol

from hannun.model.errors import DiskFull, HannunError, Overloaded, StoreUnavailable
from hannun.model.status import QueueStatus
from hannun.model.text import Text
from hannun.model.time import Clock, SystemClock
from hannun.observe.metrics import counter, histogram
from hannun.store.pace import CommitBudget, Waiting, due_s

_log = logging.getLogger("hannun.store.writer")
_SECONDS = histogram("hannun_commit_duration_seconds", "Time of one group commit, fsync included.", ("table",))
_ROWS = counter("hannun_committed_rows_total", "Rows made durable.", ("table",))
_FAILED = counter("hannun_commit_failures_total", "Group commits that failed and were split or refused.", ("table",))

DAYS_MAX = 32
ROWS_MAX = 250_000
BYTES_MAX = 32 << 20
"""Of one commit: the engine holds a commit a few times over while it sorts and writes it."""
QUEUE_BYTES_MAX = 64 << 20
STOP_WITHIN_S = 8.0
DURATIONS_KEPT = 512

FULL = Text(
    en="the write queue of {name} is full ({mib} MiB); try again in a moment",
    ko="{name} 쓰기 대기열이 가득 찼습니다({mib} MiB). 잠시 뒤에 다시 보내 주세요",
)
CLOSING = Text(en="the server is stopping; send again", ko="서버를 멈추는 중입니다. 다시 보내 주세요")


class Family(Protocol):
    """What the writer must know about the batches of one table family."""

    @property
    def name(self) -> str: ...

    def rows(self, batch: Any) -> int: ...

    def size_bytes(self, batch: Any) -> int: ...

    def split(self, batch: Any, days_max: int) -> Sequence[tuple[Any, frozenset[int]]]:
        """The batch in pieces of at most `days_max` day-partitions, each with its days, in the order to commit."""
        ...

    def commit(self, batches: Sequence[Any]) -> int:
        """Make all of them durable and visible, or raise; blocking, never two at a time. Returns INSERTs made."""
        ...


@dataclass(slots=True)
class _Ticket:
    """One request's wait. Answered when its last piece is durable, or when its first piece fails."""

    loop: asyncio.AbstractEventLoop
    done: asyncio.Future[None]
    pieces: int

    def piece_done(self, error: Exception | None) -> None:
        """From the event loop."""
        self.pieces -= 1
        if self.done.done():
            return  # The client left, or an earlier piece failed.
        if error is not None:
            self.done.set_exception(error)
        elif self.pieces == 0:
            self.done.set_result(None)


@dataclass(slots=True)
class _Item:
    batch: Any
    rows: int
    bytes: int
    days: frozenset[int]
    since_s: float
    ticket: _Ticket | None


@dataclass(slots=True)
class _Lane:
    family: Family
    bytes_max: int
    items: deque[_Item] = field(default_factory=deque)
    rows: int = 0
    bytes: int = 0
    waiters: int = 0
    in_flight: bool = False
    last_commit_s: float = float("-inf")
    last_commit_ms: int | None = None
    commits: int = 0
    rows_written: int = 0
    rows_dropped: int = 0
    durations_s: deque[float] = field(default_factory=lambda: deque(maxlen=DURATIONS_KEPT))


class Writer:
    """`admit` is asked before a batch is queued and raises DiskFull when nothing may be written."""

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        admit: Callable[[], None] | None = None,
        queue_bytes_max: int = QUEUE_BYTES_MAX,
    ) -> None:
        self._clock = clock or SystemClock()
        self._admit = admit or (lambda: None)
        self._queue_bytes_max = queue_bytes_max
        self._lanes: dict[str, _Lane] = {}
        self._lock = threading.Lock()
        self._budget = CommitBudget()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._commits: set[asyncio.Task[None]] = set()
        self._threads: ThreadPoolExecutor | None = None
        self._stopping = False

    def register(self, family: Family, *, queue_bytes_max: int | None = None) -> None:
        """Add a table family. Before or after `start`."""
        assert family.name not in self._lanes, f"the family {family.name} is registered twice"
        self._lanes[family.name] = _Lane(family, queue_bytes_max or self._queue_bytes_max)

    async def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = False
        self._threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="hannun-commit")
        self._task = asyncio.create_task(self._run(), name="hannun-writer")

    async def stop(self) -> None:
        """Commit what is queued (8 s at most), then refuse. Waiters of what could not be committed are told so."""
        if self._task is None:
            return
        self._stopping = True
        self._wake.set()
        done, _ = await asyncio.wait({self._task}, timeout=STOP_WITHIN_S)
        if not done:
            self._task.cancel()
            await asyncio.wait({self._task})
        with self._lock:
            left = [self._take(lane, all_=True) for lane in self._lanes.values()]
        for item in (item for items in left for item in items):
            if item.ticket is not None:
                item.ticket.piece_done(StoreUnavailable(CLOSING))
        self._task = None
        if self._threads is not None:
            self._threads.shutdown(wait=False)
            self._threads = None

    async def write(self, family: str, batch: Any) -> None:
        """Returns when durable and visible. Raises Overloaded, DiskFull, StoreUnavailable or the family's own error."""
        loop = asyncio.get_running_loop()
        ticket = _Ticket(loop, loop.create_future(), 0)
        self._enqueue(self._lanes[family], batch, ticket)
        if ticket.pieces:
            await ticket.done

    def offer(self, family: str, batch: Any) -> bool:
        """Queue a batch that nobody waits for; False when it was not taken. Safe from any thread."""
        lane = self._lanes[family]
        try:
            self._enqueue(lane, batch, None)
        except (Overloaded, DiskFull, StoreUnavailable):
            with self._lock:
                lane.rows_dropped += lane.family.rows(batch)
            return False
        return True

    async def flush(self) -> None:
        """Wait until everything that is queued now is durable (or has failed)."""
        while any(lane.items or lane.in_flight for lane in self._lanes.values()):
            for lane in self._lanes.values():
                lane.waiters += 1
            self._wake.set()
            await asyncio.sleep(0.005)
            for lane in self._lanes.values():
                lane.waiters -= 1

    def queues(self) -> list[QueueStatus]:
        with self._lock:
            return [_status(lane) for lane in self._lanes.values()]

    def _enqueue(self, lane: _Lane, batch: Any, ticket: _Ticket | None) -> None:
        if self._stopping or self._loop is None:
            raise StoreUnavailable(CLOSING)
        self._admit()
        size = lane.family.size_bytes(batch)
        # A batch heavier than the whole bound is taken by an empty queue: a body limit has let it pass before.
        if lane.bytes and lane.bytes + size > lane.bytes_max:
            raise Overloaded(FULL.with_(name=lane.family.name, mib=lane.bytes_max >> 20), retry_after_s=1)
        now_s = self._clock.monotonic_s()
        pieces = lane.family.split(batch, DAYS_MAX)
        if ticket is not None:
            ticket.pieces = len(pieces)
        with self._lock:
            for position, (piece, days) in enumerate(pieces):
                weight = size if position == 0 else 0  # The arrays are shared: weigh them once.
                item = _Item(piece, lane.family.rows(piece), weight, days, now_s, ticket)
                lane.items.append(item)
                lane.rows += item.rows
                lane.bytes += item.bytes
                lane.waiters += ticket is not None
        self._loop.call_soon_threadsafe(self._wake.set)

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            now_s = self._clock.monotonic_s()
            lane, wait_s = self._next(now_s)
            if lane is not None:
                self._start_commit(lane, now_s)
                continue
            if self._stopping and not any(lane.items or lane.in_flight for lane in self._lanes.values()):
                return
            try:
                await asyncio.wait_for(self._wake.wait(), wait_s)
            except TimeoutError:
                continue

    def _next(self, now_s: float) -> tuple[_Lane | None, float | None]:
        """The lane to commit now, or how long to sleep (None: until woken)."""
        waiting = [lane for lane in self._lanes.values() if lane.items and not lane.in_flight]
        if not waiting:
            return None, None
        if self._stopping:
            return waiting[0], None

        def due(lane: _Lane) -> float:
            return due_s(Waiting(lane.rows, lane.items[0].since_s, lane.waiters > 0), lane.last_commit_s)

        first = min(waiting, key=due)
        at_s = max(due(first), self._budget.free_s(now_s))
        return (first, None) if at_s <= now_s else (None, at_s - now_s)

    def _start_commit(self, lane: _Lane, now_s: float) -> None:
        with self._lock:
            items = self._take(lane)
        lane.in_flight = True
        lane.last_commit_s = now_s
        self._budget.spend(now_s)
        task = asyncio.create_task(self._commit(lane, items))
        self._commits.add(task)
        task.add_done_callback(self._commits.discard)

    def _take(self, lane: _Lane, *, all_: bool = False) -> list[_Item]:
        """The next group: in order, at most 32 days, 250k rows and 32 MiB (but always one batch). Under the lock."""
        taken: list[_Item] = []
        days: frozenset[int] = frozenset()
        rows = size = 0
        while lane.items:
            item = lane.items[0]
            days |= item.days
            rows += item.rows
            size += item.bytes
            if taken and not all_ and (len(days) > DAYS_MAX or rows > ROWS_MAX or size > BYTES_MAX):
                break
            taken.append(lane.items.popleft())
            lane.rows -= item.rows
            lane.waiters -= item.ticket is not None
            if all_:
                lane.bytes -= item.bytes
        return taken

    async def _commit(self, lane: _Lane, items: list[_Item]) -> None:
        loop = asyncio.get_running_loop()
        try:
            assert self._threads is not None
            outcomes = await loop.run_in_executor(self._threads, self._commit_group, lane, items)
            for item, error in outcomes:
                if item.ticket is not None:
                    item.ticket.piece_done(error)
                elif error is not None:
                    lane.rows_dropped += item.rows
                    _log.warning(
                        "%d rows of %s that nobody waits for were lost: %s", item.rows, lane.family.name, error
                    )
        finally:
            # Bytes are given back after the commit: what is being written still weighs.
            with self._lock:
                lane.bytes -= sum(item.bytes for item in items)
            lane.in_flight = False
            self._wake.set()

    def _commit_group(self, lane: _Lane, items: list[_Item]) -> list[tuple[_Item, Exception | None]]:
        """In a commit thread. Halves a failing group until the poison stands alone; a full disk fails all at once."""
        began_s = self._clock.monotonic_s()
        try:
            inserts = lane.family.commit([item.batch for item in items])
        except Exception as err:  # noqa: BLE001 - whatever it is, only the guilty batch may suffer
            _FAILED.labels(lane.family.name).inc()
            if not isinstance(err, HannunError):
                _log.exception("a commit of %s failed", lane.family.name)
            if len(items) == 1 or isinstance(err, DiskFull):
                return [(item, err) for item in items]
            middle = len(items) // 2
            return self._commit_group(lane, items[:middle]) + self._commit_group(lane, items[middle:])
        took_s = self._clock.monotonic_s() - began_s
        rows = sum(item.rows for item in items)
        _SECONDS.labels(lane.family.name).observe(took_s)
        _ROWS.labels(lane.family.name).inc(rows)
        with self._lock:
            lane.commits += 1
            lane.rows_written += rows
            lane.durations_s.append(took_s)
            lane.last_commit_ms = self._clock.now_ms()
            if inserts > 1:
                self._budget.spend(began_s, inserts - 1)
        return [(item, None) for item in items]


def _status(lane: _Lane) -> QueueStatus:
    times = sorted(lane.durations_s)
    return QueueStatus(
        name=lane.family.name,
        rows=lane.rows,
        bytes=lane.bytes,
        bytes_max=lane.bytes_max,
        commits=lane.commits,
        rows_written=lane.rows_written,
        rows_dropped=lane.rows_dropped,
        commit_ms_p50=1000 * times[len(times) // 2] if times else 0.0,
        commit_ms_p99=1000 * times[min(len(times) - 1, len(times) * 99 // 100)] if times else 0.0,
        last_commit_ms=lane.last_commit_ms,
    )
