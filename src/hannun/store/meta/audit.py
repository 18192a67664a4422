"""Who changed what: one row per change, the newest ones kept."""

from __future__ import annotations

from sqlalchemy import Column, Connection, String, Table, Text, delete, func, insert, select

from hannun.model.account import AuditRow
from hannun.store.meta.database import Database
from hannun.store.meta.schema import METADATA, Id, Ms

ROWS_MAX = 50_000
TEXT_LENGTH_MAX = 1_000

AUDIT = Table(
    "audit",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("at_ms", Ms, nullable=False),
    Column("actor", Text, nullable=False),
    Column("how", String(16), nullable=False),
    Column("address", String(64), nullable=False),
    Column("action", String(64), nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", Text, nullable=False),
    sqlite_autoincrement=True,
)


class AuditTable:
    """`model.ports.Audit`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def write(self, row: AuditRow) -> None:
        values = {
            "at_ms": row.at_ms,
            "actor": row.actor[:TEXT_LENGTH_MAX],
            "how": row.how,
            "address": row.address[:64],
            "action": row.action,
            "subject": row.subject[:TEXT_LENGTH_MAX],
            "detail": row.detail[:TEXT_LENGTH_MAX],
        }
        with self._database.writing() as connection:
            connection.execute(insert(AUDIT).values(**values))

    def newest(self, limit: int = 100) -> list[AuditRow]:
        with self._database.reading() as connection:
            rows = connection.execute(select(AUDIT).order_by(AUDIT.c.id.desc()).limit(limit)).all()
        return [
            AuditRow(row.at_ms, row.actor, row.how, row.address, row.action, row.subject, row.detail) for row in rows
        ]


def purge(connection: Connection) -> None:
    """Keep the newest ROWS_MAX rows."""
    last = connection.execute(select(func.max(AUDIT.c.id))).scalar_one_or_none()
    if last is not None:
        connection.execute(delete(AUDIT).where(AUDIT.c.id <= last - ROWS_MAX))
