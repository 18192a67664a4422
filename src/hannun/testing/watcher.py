"""Somebody who asks `/-/healthy` all the time, while a test does to the server what it likes."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import httpx

HEALTHY_WITHIN_S = 0.1


class Watcher(threading.Thread):
    """`with Watcher(url):` fails at the end when answers were late. `waits_s` are the times of all of them.

    One late answer in fifty may be the machine's (tests share two cores); a blocked loop shows in many. Where the test
    itself keeps every core busy, `late_share` is larger. With the server's `pid`, the time in which one of its threads
    or this one was ready to run and had no core is not counted: other programs took it. A loop that computes, or waits
    for a lock whose holder computes, has its core and is late all the same.
    """

    def __init__(self, url: str, *, late_share: float = 0.02, pid: int | None = None) -> None:
        super().__init__(daemon=True)
        self._url = url
        self._late_share = late_share
        self._pid = pid
        self._enough = threading.Event()
        self._connected = threading.Event()
        self.waits_s: list[float] = []

    def run(self) -> None:
        with httpx.Client(base_url=self._url, timeout=10) as client:
            client.get("/-/healthy")
            self._connected.set()
            before = self._without_a_core_s()
            while not self.waits_s or not self._enough.is_set():
                began = time.monotonic()
                assert client.get("/-/healthy").status_code == 200
                took = time.monotonic() - began
                after = self._without_a_core_s()
                grown = {task: now - before.get(task, now) for task, now in after.items()}
                own = grown.pop(Path("/proc/thread-self"), 0.0)
                self.waits_s.append(max(0.0, took - own - max(grown.values(), default=0.0)))
                before = after
                time.sleep(0.02)

    def _without_a_core_s(self) -> dict[Path, float]:
        """How long each thread of the server, and this one, was ready to run and waited for a core, since it began."""
        if self._pid is None:
            return {}
        found: dict[Path, float] = {}
        for task in (Path("/proc/thread-self"), *Path(f"/proc/{self._pid}/task").glob("*")):
            try:
                found[task] = int((task / "schedstat").read_text(encoding="ascii").split()[1]) / 1e9
            except (OSError, IndexError, ValueError):
                continue  # the thread ended, or this kernel does not count it
        return found

    def __enter__(self) -> Watcher:
        self.start()
        assert self._connected.wait(10), "the server does not answer even before the test began"
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self.join(10)
        assert self.waits_s, "the watcher never got a turn"
        allowed = max(1, int(len(self.waits_s) * self._late_share))
        late = [wait for wait in self.waits_s if wait > HEALTHY_WITHIN_S]
        assert len(late) <= allowed, f"{len(late)} of {len(self.waits_s)} answers were late, up to {max(late):.2f} s"
