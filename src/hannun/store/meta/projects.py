"""Organisations, their projects, and the DSN keys that Sentry's SDKs send with."""

from __future__ import annotations

from sqlalchemy import Column, Connection, ForeignKey, String, Table, Text, func, insert, select

from hannun.model.account import Project
from hannun.model.secret import new_dsn_key
from hannun.store.meta.database import Database
from hannun.store.meta.schema import METADATA, Id, Ms

FIRST_ORGANISATION = "hannun"
FIRST_PROJECT = "default"

ORGANISATIONS = Table(
    "organisations",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("slug", String(64), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("created_ms", Ms, nullable=False),
    sqlite_autoincrement=True,
)
PROJECTS = Table(
    "projects",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("organisation_id", Id, ForeignKey("organisations.id"), nullable=False, index=True),
    Column("slug", String(64), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("created_ms", Ms, nullable=False),
    # The number is part of every DSN that was handed out: it must not come to mean another project.
    sqlite_autoincrement=True,
)
PROJECT_KEYS = Table(
    "project_keys",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("project_id", Id, ForeignKey("projects.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("public_key", String(32), nullable=False, unique=True),
    Column("created_ms", Ms, nullable=False),
    Column("revoked_ms", Ms),
    sqlite_autoincrement=True,
)


class ProjectTable:
    """`model.ports.Projects`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[Project]:
        """Oldest first, each with its live keys."""
        of_key = select(PROJECT_KEYS.c.project_id, PROJECT_KEYS.c.public_key)
        live = of_key.where(PROJECT_KEYS.c.revoked_ms.is_(None)).order_by(PROJECT_KEYS.c.id)
        named = select(PROJECTS, ORGANISATIONS.c.slug.label("organisation")).join(ORGANISATIONS)
        keys: dict[int, list[str]] = {}
        with self._database.reading() as connection:
            for project_id, key in connection.execute(live):
                keys.setdefault(project_id, []).append(key)
            rows = connection.execute(named.order_by(PROJECTS.c.id)).all()
        return [Project(row.id, row.slug, row.name, row.organisation, tuple(keys.get(row.id, ()))) for row in rows]


def make_first(connection: Connection, now_ms: int) -> None:
    """Organisation, project 1 and its key, when there is no project yet."""
    if connection.execute(select(func.count()).select_from(PROJECTS)).scalar_one():
        return
    organisation = {"slug": FIRST_ORGANISATION, "name": FIRST_ORGANISATION, "created_ms": now_ms}
    made = connection.execute(insert(ORGANISATIONS).values(**organisation).returning(ORGANISATIONS.c.id)).scalar_one()
    project = {"organisation_id": made, "slug": FIRST_PROJECT, "name": FIRST_PROJECT, "created_ms": now_ms}
    number = connection.execute(insert(PROJECTS).values(**project).returning(PROJECTS.c.id)).scalar_one()
    key = {"project_id": number, "public_key": new_dsn_key(), "created_ms": now_ms}
    connection.execute(insert(PROJECT_KEYS).values(**key))
