"""A meta store in a temporary folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hannun.store.meta import MetaStore
from hannun.testing.clock import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "meta.db"


@pytest.fixture
def meta(file: Path, clock: FakeClock) -> Iterator[MetaStore]:
    opened = MetaStore.open(file, clock)
    yield opened
    opened.close()
