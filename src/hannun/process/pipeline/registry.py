"""Which function builds which stage: each stage registers itself under its Promtail name."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from functools import cache
from typing import Protocol, TypeVar

from hannun.model.errors import ConfigError
from hannun.model.stage import StageSpec
from hannun.model.text import Text
from hannun.process.pipeline.context import Context
from hannun.process.pipeline.entry import Entry
from hannun.process.pipeline.options import Options


class Stage(Protocol):
    """One stage at work. Never raises for a line."""

    def run(self, entry: Entry) -> list[Entry]:
        """What goes on now: the entry, none, or some that waited."""
        ...

    def flush(self, *, everything: bool) -> list[Entry]:
        """What has waited long enough; all of it when the pipeline ends."""
        ...

    @property
    def holds(self) -> bool:
        """Whether a line waits here now."""
        ...


class Simple:
    """A stage that only changes or drops what comes."""

    __slots__ = ("_keeps",)

    def __init__(self, keeps: Callable[[Entry], bool]) -> None:
        self._keeps = keeps

    def run(self, entry: Entry) -> list[Entry]:
        return [entry] if self._keeps(entry) else []

    def flush(self, *, everything: bool) -> list[Entry]:
        return []

    @property
    def holds(self) -> bool:
        return False


Build = Callable[[Options, Context], Stage]
Change = Callable[[Entry], None]
_BUILDERS: dict[str, Build] = {}
Builder = TypeVar("Builder", bound=Build)


def stage(*names: str) -> Callable[[Builder], Builder]:
    """Make a function the builder of a stage. It raises ConfigError."""

    def register(build: Builder) -> Builder:
        for name in names:
            assert name not in _BUILDERS, f"{name} is built twice"
            _BUILDERS[name] = build
        return build

    return register


def changing(change: Change) -> Stage:
    """A stage that keeps every line."""

    def keeps(entry: Entry) -> bool:
        change(entry)
        return True

    return Simple(keeps)


def build(spec: StageSpec, context: Context) -> Stage:
    """Raises ConfigError with the place of the stage."""
    _load()
    builder = _BUILDERS.get(spec.kind)
    if builder is None:
        place = f"{spec.place}: " if spec.place else ""
        known = ", ".join(sorted(_BUILDERS))
        raise ConfigError(
            Text(
                en=f"{place}unknown stage type: {spec.kind[:80]}; known are {known}",
                ko=f"{place}알 수 없는 스테이지 {spec.kind[:80]}. 쓸 수 있는 것: {known}",
            )
        )
    options = Options(spec)
    made = builder(options, context)
    options.close()
    return made


def kinds() -> tuple[str, ...]:
    _load()
    return tuple(sorted(_BUILDERS))


@cache
def _load() -> None:
    package = importlib.import_module("hannun.process.pipeline.stages")
    for found in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{found.name}")
