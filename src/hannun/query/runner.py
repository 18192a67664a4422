"""Where questions run: a bounded pool of threads with a bounded line in front of it.

A question is blocking code that checks its `Budget` between steps. The event loop only waits for it, so a health check
answers while every thread is busy. A thread cannot be killed: one that overstays its deadline keeps its place in the
pool, but its caller is answered and its budget is cancelled, which stops it at its next step.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from hannun.model.budget import SAMPLES_MAX, Budget
from hannun.model.errors import Overloaded, QueryCanceled, QueryTimeout
from hannun.model.time import Clock, SystemClock
from hannun.observe.metrics import counter, gauge, histogram

T = TypeVar("T")
HasLeft = Callable[[], Awaitable[bool]]

_RUNNING = gauge("hannun_queries_running", "Questions that have a thread now.")
_WAITING = gauge("hannun_queries_waiting", "Questions in the line in front of the threads.")
_SECONDS = histogram("hannun_query_duration_seconds", "Time of a question in its thread, rendering included.")
_ENDED = counter("hannun_queries_total", "Questions by how they ended.", ("end",))

TIMEOUT_S = 120.0
WAITING_MAX = 100
# A kernel that runs when the deadline passes may finish; after this the caller is answered without it.
GRACE_S = 1.0
_POLL_FIRST_S, _POLL_MOST_S = 0.05, 0.5


def threads_default() -> int:
    """Kernels leave the GIL, so more threads than cores only help a small question past a large one."""
    return min(max(4, os.cpu_count() or 1), 16)


async def nobody_leaves() -> bool:
    """For questions that no client waits for."""
    return False


class QueryRunner:
    """Lives on one event loop. `run` may be called at any time until `stop`."""

    def __init__(
        self,
        threads: int | None = None,
        *,
        waiting_max: int = WAITING_MAX,
        timeout_s: float = TIMEOUT_S,
        samples_max: int = SAMPLES_MAX,
        bytes_max: int = 1 << 30,
        grace_s: float = GRACE_S,
        clock: Clock | None = None,
    ) -> None:
        self.threads = threads or threads_default()
        self.timeout_s = timeout_s
        self.samples_max = samples_max
        self._bytes_max = bytes_max
        self._waiting_max = waiting_max
        self._grace_s = grace_s
        self._clock = clock or SystemClock()
        self._pool = ThreadPoolExecutor(self.threads, thread_name_prefix="hannun-query")
        self._free = asyncio.Semaphore(self.threads)
        self._waiting = 0
        self._budgets: set[Budget] = set()

    def budget(self, timeout_s: float | None = None) -> Budget:
        """A new budget under this server's limits; a caller can only ask for a shorter deadline."""
        shortest_s = self.timeout_s if timeout_s is None else min(timeout_s, self.timeout_s)
        return Budget(timeout_s=shortest_s, samples_max=self.samples_max, bytes_max=self._bytes_max, clock=self._clock)

    async def run(self, has_left: HasLeft, work: Callable[[], T], budget: Budget) -> T:
        """What `work` returns or raises, run in a thread.

        Raises Overloaded when the line is full, QueryTimeout when the budget's deadline passes (in the line, or in
        work that does not stop), QueryCanceled when `has_left` says that the client is gone.
        """
        await self._wait_for_turn(has_left, budget)
        self._budgets.add(budget)
        _RUNNING.inc()
        future = asyncio.get_running_loop().run_in_executor(self._pool, _timed, work)
        future.add_done_callback(lambda done: self._give_back(done, budget))
        try:
            return await self._watch(future, has_left, budget)
        except asyncio.CancelledError:
            budget.cancel()
            raise

    async def stop(self) -> None:
        """Cancel what runs; threads end at their next step and are not waited for."""
        for budget in tuple(self._budgets):
            budget.cancel()
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _wait_for_turn(self, has_left: HasLeft, budget: Budget) -> None:
        if not self._free.locked():
            await self._free.acquire()
            return
        if self._waiting >= self._waiting_max:
            _ENDED.labels("refused").inc()
            raise Overloaded(
                f"too many queries: {self.threads} are running and {self._waiting} are waiting", retry_after_s=2
            )
        self._waiting += 1
        _WAITING.inc()
        try:
            turn = asyncio.ensure_future(self._free.acquire())
            try:
                while not (await asyncio.wait({turn}, timeout=_POLL_MOST_S))[0]:
                    if await has_left():
                        raise _ended("canceled", QueryCanceled("query was canceled in query queue"))
                    if budget.remaining_s() <= 0:
                        raise _ended("timeout", QueryTimeout("query timed out in query queue"))
            except BaseException:
                # The turn may have come while we gave up: then somebody else gets it.
                if not turn.cancel() and not turn.cancelled():
                    self._free.release()
                raise
        finally:
            self._waiting -= 1
            _WAITING.dec()

    async def _watch(self, future: asyncio.Future[T], has_left: HasLeft, budget: Budget) -> T:
        poll_s = _POLL_FIRST_S
        while not (await asyncio.wait({future}, timeout=poll_s))[0]:
            poll_s = min(poll_s * 2, _POLL_MOST_S)
            if await has_left():
                budget.cancel()
                raise _ended("canceled", QueryCanceled("query was canceled in expression evaluation"))
            if budget.remaining_s() < -self._grace_s:
                budget.cancel()
                raise _ended("timeout", QueryTimeout("query timed out in expression evaluation"))
        return future.result()

    def _give_back(self, done: asyncio.Future[T], budget: Budget) -> None:
        self._budgets.discard(budget)
        self._free.release()
        _RUNNING.dec()
        # Reading the exception marks it as seen: nobody awaits the future of a client that left.
        failed = done.cancelled() or done.exception() is not None
        _ENDED.labels("error" if failed else "ok").inc()


def _timed(work: Callable[[], T]) -> T:
    began_s = time.perf_counter()
    try:
        return work()
    finally:
        _SECONDS.observe(time.perf_counter() - began_s)


def _ended(end: str, err: Exception) -> Exception:
    _ENDED.labels(end).inc()
    return err
