"""Item types of envelopes and who reads them: a new type is one entry here, made by its module."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from hannun.observe.outcomes import Outcome
from hannun.receive.sentry.sheet import Sheet
from hannun.wire.sentry.envelope import Item

Read = Callable[[Sheet, Item], None]


@dataclass(frozen=True, slots=True)
class Handler:
    """`category` is what the item counts as for limits and outcomes.

    `admits`: the handler asks the quota itself, because only it knows how many things are in the item.
    """

    category: str
    read: Read
    admits: bool = False


HANDLERS: dict[str, Handler] = {}


def item(*types: str, category: str, admits: bool = False) -> Callable[[Read], Read]:
    """Make a function the reader of items of these types. It may raise WireError and TooLarge."""

    def register(read: Read) -> Read:
        for name in types:
            assert name not in HANDLERS, f"{name} is already read by {HANDLERS[name].read.__module__}"
            HANDLERS[name] = Handler(category, read, admits)
        return read

    return register


def _unknown(sheet: Sheet, found: Item) -> None:
    """A type of a later day: counted, and the sender did nothing wrong."""
    sheet.count("default", Outcome.FILTERED, 1, "item of an unknown type")


UNKNOWN = Handler("default", _unknown)


def load_all() -> None:
    """Import every module beside this one, so that it registers itself."""
    package = import_module(__package__ or "")
    for module in pkgutil.iter_modules(package.__path__):
        import_module(f"{package.__name__}.{module.name}")
