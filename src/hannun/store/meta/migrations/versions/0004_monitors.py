"""Cron monitors, how they stand, failures that are no event yet."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Ms = sa.BigInteger


def upgrade() -> None:
    op.create_table(
        "monitors",
        sa.Column("id", Id, nullable=False),
        sa.Column("project_id", sa.BigInteger, nullable=False),
        sa.Column("slug", sa.String(64), nullable=False),
        sa.Column("config", sa.Text, nullable=False),
        sa.Column("created_ms", Ms, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_monitors"),
        sa.UniqueConstraint("project_id", "slug", name="uq_monitors_project_id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "monitor_standings",
        sa.Column("monitor_id", Id, nullable=False, autoincrement=False),
        sa.Column("environment", sa.String(64), nullable=False),
        sa.Column("health", sa.String(16), nullable=False),
        sa.Column("last_ms", Ms, nullable=False),
        sa.Column("due_ms", Ms),
        sa.Column("open_id", sa.String(32), nullable=False),
        sa.Column("open_ms", Ms, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("successes", sa.Integer, nullable=False),
        sa.Column("failing", sa.Integer, nullable=False),
        sa.Column("last_id", sa.String(32), nullable=False),
        sa.Column("last_status", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("monitor_id", "environment", name="pk_monitor_standings"),
        sa.ForeignKeyConstraint(
            ["monitor_id"], ["monitors.id"], name="fk_monitor_standings_monitor_id", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "monitor_failures",
        sa.Column("id", Id, nullable=False),
        sa.Column("failure", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_monitor_failures"),
        sqlite_autoincrement=True,
    )
