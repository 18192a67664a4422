"""What people and tools tell of releases: dates, projects, commits, deploys."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Ms = sa.BigInteger


def upgrade() -> None:
    op.create_table(
        "release_facts",
        sa.Column("id", Id, nullable=False),
        sa.Column("version", sa.String(250), nullable=False),
        sa.Column("created_ms", Ms, nullable=False),
        sa.Column("started_ms", Ms),
        sa.Column("released_ms", Ms),
        sa.Column("archived", sa.Integer, nullable=False),
        sa.Column("ref", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_release_facts"),
        sa.UniqueConstraint("version", name="uq_release_facts_version"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "release_projects",
        sa.Column("release_id", Id, nullable=False),
        sa.Column("project_id", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("release_id", "project_id", name="pk_release_projects"),
        sa.ForeignKeyConstraint(
            ["release_id"], ["release_facts.id"], name="fk_release_projects_release_id", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "release_commits",
        sa.Column("release_id", Id, nullable=False),
        # 0 is the newest.
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("sha", sa.String(64), nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("author_name", sa.Text, nullable=False),
        sa.Column("author_email", sa.Text, nullable=False),
        sa.Column("at_ms", Ms),
        sa.Column("repository", sa.Text, nullable=False),
        sa.Column("files", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("release_id", "place", name="pk_release_commits"),
        sa.ForeignKeyConstraint(
            ["release_id"], ["release_facts.id"], name="fk_release_commits_release_id", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "release_deploys",
        sa.Column("id", Id, nullable=False),
        sa.Column("release_id", Id, nullable=False),
        sa.Column("environment", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("started_ms", Ms),
        sa.Column("finished_ms", Ms),
        sa.PrimaryKeyConstraint("id", name="pk_release_deploys"),
        sa.ForeignKeyConstraint(
            ["release_id"], ["release_facts.id"], name="fk_release_deploys_release_id", ondelete="CASCADE"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_release_deploys_release_id", "release_deploys", ["release_id"])
