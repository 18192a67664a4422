"""Probes: what a caller may ask of the built-in prober, and what one probe told.

The port between `api/` (which speaks blackbox_exporter's HTTP) and `collect/probe` (which does the probing).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from hannun.model.errors import HannunError
from hannun.model.family import Family


class ProbeRefused(HannunError):
    """A probe that cannot be begun (400): the module or the target is not known. The words are blackbox_exporter's."""


@dataclass(frozen=True, slots=True)
class ProbeRequest:
    """`module` "" is `http_2xx`. `scrape_timeout_s` is what the scraper said it waits for, 0 when it did not say.

    `trusted` False: the caller chose the target without being an admin; then addresses that only this machine can
    reach (loopback, link-local, cloud metadata) are refused, and what the target said stays out of the log.
    """

    target: str
    module: str = ""
    hostname: str = ""
    scrape_timeout_s: float = 0.0
    trusted: bool = True


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """`families` is the page, sorted by name; `log` one line per step, for people."""

    id: int
    module: str
    target: str
    success: bool
    families: tuple[Family, ...]
    log: str


class Prober(Protocol):
    async def probe(self, request: ProbeRequest) -> ProbeResult:
        """Always a result once the probe began, however it went. Raises ProbeRefused, Overloaded."""
        ...

    def recent(self) -> Sequence[ProbeResult]:
        """The last probes, newest first."""
        ...

    def config_yaml(self, module: str = "") -> str:
        """All modules, or one of them, as blackbox.yml has it, with secrets as `<secret>`."""
        ...

    def families(self) -> Sequence[Family]:
        """blackbox_exporter's metrics about itself."""
        ...
