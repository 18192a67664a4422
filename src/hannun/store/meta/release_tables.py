"""The tables of what people and tools told of releases; `releases.py` reads and writes them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, String, Table, Text, UniqueConstraint

from hannun.store.meta.issues import RELEASE_LENGTH_MAX
from hannun.store.meta.schema import METADATA, Id, Ms

FACTS = Table(
    "release_facts",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("version", String(RELEASE_LENGTH_MAX), nullable=False),
    Column("created_ms", Ms, nullable=False),
    Column("started_ms", Ms),
    Column("released_ms", Ms),
    Column("archived", Integer, nullable=False),
    Column("ref", Text, nullable=False),
    Column("url", Text, nullable=False),
    UniqueConstraint("version"),
    sqlite_autoincrement=True,
)
OF_PROJECTS = Table(
    "release_projects",
    METADATA,
    Column("release_id", Id, ForeignKey("release_facts.id", ondelete="CASCADE"), primary_key=True),
    Column("project_id", BigInteger, primary_key=True, autoincrement=False),
)
COMMITS = Table(
    "release_commits",
    METADATA,
    Column("release_id", Id, ForeignKey("release_facts.id", ondelete="CASCADE"), primary_key=True),
    # 0 is the newest.
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("sha", String(64), nullable=False),
    Column("message", Text, nullable=False),
    Column("author_name", Text, nullable=False),
    Column("author_email", Text, nullable=False),
    Column("at_ms", Ms),
    Column("repository", Text, nullable=False),
    Column("files", Text, nullable=False),
)
DEPLOYS = Table(
    "release_deploys",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("release_id", Id, ForeignKey("release_facts.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("environment", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("started_ms", Ms),
    Column("finished_ms", Ms),
    sqlite_autoincrement=True,
)
