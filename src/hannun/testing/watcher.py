"""Somebody who asks `/-/healthy` all the time, while a test does to the server what it likes."""

from __future__ import annotations

import threading
import time

import httpx

HEALTHY_WITHIN_S = 0.1


class Watcher(threading.Thread):
    """`with Watcher(url):` fails at the end when answers were late. `waits_s` are the times of all of them.

    One late answer in fifty may be the machine's (tests share two cores); a blocked loop shows in many. Where the test
    itself keeps every core busy, `late_share` is larger.
    """

    def __init__(self, url: str, *, late_share: float = 0.02) -> None:
        super().__init__(daemon=True)
        self._url = url
        self._late_share = late_share
        self._enough = threading.Event()
        self._connected = threading.Event()
        self.waits_s: list[float] = []

    def run(self) -> None:
        with httpx.Client(base_url=self._url, timeout=10) as client:
            client.get("/-/healthy")
            self._connected.set()
            while not self.waits_s or not self._enough.is_set():
                began = time.monotonic()
                assert client.get("/-/healthy").status_code == 200
                self.waits_s.append(time.monotonic() - began)
                time.sleep(0.02)

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
