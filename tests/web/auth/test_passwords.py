from __future__ import annotations

import asyncio
from ipaddress import ip_address

import pytest

from hannun.model.access import Role, User
from hannun.model.account import Account
from hannun.model.errors import Overloaded
from hannun.model.secret import NOBODY
from hannun.testing.clock import FakeClock
from hannun.web.auth import passwords
from hannun.web.auth.passwords import REMEMBERED_MAX, REMEMBERED_S, WAITING_MAX, Passwords

ANN = Account(User(1, "ann", Role.ADMIN), "hash of right", 0)


@pytest.fixture
def verified(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The hashes that the expensive check was run against; a password is right for the hash that names it."""
    calls: list[str] = []

    def verify(password_hash: str, password: str) -> bool:
        calls.append(password_hash)
        return password_hash == f"hash of {password}"

    monkeypatch.setattr(passwords, "verify_password", verify)
    return calls


async def test_right_and_wrong(verified: list[str]) -> None:
    checker = Passwords(FakeClock())
    assert await checker.check(ANN, "ann", "right", None)
    assert not await checker.check(ANN, "ann", "wrong", None)
    assert len(verified) == 2


async def test_an_unknown_user_costs_what_a_known_one_costs(verified: list[str]) -> None:
    assert not await Passwords(FakeClock()).check(None, "nobody", "right", None)
    assert verified == [NOBODY]


@pytest.mark.parametrize(
    "password", ["", "x" * 1025, "가" * 342, "x" * 2**20], ids=["empty", "1 KiB", "bytes", "1 MiB"]
)
async def test_no_such_password_reaches_the_key_derivation(verified: list[str], password: str) -> None:
    assert not await Passwords(FakeClock()).check(ANN, "ann", password, None)
    assert verified == []


async def test_after_wrong_passwords_the_right_one_waits_too(verified: list[str]) -> None:
    clock = FakeClock()
    checker = Passwords(clock)
    for _ in range(5):
        assert not await checker.check(ANN, "ann", "wrong", None)
    with pytest.raises(Overloaded, match="try again in 2 s") as raised:
        await checker.check(ANN, "ann", "right", None)
    assert len(verified) == 5
    clock.advance(raised.value.retry_after_s)
    assert await checker.check(ANN, "ann", "right", None)


async def test_a_flood_of_logins_is_a_bounded_line(monkeypatch: pytest.MonkeyPatch) -> None:
    running, most = 0, 0

    async def slow(_of: object, *_: object) -> bool:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.001)
        running -= 1
        return False

    monkeypatch.setattr(passwords.asyncio, "to_thread", slow)
    checker = Passwords(FakeClock())
    answers = await asyncio.gather(
        *(checker.check(None, f"user {number}", "x", None) for number in range(30)), return_exceptions=True
    )
    assert most == passwords.AT_ONCE_MAX
    assert all(answer is False for answer in answers)
    checker._waiting = WAITING_MAX
    with pytest.raises(Overloaded, match="at once"):
        await checker.check(None, "one more", "x", ip_address("10.0.0.1"))


async def test_basic_credentials_are_derived_once_a_minute(verified: list[str]) -> None:
    clock = FakeClock()
    checker = Passwords(clock)
    for _ in range(50):
        assert await checker.check_again(ANN, "ann", "right", None)
    assert len(verified) == 1
    clock.advance(REMEMBERED_S + 1)
    assert await checker.check_again(ANN, "ann", "right", None)
    assert len(verified) == 2


async def test_what_is_remembered_is_this_password_of_this_hash(verified: list[str]) -> None:
    checker = Passwords(FakeClock())
    assert await checker.check_again(ANN, "ann", "right", None)
    assert not await checker.check_again(ANN, "ann", "wrong", None)
    assert not await checker.check_again(Account(ANN.user, "hash of new", 0), "ann", "right", None)
    checker.forget()
    assert await checker.check_again(ANN, "ann", "right", None)
    assert len(verified) == 4


async def test_what_is_remembered_is_bounded(verified: list[str]) -> None:
    checker = Passwords(FakeClock())
    for number in range(REMEMBERED_MAX + 10):
        account = Account(ANN.user, f"hash of {number}", 0)
        assert await checker.check_again(account, str(number), str(number), None)
    assert len(checker._remembered) == REMEMBERED_MAX
