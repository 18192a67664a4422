"""What the own API asks of the rest of the house. `app.py` hands these in; nothing here knows who answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from hannun.model.account import Project
from hannun.model.cardinality import CardinalityReader
from hannun.model.family import CollectorStatus
from hannun.model.status import DiskStatus, QueueStatus, RetentionStatus, TableStatus
from hannun.model.target import Targets
from hannun.model.text import Text
from hannun.observe.outcomes import Outcomes
from hannun.observe.problems import Problems


@dataclass(frozen=True, slots=True)
class MemoryStatus:
    """Bytes of this process; None where the system does not tell. `private`: without the mapped library."""

    rss_bytes: int | None = None
    private_bytes: int | None = None
    limit_bytes: int | None = None
    engine_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class ConfigWarning:
    """`line` None: the place is a flag or a variable."""

    file: str
    line: int | None
    text: Text


@dataclass(frozen=True, slots=True)
class SettingShown:
    """`source`: who said it (`hannun.yml:3`, `--listen`, `default`). A secret never stands in `value`."""

    name: str
    value: str
    source: str


@dataclass(frozen=True, slots=True)
class ConfigStatus:
    file: str | None = None
    warnings: Sequence[ConfigWarning] = ()
    settings: Sequence[SettingShown] = ()


@dataclass(frozen=True, slots=True)
class Sources:
    """Callables may block (they ask the engine or the system) and are called from threads of the query pool."""

    version: str
    started_ms: int
    data_dir: str
    listen: str
    url: str
    """How a client reaches this server, base path included, no slash at the end: what DSNs are made of."""
    problems: Problems
    outcomes: Outcomes
    versions: Callable[[], Mapping[str, str]] = dict
    ready: Callable[[], bool] = lambda: True
    memory: Callable[[], MemoryStatus] = MemoryStatus
    disk: Callable[[], DiskStatus] = lambda: DiskStatus(0, 0, 0, 0, refusing=False)
    queues: Callable[[], Sequence[QueueStatus]] = field(default=list)
    tables: Callable[[], Sequence[TableStatus]] = field(default=list)
    retention: Callable[[], Sequence[RetentionStatus]] = field(default=list)
    config: Callable[[], ConfigStatus] = ConfigStatus
    collectors: Callable[[], Sequence[CollectorStatus]] = field(default=list)
    projects: Callable[[], Sequence[Project]] = field(default=list)
    targets: Targets | None = None
    """Asked on the event loop, like everything about scraping; None: nothing is scraped."""
    scrape_file: Callable[[], str | None] = lambda: None
    """The prometheus.yml that scrape_configs come from."""
    reload_status: Callable[[], tuple[bool, int]] = lambda: (True, 0)
    """Whether the last reading of that file was good, and when it was (ms)."""
    cardinality: CardinalityReader | None = None
