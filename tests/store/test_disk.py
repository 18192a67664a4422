"""The reserve refuses, the ballast makes room, and neither flaps."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hannun.model.errors import DiskFull
from hannun.observe.problems import Problems
from hannun.store import disk
from hannun.store.disk import BALLAST_FILE, DiskGuard, default_reserve, size

GIB = 1 << 30
MIB = 1 << 20


class FakeDisk:
    """Stands in for statvfs; the ballast takes its share of what is free."""

    def __init__(self, path: Path, total: int, free: int) -> None:
        self.path, self.total, self.free = path, total, free

    def __call__(self, path: object) -> os.statvfs_result:
        ballast = self.path / BALLAST_FILE
        taken = ballast.stat().st_size if ballast.exists() else 0
        blocks = (self.total // 4096, (self.free - taken) // 4096)
        return os.statvfs_result((4096, 4096, blocks[0], blocks[1], blocks[1], 0, 0, 0, 0, 255))


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeDisk:
    fake = FakeDisk(tmp_path, 400 * MIB, 200 * MIB)
    monkeypatch.setattr(disk.os, "statvfs", fake)
    return fake


def test_below_the_reserve_writes_are_refused_and_the_problem_stands(small: FakeDisk, tmp_path: Path) -> None:
    problems = Problems()
    guard = DiskGuard(tmp_path, 100 * MIB, problems)
    guard.check()
    small.free = 99 * MIB
    with pytest.raises(DiskFull, match=r"100\.0 MiB") as refused:
        guard.check()
    assert "--retention" in refused.value.say("ko")
    assert [one.id for one in problems.standing()] == ["disk-full"]
    assert guard.status().refusing
    small.free = 101 * MIB
    with pytest.raises(DiskFull):
        guard.check()
    small.free = 120 * MIB
    guard.check()
    assert problems.standing() == []


def test_the_ballast_lies_there_and_is_given_up_to_drop(small: FakeDisk, tmp_path: Path) -> None:
    guard = DiskGuard(tmp_path, 100 * MIB)
    assert guard.keep_ballast()
    ballast = tmp_path / BALLAST_FILE
    assert ballast.stat().st_size == 50 * MIB
    assert ballast.stat().st_blocks * 512 >= 50 * MIB, "really allocated, not sparse"
    small.free = 110 * MIB
    with guard.room_to_drop():
        assert not ballast.exists()
        small.free = 190 * MIB
    assert ballast.exists()


def test_with_enough_space_dropping_leaves_the_ballast_alone(small: FakeDisk, tmp_path: Path) -> None:
    small.free = 300 * MIB
    guard = DiskGuard(tmp_path, 100 * MIB)
    guard.keep_ballast()
    before = (tmp_path / BALLAST_FILE).stat().st_ino
    with guard.room_to_drop():
        assert (tmp_path / BALLAST_FILE).stat().st_ino == before


def test_no_ballast_is_laid_into_the_reserve(small: FakeDisk, tmp_path: Path) -> None:
    small.free = 120 * MIB
    assert not DiskGuard(tmp_path, 100 * MIB).keep_ballast()
    assert not (tmp_path / BALLAST_FILE).exists()


@pytest.mark.parametrize(
    ("total", "reserve"),
    [
        pytest.param(100 * GIB, 5 * GIB, id="five percent"),
        pytest.param(10 * GIB, GIB, id="a gigabyte at least"),
        pytest.param(GIB, GIB // 2, id="never more than half"),
    ],
)
def test_the_default_reserve(total: int, reserve: int) -> None:
    assert default_reserve(total) == reserve


def test_sizes_for_people() -> None:
    assert [size(0), size(1536), size(5 * GIB), size(3 << 40)] == ["0 B", "1.5 KiB", "5.0 GiB", "3.0 TiB"]
