"""One daemon thread that runs blocking calls for the event loop, one at a time.

Not `run_in_executor`: its threads are joined at exit, so a reading that hangs in the kernel would keep the process.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Worker(Generic[T]):
    def __init__(self, name: str) -> None:
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._busy = threading.Event()
        threading.Thread(target=self._run, name=name, daemon=True).start()

    @property
    def busy(self) -> bool:
        return self._busy.is_set()

    def submit(self, call: Callable[[], T]) -> asyncio.Future[T]:
        """A future on the running loop. The caller sees to it that the worker is not busy."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._busy.set()

        def job() -> None:
            outcome: T | None = None
            failure: Exception | None = None
            try:
                outcome = call()
            except Exception as err:  # noqa: BLE001  (handed to whoever awaits the future)
                failure = err
            self._busy.clear()
            with contextlib.suppress(RuntimeError):  # The loop has closed: nobody waits any more.
                loop.call_soon_threadsafe(_settle, future, outcome, failure)

        self._jobs.put(job)
        return future

    def close(self) -> None:
        """Let the thread go when its current call returns; does not wait for it."""
        self._jobs.put(None)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()


def _settle(future: asyncio.Future[Any], outcome: object, failure: Exception | None) -> None:
    if future.done():  # Given up on meanwhile.
        return
    if failure is not None:
        future.set_exception(failure)
    else:
        future.set_result(outcome)
