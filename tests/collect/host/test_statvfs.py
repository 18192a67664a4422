"""A mount that never answers costs one thread and one time limit, not the round."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from hannun.collect.host.statvfs import NoAnswer, Space, StatvfsPool, ask

SPACE = Space(100.0, 50.0, 40.0, 10.0, 5.0)
TIMEOUT_S = 0.4
"""Long enough for a thread of ours to get its turn on a busy machine."""


class DeadServer:
    """Answers for every path but those that are `dead`, which it lets hang until it is `back`."""

    def __init__(self) -> None:
        self.dead: set[str] = set()
        self.asked: list[str] = []
        self._back = threading.Event()

    def __call__(self, path: str) -> Space:
        self.asked.append(path)
        if path in self.dead:
            self._back.wait(10)
        if path == "/broken":
            raise OSError(5, "Input/output error")
        return SPACE

    def come_back(self) -> None:
        self.dead.clear()
        self._back.set()


@contextmanager
def server(*dead: str) -> Iterator[DeadServer]:
    made = DeadServer()
    made.dead = set(dead)
    yield made
    made.come_back()


def test_answers_are_handed_on_and_errors_with_them() -> None:
    with server() as asked:
        found = StatvfsPool(5.0, asked).spaces(["/", "/broken", "/home"])
    assert found["/"] == found["/home"] == SPACE
    assert isinstance(found["/broken"], OSError)


def test_a_dead_mount_is_told_as_such_and_the_others_answer() -> None:
    with server("/nfs") as asked:
        found = StatvfsPool(TIMEOUT_S, asked).spaces(["/", "/nfs", "/home"])
    assert isinstance(found["/nfs"], NoAnswer)
    assert found["/"] == found["/home"] == SPACE


def test_a_dead_mount_is_not_asked_again_until_it_answers() -> None:
    with server("/nfs") as asked:
        pool = StatvfsPool(TIMEOUT_S, asked)
        pool.spaces(["/nfs"])
        assert "since an earlier reading" in str(pool.spaces(["/nfs"])["/nfs"]), "nobody waited for it again"
        assert asked.asked == ["/nfs"]
        asked.come_back()
        while isinstance(found := pool.spaces(["/nfs"])["/nfs"], NoAnswer):
            time.sleep(0.001)
        assert found == SPACE


def test_many_dead_mounts_cost_three_time_limits_at_most_and_none_afterwards() -> None:
    paths = [f"/nfs{number}" for number in range(40)]
    with server(*paths) as asked:
        pool = StatvfsPool(0.1, asked)
        begin_s = time.monotonic()
        found = pool.spaces(paths)
        assert time.monotonic() - begin_s < 3.0
        assert all(isinstance(answer, NoAnswer) for answer in found.values())
        # All have been asked by now or could not be in time; what is alive answers again.
        pool.spaces(paths)
        assert pool.spaces([*paths, "/"])["/"] == SPACE


def test_a_real_filesystem_has_space() -> None:
    told = ask("/")
    assert 0 <= told.avail <= told.free <= told.size


def test_a_missing_path_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        ask("/no/such/path")
