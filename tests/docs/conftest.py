"""What several pages' tests need: senders that are told what the page says."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

WITHIN_S = 30.0


@contextmanager
def _running(command: list[str], log: Path) -> Iterator[Callable[[Callable[[], bool]], None]]:
    """Yields a wait: until what it is given is true, or the program ends, or time is up."""
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL, cwd=log.parent)

    def said() -> str:
        return log.read_text(encoding="utf-8", errors="replace")[-3000:]

    def wait(is_there: Callable[[], bool]) -> None:
        until = time.monotonic() + WITHIN_S
        while not is_there():
            assert process.poll() is None, said()
            assert time.monotonic() < until, said()
            time.sleep(0.2)

    try:
        yield wait
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="session")
def running() -> object:
    return _running
