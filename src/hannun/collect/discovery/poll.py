"""What the discoveries share that ask their source again and again.

A round that fails changes nothing about the targets: they are kept, the failure is said, and the source is asked
again sooner than usual at first, then less and less often, never less often than its interval says.
"""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from hannun.collect.discovery.registry import Publish
from hannun.model.target import TargetGroup

_log = logging.getLogger("hannun.collect.discovery")
FIRST_RETRY_S = 1.0
ASK_TIMEOUT_S = 60.0

Sleep = Callable[[float], Coroutine[Any, Any, None]]


def retry_delay_s(failures: int, at_most_s: float) -> float:
    """1 s after the first failure, twice as long after each further one, bounded."""
    return min(at_most_s, FIRST_RETRY_S * float(1 << min(failures - 1, 16)))


def reason(err: BaseException) -> str:
    """An error in words: some of those that sockets and TLS raise have none of their own."""
    return str(err) or type(err).__name__


class PartlyFailed(Exception):
    """A part of the source could not be asked: `groups` are the new ones of the rest and the old ones of that part."""

    def __init__(self, why: str, groups: Sequence[TargetGroup]) -> None:
        super().__init__(why)
        self.groups = groups


class PolledDiscovery(ABC):
    """Subclasses say how to `ask`; `what` names the source in logs and errors, without secrets."""

    def __init__(self, what: str, refresh_ms: int, sleep: Sleep = asyncio.sleep) -> None:
        self._what = what
        self._refresh_s = refresh_ms / 1000
        self._sleep = sleep
        self.failing = ""

    @abstractmethod
    async def ask(self) -> Sequence[TargetGroup]:
        """Every group that the source tells now. Raises PartlyFailed, or whatever went wrong as a whole."""

    async def close(self) -> None:
        """Lets go of connections; called once, at the end of `run`."""
        return

    async def run(self, publish: Publish) -> None:
        try:
            await self._run(publish)
        finally:
            await self.close()

    async def _run(self, publish: Publish) -> None:
        published: list[TargetGroup] | None = None
        failures = 0
        while True:
            found = published
            try:
                async with asyncio.timeout(min(self._refresh_s, ASK_TIMEOUT_S)):
                    found = list(await self.ask())
            except PartlyFailed as err:
                found = list(err.groups)
                failures += 1
                self._fail(err)
            # Whatever the source did, its discovery goes on and asks again.
            except Exception as err:  # noqa: BLE001
                failures += 1
                self._fail(err)
            else:
                failures = 0
                self.failing = ""
            if found is not None and found != published:
                publish(found)
                published = found
            await self._sleep(retry_delay_s(failures, self._refresh_s) if failures else self._refresh_s)

    def _fail(self, err: Exception) -> None:
        late = f"no answer within {min(self._refresh_s, ASK_TIMEOUT_S):g} s"
        failing = f"{self._what}: {late if isinstance(err, TimeoutError) and not str(err) else reason(err)}"
        if failing != self.failing:
            _log.warning("discovery keeps the old targets: %s", failing)
        self.failing = failing
