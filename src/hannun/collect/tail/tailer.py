"""The event loop's side of tailing: discoveries, when to look for files again, and the thread that reads.

Files are read by one thread of its own (`rounds`), folders are looked through in another, and everything that speaks
to somebody (Docker, the journal, ports) is a task that puts its lines into an `Inlet`.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from hannun.collect.discovery.registry import Discoverer
from hannun.collect.source import hostname
from hannun.collect.tail.files import Files
from hannun.collect.tail.metrics import TailMetrics
from hannun.collect.tail.plan import Job, Plan
from hannun.collect.tail.positions import Positions
from hannun.collect.tail.rounds import Rounds, overlay
from hannun.collect.tail.sender import Lane
from hannun.collect.tail.source import Desk, LineSource, sources_of
from hannun.collect.tail.target import Inlet
from hannun.collect.tail.through import Through
from hannun.collect.tail.wanted import Found, JobGroups, look
from hannun.config.prometheus.model import Discovery
from hannun.model.target import TargetGroup

_log = logging.getLogger("hannun.collect.tail")
_GLANCE_S = 1.0
_FOLDERS_WATCHED_MAX = 2_000
Discover = Callable[[Discovery], Discoverer]


class Tailer:
    """`start` and `stop` once, on one event loop. The lanes run by themselves; several lives of tailers share them."""

    def __init__(
        self,
        plan: Plan,
        lanes: Sequence[Lane],
        positions: Positions,
        metrics: TailMetrics,
        *,
        discover: Discover,
        host: str = "",
    ) -> None:
        self.plan = plan
        self.metrics = metrics
        self.positions = positions
        self.rounds = Rounds(lanes, positions, metrics, plan.pace)
        self._lanes = tuple(lanes)
        self._host = host or hostname()
        self._discover = discover
        self._thread = ThreadPoolExecutor(1, "hannun-tail")
        self.files = Files(self.rounds, plan, metrics)
        self.found = Found()
        self._groups: dict[tuple[str, int], Sequence[TargetGroup]] = {}
        self._changed = asyncio.Event()
        self._synced = False
        self._tasks: list[asyncio.Task[None]] = []
        self.sources: list[LineSource] = []

    @property
    def has_files(self) -> bool:
        """Whether anything is found to read yet (`/ready`)."""
        return bool(self.rounds.targets) or not self.plan.jobs

    async def start(self) -> None:
        for job in self.plan.jobs:
            for index, config in enumerate(job.file_discoveries):
                self._run(self._discovered(job.name, index, config), f"tail-discovery-{job.name}")
            for source in sources_of(job, Desk(self._inlet, self._remove, self.metrics, self._discover)):
                self.sources.append(source)
                self._run(source.run(), f"tail-{job.name}")
        self._run(self._sync_forever(), "tail-files")
        self._run(self._read_forever(), "tail-read")

    async def stop(self) -> None:
        """What was read is on the disk when it returns; whatever is not is read again."""
        self.rounds.leaving = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.get_running_loop().run_in_executor(self._thread, self.rounds.close)
        self._thread.shutdown(wait=False)

    def _run(self, work: object, name: str) -> None:
        task: asyncio.Task[None] = asyncio.create_task(work, name=name)  # type: ignore[arg-type]
        task.add_done_callback(_say_why)
        self._tasks.append(task)

    # --- files --------------------------------------------------------------------------------------------------------

    async def _discovered(self, job: str, index: int, config: Discovery) -> None:
        def publish(groups: Sequence[TargetGroup]) -> None:
            self._groups[job, index] = tuple(groups)
            self._changed.set()

        await self._discover(config).run(publish)

    async def _sync_forever(self) -> None:
        while True:
            # Several discoveries publish one after the other; they are looked at together.
            await asyncio.sleep(0.05)
            self._changed.clear()
            await self.sync()
            await self._something_new()

    async def sync(self) -> None:
        """Look for files now."""
        self.found = await asyncio.to_thread(self._look)
        await asyncio.get_running_loop().run_in_executor(self._thread, self.files.apply, self.found)

    def _look(self) -> Found:
        groups = [
            JobGroups(job.name, job.relabeler, [one for group in self._groups_of(job) for one in group])
            for job in self.plan.jobs
        ]
        found = look(groups, host=self._host, folder=self.plan.folder)
        if self.plan.look_around is not None:
            around = self.plan.look_around()
            found.files += around.files
            found.left += around.left
            found.folders |= around.folders
        return found

    def _groups_of(self, job: Job) -> list[Sequence[TargetGroup]]:
        return [self._groups.get((job.name, index), ()) for index in range(len(job.file_discoveries))]

    async def _something_new(self) -> None:
        """Returns after the sync period, or when a discovery or one of the folders changed."""
        before = await asyncio.to_thread(_times, self.found.folders)
        until = time.monotonic() + self.plan.sync_s
        while (left := until - time.monotonic()) > 0:
            try:
                async with asyncio.timeout(min(_GLANCE_S, left)):
                    await self._changed.wait()
                return
            except TimeoutError:
                if await asyncio.to_thread(_times, self.found.folders) != before:
                    return

    async def _read_forever(self) -> None:
        loop = asyncio.get_running_loop()
        saved_s = time.monotonic()
        while True:
            again = await loop.run_in_executor(self._thread, self.rounds.run)
            if time.monotonic() - saved_s >= self.plan.save_s:
                saved_s = time.monotonic()
                await loop.run_in_executor(self._thread, self.rounds.save)
                for lane in self._lanes:
                    self.metrics.set("promtail_spooled_bytes", lane.spool.size_bytes, host=lane.outlet.name)
            await asyncio.sleep(0.001 if again else self.plan.pace.poll_s)

    # --- other sources ------------------------------------------------------------------------------------------------

    async def _inlet(self, job: str, kind: str, through: Through[str], cursor_name: str) -> Inlet:
        loop = asyncio.get_running_loop()
        cursor = self.positions.cursors.get(cursor_name, "") if cursor_name else ""
        inlet = Inlet(job, kind, through, cursor_name=cursor_name, cursor=cursor)
        await loop.run_in_executor(self._thread, self.rounds.add, inlet)
        return inlet

    async def _remove(self, inlet: Inlet) -> None:
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._thread, lambda: self.rounds.remove(inlet.key, gone=False))


def _times(folders: set[str]) -> dict[str, int]:
    """When each folder changed last; of too many folders none, then the sync period has to do."""
    found: dict[str, int] = {}
    if len(folders) > _FOLDERS_WATCHED_MAX:
        return found
    for folder in folders:
        try:
            found[folder] = os.stat(folder).st_mtime_ns
        except OSError:
            found[folder] = 0
    return found


def _say_why(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (err := task.exception()) is not None:
        _log.error("%s ended: %r", task.get_name(), err, exc_info=err)


def positions_of(folder: Path, promtail_file: Path | None, lanes: Sequence[Lane]) -> Positions:
    """What was saved, and what segments that wait know better. Blocking."""
    positions = Positions(folder / "positions.json", promtail_file)
    overlay(positions, lanes)
    return positions
