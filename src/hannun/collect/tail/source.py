"""What lines come from besides files: each kind is one module that registers itself and puts lines into an `Inlet`."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Protocol

from hannun.collect.discovery.registry import Discoverer
from hannun.collect.tail.metrics import TailMetrics
from hannun.collect.tail.plan import Job
from hannun.collect.tail.target import Inlet
from hannun.collect.tail.through import Through
from hannun.config.prometheus.model import Discovery
from hannun.model.tail import TailTarget


@dataclass(frozen=True, slots=True)
class Desk:
    """What a source needs of the tailer: inlets (job, kind, through, cursor's name), their end, counters, discovery."""

    open: Callable[[str, str, Through[str], str], Awaitable[Inlet]]
    close: Callable[[Inlet], Awaitable[None]]
    metrics: TailMetrics
    discover: Callable[[Discovery], Discoverer]


class LineSource(Protocol):
    async def run(self) -> None:
        """Until cancelled. Raises nothing for what the source does."""
        ...

    def targets(self) -> Iterable[TailTarget]:
        """What is read now, for the pages."""
        ...


Make = Callable[[Job, Desk], "Iterable[LineSource]"]
_MAKERS: list[Make] = []


def line_source(make: Make) -> Make:
    """Make a function the maker of a job's sources of one kind; none when the job does not ask for it."""
    _MAKERS.append(make)
    return make


def sources_of(job: Job, desk: Desk) -> Iterator[LineSource]:
    _load()
    for make in _MAKERS:
        yield from make(job, desk)


@cache
def _load() -> None:
    package = importlib.import_module("hannun.collect.tail.sources")
    for found in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{found.name}")
