"""A discovery under test: what it published, and a wait for what it should publish next."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from hannun.collect.discovery import Discoverer
from hannun.model.target import TargetGroup


class Watched:
    """The published lists of one running discovery."""

    def __init__(self, discoverer: Discoverer) -> None:
        self.discoverer = discoverer
        self.published: list[list[TargetGroup]] = []
        self._news = asyncio.Event()

    def publish(self, groups: Sequence[TargetGroup]) -> None:
        self.published.append(list(groups))
        self._news.set()

    @property
    def addresses(self) -> list[str]:
        """Of the newest list, in its order."""
        newest = self.published[-1] if self.published else []
        return [target["__address__"] for group in newest for target in group.targets]

    def labels(self, address: str) -> dict[str, str]:
        """Every label that the target of this address has in the newest list."""
        for group in self.published[-1]:
            for target in group.targets:
                if target["__address__"] == address:
                    return {**group.labels, **target}
        raise KeyError(address)

    async def until(self, holds: Callable[[], bool], timeout_s: float = 8.0) -> None:
        """Waits until `holds`; looks again at each publication and a few times a second."""
        async with asyncio.timeout(timeout_s):
            while not holds():
                self._news.clear()
                try:
                    await asyncio.wait_for(self._news.wait(), 0.05)
                except TimeoutError:
                    continue


Watching = Callable[[Discoverer], AbstractAsyncContextManager[Watched]]


@pytest.fixture
def watching() -> Watching:
    """`async with watching(discover(config)) as seen:` runs it meanwhile."""

    @asynccontextmanager
    async def run(discoverer: Discoverer) -> AsyncIterator[Watched]:
        watched = Watched(discoverer)
        task = asyncio.create_task(discoverer.run(watched.publish))
        try:
            yield watched
            assert not task.done(), "a discovery runs until it is cancelled"
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    return run
