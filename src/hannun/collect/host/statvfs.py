"""`statvfs` that cannot hang us: a dead NFS server stops the thread that asks, not the round.

One helper thread answers for all mounts. When a mount does not answer in time the thread is left behind with it, the
next mount gets a new one, and the silent mount is not asked again until its thread comes back. So at most one thread
per dead mount waits.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Space:
    """Bytes and file nodes of one filesystem."""

    size: float
    free: float
    avail: float
    files: float
    files_free: float


class NoAnswer(Exception):
    """The mount did not answer in time."""


def ask(path: str) -> Space:
    """Raises OSError."""
    told = os.statvfs(path)
    unit = told.f_frsize
    return Space(
        float(told.f_blocks * unit),
        float(told.f_bfree * unit),
        float(told.f_bavail * unit),
        float(told.f_files),
        float(told.f_ffree),
    )


class StatvfsPool:
    """`spaces` may be called by one caller at a time."""

    def __init__(self, timeout_s: float, asked: Callable[[str], Space] = ask) -> None:
        self._timeout_s = timeout_s
        self._ask = asked
        self._helper: _Helper | None = None
        self._silent: dict[str, _Helper] = {}

    def spaces(self, paths: Sequence[str]) -> dict[str, Space | Exception]:
        """An answer for each path: its space, the OSError, or NoAnswer.

        Takes `timeout_s` when one mount is dead and at most three times that when many are.
        """
        self._silent = {path: helper for path, helper in self._silent.items() if helper.busy}
        deadline_s = time.monotonic() + self._timeout_s
        last_s = deadline_s + 2 * self._timeout_s
        found: dict[str, Space | Exception] = {}
        for path in paths:
            if path in self._silent:
                found[path] = NoAnswer(f"{path} has not answered since an earlier reading")
                continue
            if self._helper is None:
                self._helper = _Helper(self._ask)
            answer = self._helper.answer(path, max(0.0, deadline_s - time.monotonic()))
            if isinstance(answer, NoAnswer):
                self._silent[path] = self._helper
                self._helper = None
                # The others share what time is left, and each gets a fair chance even after a late first one.
                deadline_s = min(last_s, max(deadline_s, time.monotonic() + self._timeout_s / 4))
            found[path] = answer
        return found


class _Helper:
    def __init__(self, asked: Callable[[str], Space]) -> None:
        self._ask = asked
        self._questions: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[Space | Exception] = queue.SimpleQueue()
        self.busy = False
        # Daemon: a thread that waits for a dead server must not keep the process from leaving.
        threading.Thread(target=self._run, name="hannun-statvfs", daemon=True).start()

    def answer(self, path: str, timeout_s: float) -> Space | Exception:
        self.busy = True
        self._questions.put(path)
        try:
            return self._answers.get(timeout=timeout_s)
        except queue.Empty:
            self._questions.put(None)
            return NoAnswer(f"{path} did not answer in time")

    def _run(self) -> None:
        while (path := self._questions.get()) is not None:
            answer: Space | Exception
            try:
                answer = self._ask(path)
            except OSError as err:
                answer = err
            self.busy = False
            self._answers.put(answer)
