"""What a pipeline needs of the world: clocks, chance, meters, and somebody who reads selectors."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from hannun.model.errors import ConfigError
from hannun.model.text import Text

Selects = Callable[[Mapping[str, str], str], bool]
"""Whether a selector with its line filters takes a line: (labels, line)."""
MeterKind = Literal["counter", "gauge", "histogram"]


@dataclass(frozen=True, slots=True)
class Meter:
    """One metric of a `metrics` stage. `idle_s`: series that nobody touched for so long go away."""

    name: str
    kind: MeterKind
    description: str = ""
    idle_s: float = 300.0
    buckets: tuple[float, ...] = ()


class Meters(Protocol):
    """Where the `metrics` stage counts."""

    def change(self, meter: Meter, labels: Mapping[str, str], action: str, value: float) -> None:
        """`action`: inc, dec, add, sub, set, observe."""
        ...


class NoMeters:
    def change(self, meter: Meter, labels: Mapping[str, str], action: str, value: float) -> None:
        """Nobody counts."""


def no_selectors(selector: str) -> Selects:
    raise ConfigError(
        Text(en="match stages need a reader of selectors", ko="match 스테이지에는 셀렉터를 읽는 기능이 있어야 합니다")
    )


@dataclass(frozen=True, slots=True)
class Context:
    """`select` reads `{app="x"} |= "y"` and raises BadQuery. `dropped(reason, entries)` counts what stages drop."""

    job: str = ""
    select: Callable[[str], Selects] = no_selectors
    meters: Meters = field(default_factory=NoMeters)
    dropped: Callable[[str, int], None] = lambda reason, count: None
    now_ns: Callable[[], int] = time.time_ns
    monotonic_s: Callable[[], float] = time.monotonic
    chance: Callable[[], float] = random.random
