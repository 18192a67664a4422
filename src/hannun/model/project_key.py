"""DSN keys: what lets an SDK send, for which project, and how much."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from hannun.model.project import DEFAULTS, ProjectOptions


@dataclass(frozen=True, slots=True)
class KeyLimit:
    """At most `count` in `window_s`, all used at once if need be; `count` 0 lets nothing in."""

    count: int
    window_s: int = 60


@dataclass(frozen=True, slots=True)
class ProjectKey:
    """A key that may send. `key` is 32 lower hex digits; outcomes are counted under it.

    `limits` by Sentry's category (`error`, `transaction`, `log_item` …); "" holds for all categories together.
    `origins` are the web pages that may send with it (`https://shop.example`, `*.example`); empty: all.
    """

    key: str
    project: int
    label: str = ""
    options: ProjectOptions = DEFAULTS
    limits: Mapping[str, KeyLimit] = field(default_factory=dict)
    origins: tuple[str, ...] = ()


class ProjectKeys(Protocol):
    """Awaited on the event loop for every request, so what is found is kept; a change holds within a second."""

    async def find(self, key: str) -> ProjectKey | None:
        """None: unknown, revoked, or of a project that is gone. `key` is in lower case. Raises StoreUnavailable."""
        ...

    async def exists(self, project: int) -> bool:
        """Whether there is such a project."""
        ...
