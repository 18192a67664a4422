"""scrape_failure_log_file: one line of JSON for each scrape that failed, in Prometheus's form.

Written by a thread of its own, because the file may lie on a disk that does not answer. The file is opened for each
write, appending, so that whoever rotates it needs to tell nobody.
"""

from __future__ import annotations

import json
import logging
import os
import threading
from collections import deque
from datetime import UTC, datetime
from pathlib import Path

from hannun.observe.metrics import counter

_log = logging.getLogger("hannun.collect.scrape")
_DROPPED = counter("hannun_scrape_failure_log_dropped_total", "Lines of scrape_failure_log_file that were not written.")
WAITING_MAX = 1_000
MESSAGE_CHARS_MAX = 2_000


class FailureLog:
    """One per job; jobs may share a file, because a line is one write. `write` never blocks and never raises."""

    def __init__(self, path: Path, job: str) -> None:
        self._path = path
        self._job = job
        self._waiting: deque[bytes] = deque()
        self._lock = threading.Lock()
        self._writing = False
        self._failing = False

    def write(self, message: str, target: str, now_ms: int) -> None:
        entry = line(message, self._job, target, now_ms)
        with self._lock:
            if len(self._waiting) >= WAITING_MAX:
                _DROPPED.inc()
                return
            self._waiting.append(entry)
            if self._writing:
                return
            self._writing = True
        threading.Thread(target=self._write, name="hannun-failure-log", daemon=True).start()

    def _write(self) -> None:
        while True:
            with self._lock:
                entries = list(self._waiting)
                self._waiting.clear()
                self._writing = bool(entries)
            if not entries:
                return
            try:
                _append(self._path, entries)
                self._failing = False
            except OSError as err:
                _DROPPED.inc(len(entries))
                if not self._failing:
                    why = err.strerror or err
                    _log.warning(
                        "scrape_failure_log_file %s (job %s) cannot be written: %s", self._path, self._job, why
                    )
                self._failing = True


def line(message: str, job: str, target: str, now_ms: int) -> bytes:
    """Prometheus's fields in its order, without `source`, which names a line of Go."""
    time = datetime.fromtimestamp(now_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    fields = {
        "time": time,
        "level": "ERROR",
        "msg": message[:MESSAGE_CHARS_MAX],
        "job_name": job,
        "target": target,
    }
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace") + b"\n"


def _append(path: Path, entries: list[bytes]) -> None:
    """Raises OSError. A pipe without a reader is refused instead of waited for."""
    fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK, 0o666)
    try:
        for entry in entries:
            left = memoryview(entry)
            while left:
                left = left[os.write(fd, left) :]
    finally:
        os.close(fd)
