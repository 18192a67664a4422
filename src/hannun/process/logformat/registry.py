"""Formats of log lines: each is a function that knows its own, registered beside its code."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo
from functools import cache
from typing import NamedTuple


class Reading(NamedTuple):
    """`ts_ns` None: the line names no time that one could be sure of."""

    format: str
    ts_ns: int | None


@dataclass(frozen=True, slots=True)
class Situation:
    """When and where the line was read. `zone` None: this machine's."""

    now_ns: int
    zone: tzinfo | None = None


Read = Callable[[str, Situation], "int | bool | None"]
"""Its time (ns), True when the line is of this format and has no sure time, None or False when it is not."""


@dataclass(frozen=True, slots=True)
class Format:
    """`first`: letters that its lines begin with, "" for any. `single`: one line is a whole record, always."""

    name: str
    first: str
    single: bool
    order: int
    read: Read


_FORMATS: list[Format] = []


def log_format(name: str, *, first: str = "", single: bool = False, order: int = 5) -> Callable[[Read], Read]:
    """Make a function the reader of a format. Lower orders are asked first."""

    def register(read: Read) -> Read:
        assert all(known.name != name for known in _FORMATS), f"{name} is read twice"
        _FORMATS.append(Format(name, first, single, order, read))
        return read

    return register


@cache
def formats() -> tuple[Format, ...]:
    package = importlib.import_module("hannun.process.logformat.formats")
    for found in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{found.name}")
    return tuple(sorted(_FORMATS, key=lambda each: each.order))
