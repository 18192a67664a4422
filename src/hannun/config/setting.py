"""One setting: its names, how its words are read, what it is without words, and what it is for.

The flag, the variable and the key in hannun.yml derive from the one name, so the command line, the file, the status
page and the reference can never disagree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from hannun.config.machine import Machine
from hannun.model.text import Text

T = TypeVar("T")
Reader = Callable[[str, Path], T]
"""Words and the folder that relative paths start from -> a value; raises BadValue."""


@dataclass(frozen=True, slots=True, eq=False)
class Setting(Generic[T]):
    """`default` is in the user's words, read like any other; where it depends on the machine, `default_said` tells
    people how. `listed`: many values, separated by commas or as a YAML list. `bare`: what the flag means without words,
    "" where it needs some."""

    name: str
    read: Reader[T]
    help: Text
    default: str | Callable[[Machine], str]
    metavar: str
    flag: str | None
    env: tuple[str, ...]
    yaml: tuple[str, ...] | None
    default_said: Text | None = None
    is_switch: bool = False
    listed: bool = False
    secret: bool = False
    bare: str = ""

    def default_words(self, machine: Machine) -> str:
        return self.default if isinstance(self.default, str) else self.default(machine)


SETTINGS: dict[str, Setting[Any]] = {}
"""By name, in the order in which help and reference show them."""


def setting(
    name: str,
    read: Reader[T],
    help_: Text,
    *,
    default: str | Callable[[Machine], str] = "",
    metavar: str = "",
    default_said: Text | None = None,
    is_switch: bool = False,
    listed: bool = False,
    secret: bool = False,
    flag: bool = True,
    in_file: bool = True,
    also_env: tuple[str, ...] = (),
    bare: str = "",
) -> Setting[T]:
    """Register the setting `name`; a dot in it is a mapping in the file: `retention.logs`."""
    assert name not in SETTINGS, f"{name} is already a setting"
    upper = name.upper().replace(".", "_")
    made = Setting(
        name=name,
        read=read,
        help=help_,
        default=default,
        metavar=metavar,
        flag=f"--{name.replace('_', '-')}" if flag else None,
        env=(f"HANNUN_{upper}", *also_env),
        yaml=tuple(name.split(".")) if in_file else None,
        default_said=default_said,
        is_switch=is_switch,
        listed=listed,
        secret=secret,
        bare=bare,
    )
    SETTINGS[name] = made
    return made


def many(read_one: Reader[T]) -> Reader[tuple[T, ...]]:
    """A reader of words separated by commas."""

    def read(words: str, base: Path) -> tuple[T, ...]:
        return tuple(read_one(part, base) for part in words.split(",") if part.strip())

    return read


def optional(read_one: Reader[T]) -> Reader[T | None]:
    """A reader that takes no words for no value."""

    def read(words: str, base: Path) -> T | None:
        return read_one(words, base) if words else None

    return read


def flagged() -> Iterable[Setting[Any]]:
    return (each for each in SETTINGS.values() if each.flag is not None)
