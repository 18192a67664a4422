"""A mount that never answers costs one thread and one time limit, not the round."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from hannun.collect.host.statvfs import NoAnswer, Space, StatvfsPool, ask

SPACE = Space(100.0, 50.0, 40.0, 10.0, 5.0)
TIMEOUT_S = 0.05


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
        begin_s = time.monotonic()
        assert isinstance(pool.spaces(["/nfs"])["/nfs"], NoAnswer)
        assert time.monotonic() - begin_s < TIMEOUT_S
        assert asked.asked == ["/nfs"]
        asked.come_back()
        while isinstance(found := pool.spaces(["/nfs"])["/nfs"], NoAnswer):
            time.sleep(0.001)
        assert found == SPACE


def test_ten_dead_mounts_cost_about_one_time_limit_each_at_most() -> None:
    paths = [f"/nfs{number}" for number in range(10)]
    with server(*paths) as asked:
        begin_s = time.monotonic()
        found = StatvfsPool(0.04, asked).spaces([*paths, "/"])
        assert time.monotonic() - begin_s < 1.0
    assert found["/"] == SPACE
    assert sum(isinstance(answer, NoAnswer) for answer in found.values()) == 10


def test_a_real_filesystem_has_space() -> None:
    told = ask("/")
    assert 0 <= told.avail <= told.free <= told.size


def test_a_missing_path_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        ask("/no/such/path")
