"""The load of a container follows what runs there within ten seconds, and is forgotten with the container."""

from __future__ import annotations

from hannun.collect.containers.load import Loads


def test_it_follows_what_runs() -> None:
    loads = Loads()
    assert loads.of("/web", 4, 100.0) == 4_000
    assert loads.of("/web", 0, 110.0) == int(4_000 / 2.718281828)
    assert loads.of("/web", 0, 200.0) == 0
    assert loads.of("/web", 3, 300.0) == 2_999


def test_a_clock_that_goes_back_changes_nothing() -> None:
    loads = Loads()
    loads.of("/web", 4, 100.0)
    assert loads.of("/web", 0, 50.0) == 4_000


def test_what_is_gone_is_forgotten() -> None:
    loads = Loads()
    loads.of("/web", 4, 100.0)
    loads.forget_others()
    loads.forget_others()
    assert loads.of("/web", 0, 101.0) == 0
