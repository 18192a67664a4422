"""The registry of probers: a new one is a new file with `@prober(ItsConfig)` above its function."""

from __future__ import annotations

import asyncio
import importlib
import pkgutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from hannun.collect.probe.report import Report

P = TypeVar("P")


@dataclass(frozen=True, slots=True)
class Attempt:
    """One probe under way. `deadline_s` is in the event loop's time; `hostname` is the caller's wish, "" for none."""

    target: str
    hostname: str
    deadline_s: float
    report: Report

    def left_s(self) -> float:
        return max(self.deadline_s - asyncio.get_running_loop().time(), 0.0)


Probing = Callable[[Any, Attempt], Awaitable[bool]]
"""(the module's settings, the attempt) -> success. Raises OSError and TimeoutError for what went wrong outside."""

PROBERS: dict[type, Probing] = {}


def prober(
    config: type[P],
) -> Callable[[Callable[[P, Attempt], Awaitable[bool]]], Callable[[P, Attempt], Awaitable[bool]]]:
    """Make a function the prober of modules that have a `config`."""

    def register(probe: Callable[[P, Attempt], Awaitable[bool]]) -> Callable[[P, Attempt], Awaitable[bool]]:
        assert config not in PROBERS, f"{config.__name__} is already probed by {PROBERS[config].__module__}"
        PROBERS[config] = probe
        return probe

    return register


def load() -> None:
    """Import every file of this package, so that each registers itself."""
    package = importlib.import_module("hannun.collect.probe")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"hannun.collect.probe.{module.name}")
