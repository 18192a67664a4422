"""container_cpu_load_average_10s by cAdvisor's formula: tasks that run or want to, smoothed over 10 s, × 1000."""

from __future__ import annotations

import math
from dataclasses import dataclass

WINDOW_S = 10.0


@dataclass(frozen=True, slots=True)
class _Load:
    average: float
    at_s: float


class Loads:
    """Remembers the average of each container between two readings; `forget` what was not met in the last one."""

    def __init__(self) -> None:
        self._known: dict[str, _Load] = {}
        self._met: set[str] = set()

    def of(self, container: str, running: int, now_s: float) -> float:
        """A container that is met for the first time has had its present load all the time."""
        before = self._known.get(container)
        average = float(running)
        if before is not None:
            keep = math.exp(-max(now_s - before.at_s, 0.0) / WINDOW_S)
            average = before.average * keep + running * (1 - keep)
        self._known[container] = _Load(average, now_s)
        self._met.add(container)
        return float(int(average * 1000))

    def forget_others(self) -> None:
        """At the end of a reading."""
        self._known = {container: load for container, load in self._known.items() if container in self._met}
        self._met = set()
