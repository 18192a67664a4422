"""What is tailed now, for the pages that tell of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from hannun.model.family import Family

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class TailTarget:
    """One source of lines. `kind` in Promtail's words (File, Docker, Journal, Syslog, …); `name` is a path, a container
    or an address, `at` how far it was read; `why` it gives nothing, "" while it does."""

    job: str
    kind: str
    name: str
    labels: Pairs
    discovered: Pairs = ()
    at: str = ""
    why: str = ""

    @property
    def ready(self) -> bool:
        return not self.why


class Tailed(Protocol):
    """Answers from memory; call it on the event loop."""

    def not_ready(self) -> str:
        """ "" when something is tailed, else Promtail's words for it."""
        ...

    def targets(self) -> Sequence[TailTarget]:
        """Those that are read first, then those that are not, by job and name."""
        ...

    def families(self) -> Sequence[Family]:
        """Promtail's metrics and those of `metrics` stages, sorted by name."""
        ...

    def config_yaml(self) -> str:
        """The configuration in force, without secrets."""
        ...
