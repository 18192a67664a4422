"""One job: its discoveries, its client and its targets, from the first list to the last marker."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any

from hannun.collect.http_client import make_client
from hannun.collect.scrape import advice
from hannun.collect.scrape.digest import Digester
from hannun.collect.scrape.failure import ScrapeFailed
from hannun.collect.scrape.failure_log import FailureLog
from hannun.collect.scrape.fetch import Fetcher
from hannun.collect.scrape.limits import TARGETS_MAX
from hannun.collect.scrape.loop import Shared, TargetLoop
from hannun.collect.scrape.targets import Built, ScrapeTarget, build
from hannun.collect.stand_in import StandIns
from hannun.config.prometheus.model import Discovery, ScrapeConfig
from hannun.model.target import DroppedTarget, TargetGroup
from hannun.process.relabel import Relabeler

_log = logging.getLogger("hannun.collect.scrape")
LISTS_APART_S = 1.0
"""Discoveries that change all the time are followed once in this time."""
BUILD_INLINE_MAX = 100
FIRST_WITHIN_MIN_MS = 1_000
FIRST_APART_MS = 20
"""First scrapes are spread so that at most 50 targets a second are met for the first time."""


class Pool:
    """`start` once, `stop` once. `lost` is told of loops that have ended while their series may live."""

    def __init__(
        self,
        config: ScrapeConfig,
        shared: Shared,
        stand_ins: StandIns,
        discover: Callable[[Discovery], Any],
        lost: Callable[[TargetLoop], None],
    ) -> None:
        self.config = config
        legacy_names = config.metric_name_validation_scheme == "legacy"
        self.relabeler = Relabeler(config.relabel, legacy_names=legacy_names)
        self.dropped: tuple[DroppedTarget, ...] = ()
        self.dropped_count = 0
        self.loops: dict[tuple[object, ...], TargetLoop] = {}
        self._metric_relabeler = Relabeler(config.metric_relabel, legacy_names=legacy_names)
        self._shared = shared
        self._lost = lost
        self._client = make_client(config.client, timeout_s=config.timeout_ms / 1000, clock=shared.clock)
        self._fetcher = Fetcher(config, self._client, stand_ins)
        self._failures = FailureLog(config.failure_log, config.job_name) if config.failure_log else None
        self._discoverers = [discover(one) for one in config.discoveries]
        self._groups: list[Sequence[TargetGroup]] = [()] * len(self._discoverers)
        self._changed = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._errors: tuple[str, ...] = ()

    @property
    def failing(self) -> list[str]:
        """What its discoveries cannot reach now."""
        return [one.failing for one in self._discoverers if one.failing]

    def start(self) -> None:
        name = self.config.job_name
        self._tasks = [
            asyncio.create_task(discoverer.run(self._publisher(number)), name=f"discovery {number} of {name}")
            for number, discoverer in enumerate(self._discoverers)
        ]
        self._tasks.append(asyncio.create_task(self._follow(), name=f"targets of {name}"))

    async def stop(self) -> list[TargetLoop]:
        """Ends all; the loops are handed back for their markers."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        loops = list(self.loops.values())
        self.loops = {}
        await asyncio.gather(*(loop.stop() for loop in loops))
        await self._client.close()
        return loops

    def _publisher(self, number: int) -> Callable[[Sequence[TargetGroup]], None]:
        def publish(groups: Sequence[TargetGroup]) -> None:
            self._groups[number] = groups
            self._changed.set()

        return publish

    async def _follow(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            groups = [group for found in self._groups for group in found]
            # A fault in one list must not end the job: the targets stay as they are until the next one.
            try:
                await self._sync(await self._build(groups))
            except Exception:  # noqa: BLE001
                _log.exception("job %s: a list of targets could not be used", self.config.job_name)
            await self._shared.sleep(LISTS_APART_S)

    async def _build(self, groups: list[TargetGroup]) -> Built:
        if sum(len(group.targets) for group in groups) <= BUILD_INLINE_MAX:
            return build(self.config, groups, self.relabeler)
        return await asyncio.to_thread(build, self.config, groups, self.relabeler)

    async def _sync(self, built: Built) -> None:
        """Targets that are new are started, those that are gone are ended, the others go on undisturbed."""
        self.dropped, self.dropped_count = built.dropped, built.dropped_count
        for error in built.errors if built.errors != self._errors else ():
            _log.warning("job %s: creating target failed: %s", self.config.job_name, error)
        self._errors = built.errors
        refuse = self._too_many(built.found)
        wanted = {target.key: target for target in built.active}
        over = [key for key in self.loops if key not in wanted]
        # Taken out only when they have ended: if this is cut short, `stop` still finds them.
        await asyncio.gather(*(self.loops[key].stop() for key in over))
        for key in over:
            self._lost(self.loops.pop(key))
        new = [key for key in wanted if key not in self.loops]
        within_ms = max(FIRST_WITHIN_MIN_MS, len(new) * FIRST_APART_MS)
        for key, target in wanted.items():
            if key in self.loops:
                self.loops[key].target = target
                self.loops[key].refuse = refuse
            else:
                self.loops[key] = self._loop(target, refuse)
                self.loops[key].start(within_ms)
                await asyncio.sleep(0)  # A thousand targets take 0.2 s to set up: others may go between.

    def _loop(self, target: ScrapeTarget, refuse: ScrapeFailed | None) -> TargetLoop:
        digester = Digester(self.config, target, self._metric_relabeler, self._shared.sink)
        return TargetLoop(target, digester, self._fetcher, self._shared, refuse=refuse, failures=self._failures)

    def _too_many(self, found: int) -> ScrapeFailed | None:
        limit = self.config.limits.targets or TARGETS_MAX
        if found <= limit:
            return None
        words = f"target_limit exceeded (number of targets: {found}, limit: {limit})"
        return ScrapeFailed(words, advice.TOO_MANY_TARGETS.with_(limit=limit))
