"""How fast passwords may be guessed. Pure but for its own memory; the clock is an argument.

Counted per user and address, so that nobody can lock another person out from elsewhere, and per address with more
patience, so that many names do not give many guesses. An attempt counts when it begins: a hundred guesses at once are
a hundred guesses.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from hannun.model.account import name_key
from hannun.model.secret import fingerprint
from hannun.web.site import Address

FREE_PER_USER = 5
FREE_PER_ADDRESS = 30
DELAY_S_MAX = 300.0
FORGET_S = 3600.0
ENTRIES_MAX = 10_000


@dataclass(frozen=True, slots=True)
class _Tries:
    count: int
    last_s: float
    blocked_until_s: float


class Throttle:
    def __init__(self, entries_max: int = ENTRIES_MAX) -> None:
        self._tries: OrderedDict[tuple[str, str], _Tries] = OrderedDict()
        self._entries_max = entries_max

    def attempt(self, name: str, address: Address | None, now_s: float) -> float:
        """0.0: go on, the attempt is counted. Otherwise the seconds to wait; then nothing was counted."""
        wait_s = max(self._wait_s(key, now_s) for key in self._keys(name, address))
        if wait_s > 0:
            return wait_s
        for key, free in zip(self._keys(name, address), (FREE_PER_USER, FREE_PER_ADDRESS), strict=True):
            self._count(key, free, now_s)
        return 0.0

    def succeeded(self, name: str, address: Address | None) -> None:
        """Forget the user's failures. The address keeps its own, less this attempt: one good login buys no guesses."""
        user, place = self._keys(name, address)
        self._tries.pop(user, None)
        tries = self._tries.get(place)
        if tries is not None:
            self._tries[place] = _Tries(max(0, tries.count - 1), tries.last_s, 0.0)

    def __len__(self) -> int:
        return len(self._tries)

    def _keys(self, name: str, address: Address | None) -> tuple[tuple[str, str], tuple[str, str]]:
        where = place(address)
        return (fingerprint(name_key(name[:256])), where), ("", where)

    def _wait_s(self, key: tuple[str, str], now_s: float) -> float:
        tries = self._tries.get(key)
        return max(0.0, tries.blocked_until_s - now_s) if tries else 0.0

    def _count(self, key: tuple[str, str], free: int, now_s: float) -> None:
        before = self._tries.pop(key, None)
        if before is None or now_s - before.last_s > FORGET_S:
            before = _Tries(0, now_s, 0.0)
        count = before.count + 1
        over = count - free
        delay_s = min(DELAY_S_MAX, 2.0 ** min(over, 16)) if over >= 0 else 0.0
        if len(self._tries) >= self._entries_max:
            self._tries.popitem(last=False)
        self._tries[key] = _Tries(count, now_s, now_s + delay_s)


def place(address: Address | None) -> str:
    """One caller: an IPv4 address, or the /64 that one IPv6 subscriber holds."""
    if address is None:
        return ""
    return str(address) if address.version == 4 else address.exploded[:19]
