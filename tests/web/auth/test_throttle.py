from __future__ import annotations

from ipaddress import ip_address

import pytest

from hannun.web.auth.throttle import DELAY_S_MAX, FORGET_S, FREE_PER_ADDRESS, FREE_PER_USER, Throttle, place

HERE, THERE = ip_address("203.0.113.9"), ip_address("198.51.100.7")


def failures(throttle: Throttle, count: int, name: str = "ann", now_s: float = 0.0) -> list[float]:
    return [throttle.attempt(name, HERE, now_s) for _ in range(count)]


def test_a_few_typos_cost_nothing() -> None:
    assert failures(Throttle(), FREE_PER_USER) == [0.0] * FREE_PER_USER


def test_then_each_wrong_password_doubles_the_wait() -> None:
    throttle, now_s, waits = Throttle(), 0.0, []
    failures(throttle, FREE_PER_USER)
    for _ in range(12):
        wait_s = throttle.attempt("ann", HERE, now_s)
        waits.append(wait_s)
        now_s += wait_s
        assert throttle.attempt("ann", HERE, now_s) == 0.0
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, *[DELAY_S_MAX] * 3]


def test_a_day_of_guessing_is_a_few_hundred_guesses() -> None:
    throttle, now_s, guesses = Throttle(), 0.0, 0
    while now_s < 86_400:
        wait_s = throttle.attempt("ann", HERE, now_s)
        guesses += wait_s == 0.0
        now_s += wait_s or 0.001
    assert guesses < 310


def test_waiting_is_not_an_attempt() -> None:
    throttle = Throttle()
    failures(throttle, FREE_PER_USER)
    before = throttle.attempt("ann", HERE, 0.0)
    assert failures(throttle, 50) == [before] * 50


def test_nobody_is_locked_out_from_elsewhere() -> None:
    throttle = Throttle()
    failures(throttle, FREE_PER_USER + 5)
    assert throttle.attempt("ann", HERE, 0.0) > 0
    assert throttle.attempt("ann", THERE, 0.0) == 0.0
    assert throttle.attempt("bob", HERE, 0.0) == 0.0


def test_many_names_do_not_give_many_guesses() -> None:
    throttle = Throttle()
    waits = [throttle.attempt(f"user {number}", HERE, 0.0) for number in range(FREE_PER_ADDRESS + 5)]
    assert waits[:FREE_PER_ADDRESS] == [0.0] * FREE_PER_ADDRESS
    assert all(wait > 0 for wait in waits[FREE_PER_ADDRESS:])


def test_success_forgets_the_users_typos_but_not_the_address() -> None:
    throttle = Throttle()
    failures(throttle, FREE_PER_USER - 1)
    throttle.succeeded("ann", HERE)
    assert failures(throttle, FREE_PER_USER) == [0.0] * FREE_PER_USER
    for _ in range(1_000):
        throttle.succeeded("ann", HERE)
        if throttle.attempt("ann", HERE, 0.0):
            break
    waits = [throttle.attempt(f"user {number}", HERE, 0.0) for number in range(FREE_PER_ADDRESS)]
    assert any(waits)


def test_after_an_hour_it_is_forgotten() -> None:
    throttle = Throttle()
    failures(throttle, FREE_PER_USER)
    assert throttle.attempt("ann", HERE, FORGET_S + DELAY_S_MAX) == 0.0
    assert failures(throttle, FREE_PER_USER - 1, now_s=FORGET_S + DELAY_S_MAX) == [0.0] * (FREE_PER_USER - 1)


def test_memory_is_bounded() -> None:
    throttle = Throttle(entries_max=100)
    for number in range(1_000):
        throttle.attempt("x" * 100_000 + str(number), ip_address(number), 0.0)
    assert len(throttle) == 100


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("10.0.0.1", "10.0.0.2", False),
    ],
    ids=["one subscriber's /64", "two subscribers", "two IPv4 addresses"],
)
def test_what_counts_as_one_caller(one: str, other: str, same: bool) -> None:
    assert (place(ip_address(one)) == place(ip_address(other))) is same
