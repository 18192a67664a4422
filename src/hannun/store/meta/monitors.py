"""The tables of cron monitors: what was asked of each, how it stands, and failures that are no event yet.

Rows of `monitor_failures` are written in the transaction that found the failure and taken away when its event is
stored, so that no failure is lost however the server ends.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    ForeignKey,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    delete,
    func,
    insert,
    select,
    tuple_,
    update,
)

from hannun.model.monitor import Monitor, MonitorFailure, Standing
from hannun.model.sentry_items import Crontab, Interval, MonitorConfig
from hannun.store.meta.database import Database
from hannun.store.meta.schema import METADATA, Id, Ms

MONITORS_MAX = 10_000
"""Of all projects: whoever sends check-ins may invent as many names as they like."""
ENVIRONMENTS_MAX = 100
FAILURES_AT_A_TIME = 500
KEYS_AT_A_TIME = 200

Key = tuple[int, str]
"""Project and slug."""

MONITORS = Table(
    "monitors",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("project_id", BigInteger, nullable=False),
    Column("slug", String(64), nullable=False),
    # JSON of a MonitorConfig; "" without one.
    Column("config", Text, nullable=False),
    Column("created_ms", Ms, nullable=False),
    UniqueConstraint("project_id", "slug"),
    sqlite_autoincrement=True,
)
STANDINGS = Table(
    "monitor_standings",
    METADATA,
    Column("monitor_id", Id, ForeignKey("monitors.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("environment", String(64), primary_key=True),
    Column("health", String(16), nullable=False),
    Column("last_ms", Ms, nullable=False),
    Column("due_ms", Ms),
    Column("open_id", String(32), nullable=False),
    Column("open_ms", Ms, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("successes", Integer, nullable=False),
    Column("failing", Integer, nullable=False),
    Column("last_id", String(32), nullable=False),
    Column("last_status", String(16), nullable=False),
)
FAILURES = Table(
    "monitor_failures",
    METADATA,
    Column("id", Id, primary_key=True),
    # JSON of a MonitorFailure.
    Column("failure", Text, nullable=False),
    sqlite_autoincrement=True,
)


def config_text(config: MonitorConfig | None) -> str:
    return "" if config is None else json.dumps(asdict(config), ensure_ascii=True)


def config_of(text: str) -> MonitorConfig | None:
    if not text:
        return None
    told = json.loads(text)
    schedule = told.pop("schedule")
    made = Crontab(**schedule) if "expression" in schedule else Interval(**schedule)
    return MonitorConfig(schedule=made, **told)


def standing_of(row: Any) -> Standing:
    told: Mapping[str, Any] = row._mapping
    fields = {name: told[name] for name in Standing.__slots__}
    return Standing(**fields | {"failing": bool(fields["failing"])})


def failure_text(failure: MonitorFailure) -> str:
    return json.dumps(asdict(failure), ensure_ascii=True)


def failure_of(text: str) -> MonitorFailure:
    return MonitorFailure(**json.loads(text))


@dataclass(slots=True)
class Entry:
    """One monitor while its check-ins are gone through. `id` 0: it is new."""

    key: Key
    created_ms: int
    id: int = 0
    config: MonitorConfig | None = None
    standings: dict[str, Standing] = field(default_factory=dict)

    @property
    def monitor(self) -> Monitor:
        standings = tuple(self.standings[name] for name in sorted(self.standings))
        return Monitor(*self.key, self.config, self.created_ms, standings)


class MonitorTable:
    """All block."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, keys: Iterable[Key]) -> dict[Key, Entry]:
        wanted = sorted(set(keys))
        found: dict[Key, Entry] = {}
        with self._database.reading() as connection:
            for at in range(0, len(wanted), KEYS_AT_A_TIME):
                some = tuple_(MONITORS.c.project_id, MONITORS.c.slug).in_(wanted[at : at + KEYS_AT_A_TIME])
                found |= {entry.key: entry for entry in _entries(connection, some)}
        return found

    def all(self, projects: Sequence[int] = ()) -> list[Entry]:
        """By slug."""
        with self._database.reading() as connection:
            those = MONITORS.c.project_id.in_(list(projects)) if projects else MONITORS.c.id > 0
            return _entries(connection, those)

    def room(self) -> int:
        """How many more monitors there may be."""
        with self._database.reading() as connection:
            return max(MONITORS_MAX - connection.execute(select(func.count()).select_from(MONITORS)).scalar_one(), 0)

    def write(self, entries: Iterable[Entry], failures: Sequence[MonitorFailure]) -> None:
        """In one transaction."""
        with self._database.writing() as connection:
            for entry in entries:
                _write(connection, entry)
            if failures:
                connection.execute(insert(FAILURES), [{"failure": failure_text(one)} for one in failures])

    def failures(self) -> list[tuple[int, MonitorFailure]]:
        """The oldest that are no event yet."""
        with self._database.reading() as connection:
            rows = connection.execute(select(FAILURES).order_by(FAILURES.c.id).limit(FAILURES_AT_A_TIME)).all()
        return [(row.id, failure_of(row.failure)) for row in rows]

    def told(self, ids: Sequence[int]) -> None:
        """These are events now."""
        with self._database.writing() as connection:
            connection.execute(delete(FAILURES).where(FAILURES.c.id.in_(list(ids))))


def _entries(connection: Connection, those: ColumnElement[bool]) -> list[Entry]:
    rows = connection.execute(select(MONITORS).where(those).order_by(MONITORS.c.slug, MONITORS.c.id)).all()
    entries = {row.id: Entry((row.project_id, row.slug), row.created_ms, row.id, config_of(row.config)) for row in rows}
    ids = list(entries)
    for at in range(0, len(ids), KEYS_AT_A_TIME):
        some = STANDINGS.c.monitor_id.in_(ids[at : at + KEYS_AT_A_TIME])
        for row in connection.execute(select(STANDINGS).where(some)):
            entries[row.monitor_id].standings[row.environment] = standing_of(row)
    return list(entries.values())


def _write(connection: Connection, entry: Entry) -> None:
    values = {"config": config_text(entry.config)}
    if entry.id:
        connection.execute(update(MONITORS).where(MONITORS.c.id == entry.id).values(**values))
    else:
        project, slug = entry.key
        new = {"project_id": project, "slug": slug, "created_ms": entry.created_ms, **values}
        entry.id = connection.execute(insert(MONITORS).values(**new).returning(MONITORS.c.id)).scalar_one()
    connection.execute(delete(STANDINGS).where(STANDINGS.c.monitor_id == entry.id))
    rows = [
        {
            "monitor_id": entry.id,
            **{name: getattr(one, name) for name in Standing.__slots__},
            "failing": int(one.failing),
        }
        for one in entry.standings.values()
    ]
    if rows:
        connection.execute(insert(STANDINGS), rows)
