"""The registry of discoveries: adding one is adding a file with `@discoverer(ItsConfig)` above its class.

A discovery finds groups of targets and publishes the whole list whenever it changes. It never ends by itself: what it
cannot reach stands in `failing`, the groups it found before go on, and it is asked again.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Protocol, TypeVar

from hannun.config.prometheus.model import Discovery
from hannun.model.target import TargetGroup

Publish = Callable[[Sequence[TargetGroup]], None]
"""Called on the event loop with every group that is known now; must return quickly and raise nothing."""


class Discoverer(Protocol):
    """One `run` per discoverer, on the event loop."""

    @property
    def failing(self) -> str:
        """Why the last look failed, in English, without secrets; "" while all is well."""
        ...

    async def run(self, publish: Publish) -> None:
        """Finds and publishes until cancelled. Raises nothing for what the source does."""
        ...


_DISCOVERERS: dict[type[Any], Callable[[Any], Discoverer]] = {}
Made = TypeVar("Made", bound=Callable[[Any], Discoverer])


def discoverer(config: type[Any]) -> Callable[[Made], Made]:
    """Make a class (or function) of one configuration value the discovery behind its kind of config."""

    def register(made: Made) -> Made:
        assert config not in _DISCOVERERS, f"{config} is already served by {_DISCOVERERS[config].__module__}"
        _DISCOVERERS[config] = made
        return made

    return register


def discover(config: Discovery) -> Discoverer:
    """The discovery that `config` asks for, not yet running."""
    _register_all()
    return _DISCOVERERS[type(config)](config)


@cache
def _register_all() -> None:
    package = importlib.import_module("hannun.collect.discovery")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"hannun.collect.discovery.{module.name}")
