"""Checking passwords without letting the checking become the attack.

One check costs 19 MiB and tens of milliseconds on purpose, so at most two run at a time and a bounded line waits.
Basic authentication repeats the same password with each request: a success is remembered for a minute under a keyed
hash that dies with the process and with every change of accounts.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict

from hannun.model.account import Account
from hannun.model.errors import Overloaded
from hannun.model.secret import NOBODY, derived, fits, verify_password
from hannun.model.text import Text
from hannun.model.time import Clock
from hannun.web.auth.throttle import Throttle
from hannun.web.site import Address

AT_ONCE_MAX = 2
WAITING_MAX = 32
REMEMBERED_S = 60.0
REMEMBERED_MAX = 1_000


class Passwords:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._throttle = Throttle()
        self._slots = asyncio.Semaphore(AT_ONCE_MAX)
        self._waiting = 0
        self._secret = secrets.token_urlsafe(32)
        self._remembered: OrderedDict[str, float] = OrderedDict()

    def forget(self) -> None:
        """Accounts changed: nothing that was true of a password need be true any more."""
        self._remembered.clear()

    async def check(self, account: Account | None, name: str, password: str, address: Address | None) -> bool:
        """Whether it is the account's password; an unknown user (None) takes as long. Raises Overloaded to wait."""
        wait_s = self._throttle.attempt(name, address, self._clock.monotonic_s())
        if wait_s > 0:
            raise Overloaded(_TOO_OFTEN.with_(seconds=int(wait_s) + 1), retry_after_s=int(wait_s) + 1)
        if not fits(password):
            return False
        if self._waiting >= WAITING_MAX:
            raise Overloaded(_BUSY, retry_after_s=2)
        self._waiting += 1
        try:
            async with self._slots:
                wanted = NOBODY if account is None else account.password_hash
                right = await asyncio.to_thread(verify_password, wanted, password)
        finally:
            self._waiting -= 1
        if right and account is not None:
            self._throttle.succeeded(name, address)
            return True
        return False

    async def check_again(self, account: Account | None, name: str, password: str, address: Address | None) -> bool:
        """The same for credentials that come with each request."""
        key = derived(self._secret, f"{account.password_hash}\0{password}") if account and fits(password) else ""
        if key and self._remembered.get(key, 0.0) > self._clock.monotonic_s():
            return True
        right = await self.check(account, name, password, address)
        if right and key:
            self._remembered[key] = self._clock.monotonic_s() + REMEMBERED_S
            if len(self._remembered) > REMEMBERED_MAX:
                self._remembered.popitem(last=False)
        return right


_TOO_OFTEN = Text(
    en="Too many wrong passwords; try again in {seconds} s",
    ko="비밀번호가 여러 번 틀렸습니다. {seconds}초 뒤에 다시 시도하세요",
)
_BUSY = Text(
    en="Too many logins at once; try again shortly", ko="로그인이 한꺼번에 몰렸습니다. 잠시 뒤에 다시 시도하세요"
)
