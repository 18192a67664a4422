"""The registry of services: adding one is adding a file with `@service("kind")` above its session.

A session is one connection. Its class says how to connect, how the service proves that it is alive, and which parts
it tells; the collector runs the parts, each on its own risk, within one deadline.
"""

from __future__ import annotations

import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import ClassVar, TypeVar

from hannun.collect.host.builder import Builder
from hannun.config.services import ServiceUrl

Part = Callable[[Builder], None]


class Lost(Exception):
    """The connection cannot be used any more. OSError and EOFError say the same."""


class Absent(Exception):
    """What a part reads does not exist on this server: an extension, a role. No failure."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one part did."""

    part: str
    duration_s: float
    error: str = ""
    absent: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """A whole reading, for what an exporter tells about itself. `error` is the first that happened, "" for none."""

    outcomes: Sequence[Outcome]
    duration_s: float
    count: int
    error: str


class Session(ABC):
    """Made by connecting; raises whatever its driver raises, which `explain` puts into words.

    Every wait of a session ends within `timeout_s`.
    """

    up: ClassVar[tuple[str, str]]
    """Name and help of the series that says whether the service is there."""

    @abstractmethod
    def __init__(self, url: ServiceUrl, password: str, timeout_s: float) -> None: ...

    @abstractmethod
    def check(self) -> None:
        """A cheap question that only a living service answers."""

    @abstractmethod
    def parts(self) -> Sequence[tuple[str, Part]]:
        """Name and reader of everything there is to tell. A reader may raise Lost, Absent, or anything else."""

    @abstractmethod
    def close(self) -> None:
        """Lets go of the connection, even of a broken one. Raises nothing."""

    @classmethod
    def report(cls, builder: Builder, reading: Reading) -> None:
        """What the popular exporter of this service tells about its own work; nothing by default."""
        return

    @classmethod
    def explain(cls, err: BaseException) -> str:
        """An error of the driver in words, with what to do where that is known."""
        return words(err)


def words(err: BaseException) -> str:
    """The text of an error; some drivers put the real one into its cause."""
    told = str(err) or type(err).__name__
    if isinstance(err, TimeoutError):
        return "no answer in time"
    if isinstance(err, OSError) and err.strerror:
        return err.strerror
    return told


SESSIONS: dict[str, type[Session]] = {}
Made = TypeVar("Made", bound=type[Session])


def service(kind: str) -> Callable[[Made], Made]:
    """Make a class the session of one kind of `config.services.KINDS`."""

    def register(made: Made) -> Made:
        assert kind not in SESSIONS, f"{kind} is already provided by {SESSIONS[kind].__module__}"
        SESSIONS[kind] = made
        return made

    return register


def session_of(kind: str) -> type[Session]:
    _register_all()
    return SESSIONS[kind]


@cache
def _register_all() -> None:
    package = importlib.import_module("hannun.collect.services")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"hannun.collect.services.{module.name}")
