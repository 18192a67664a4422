"""An engine over an empty directory, and a clock that stands still until a test moves it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hannun.store import schema
from hannun.store.engine import ChdbEngine

NOW_MS = 1_800_000_000_000


class HandClock:
    def __init__(self) -> None:
        self.ms = NOW_MS
        self.s = 1000.0

    def now_ms(self) -> int:
        return self.ms

    def monotonic_s(self) -> float:
        return self.s

    def advance(self, seconds: float) -> None:
        self.s += seconds
        self.ms += int(seconds * 1000)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[ChdbEngine]:
    opened = ChdbEngine.open(tmp_path / "engine", memory_bytes=1 << 30, threads=2)
    schema.apply(opened)
    yield opened
    opened.close()
