"""DSN keys in memory: asked with every request of an SDK, read again at most once a second."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from hannun.model.account import Project
from hannun.model.ports import Projects
from hannun.model.project import DEFAULTS, ProjectOptions
from hannun.model.project_key import ProjectKey
from hannun.model.time import Clock, SystemClock
from hannun.store.meta.projects import FIRST_PROJECT

FRESH_S = 1.0


@dataclass(frozen=True, slots=True)
class _Known:
    keys: Mapping[str, ProjectKey] = field(default_factory=dict)
    options: Mapping[int, ProjectOptions] = field(default_factory=dict)
    read_s: float = float("-inf")


class KeyDirectory:
    """`model.project_key.ProjectKeys`. Lives on one event loop; `options` may be asked from any thread."""

    def __init__(self, projects: Projects, clock: Clock | None = None) -> None:
        self._projects = projects
        self._clock = clock or SystemClock()
        self._known = _Known()
        self._reading = asyncio.Lock()

    async def find(self, key: str) -> ProjectKey | None:
        return (await self._fresh()).keys.get(key)

    async def exists(self, project: int) -> bool:
        return project in (await self._fresh()).options

    def options(self, project: int) -> ProjectOptions:
        """What the project has chosen, as of the last reading."""
        return self._known.options.get(project, DEFAULTS)

    async def _fresh(self) -> _Known:
        if not self._is_fresh():
            async with self._reading:
                if not self._is_fresh():
                    now_s = self._clock.monotonic_s()
                    self._known = _known(await asyncio.to_thread(self._projects.all), now_s)
        return self._known

    def _is_fresh(self) -> bool:
        return self._clock.monotonic_s() - self._known.read_s < FRESH_S


def _known(projects: list[Project], read_s: float) -> _Known:
    options = {project.id: _options(project) for project in projects}
    keys = {
        key: ProjectKey(key, project.id, project.slug, options[project.id])
        for project in projects
        for key in project.keys
    }
    return _Known(keys, options, read_s)


def _options(project: Project) -> ProjectOptions:
    """A project that was given a name is a service of that name; the first one may be sent to by all of them."""
    return DEFAULTS if project.slug == FIRST_PROJECT else ProjectOptions(service=project.slug)
