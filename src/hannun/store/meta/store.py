"""The meta store as a whole: opened, migrated, seeded, kept bounded. `model.ports.MetaStore`."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import bindparam, delete, or_, update

from hannun.model.time import Clock, SystemClock
from hannun.store.meta import audit, issues, migrate, projects
from hannun.store.meta.audit import AuditTable
from hannun.store.meta.database import Database
from hannun.store.meta.monitors import MonitorTable
from hannun.store.meta.projects import ProjectTable
from hannun.store.meta.releases import ReleaseTable
from hannun.store.meta.sessions import SESSIONS, SessionTable
from hannun.store.meta.settings import SettingTable
from hannun.store.meta.tokens import TOKENS, TokenTable
from hannun.store.meta.users import USERS, UserTable

REVOKED_KEPT_MS = 90 * 86_400_000


class MetaStore:
    """Blocks; safe from any thread, and beside other processes on the same file."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self.users = UserTable(database, clock)
        self.sessions = SessionTable(database, clock)
        self.tokens = TokenTable(database, clock)
        self.projects = ProjectTable(database)
        self.releases = ReleaseTable(database, clock)
        self.monitors = MonitorTable(database)
        self.settings = SettingTable(database, clock)
        self.audit = AuditTable(database)

    @staticmethod
    def open(url: str | Path, clock: Clock | None = None) -> MetaStore:
        """`sqlite:///FILE` or a path. Raises StoreLocked (a newer version wrote it), StoreUnavailable, ConfigError."""
        clock = clock or SystemClock()
        database = Database(url)
        try:
            if migrate.needed(database):
                with database.writing() as connection:
                    migrate.upgrade(connection)
                    projects.make_first(connection, clock.now_ms())
        except BaseException:
            database.close()
            raise
        return MetaStore(database, clock)

    @property
    def database(self) -> Database:
        """For families of tables that other rooms of the store read and write: issues (`store/errors`)."""
        return self._database

    def close(self) -> None:
        self._database.close()

    def generation(self) -> int:
        return self._database.generation()

    def touch(self, *, users: dict[int, int], sessions: dict[str, int], tokens: dict[int, int]) -> None:
        with self._database.writing() as connection:
            for table, key, column, seen in (
                (USERS, USERS.c.id, "seen_ms", users),
                (SESSIONS, SESSIONS.c.key_hash, "seen_ms", sessions),
                (TOKENS, TOKENS.c.id, "used_ms", tokens),
            ):
                if seen:
                    statement = update(table).where(key == bindparam("of")).values({column: bindparam("at")})
                    connection.execute(statement, [{"of": of, "at": at_ms} for of, at_ms in seen.items()])

    def purge(self, *, idle_ms: int, absolute_ms: int) -> None:
        now_ms = self._clock.now_ms()
        with self._database.writing() as connection:
            over = or_(SESSIONS.c.seen_ms < now_ms - idle_ms, SESSIONS.c.created_ms < now_ms - absolute_ms)
            connection.execute(delete(SESSIONS).where(over))
            connection.execute(delete(TOKENS).where(TOKENS.c.revoked_ms < now_ms - REVOKED_KEPT_MS))
            audit.purge(connection)
            issues.purge(connection)
