"""Users, sessions, tokens, projects, settings, audit."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Ms = sa.BigInteger


def upgrade() -> None:
    state = op.create_table(
        "account_state",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("generation", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_account_state"),
    )
    op.bulk_insert(state, [{"id": 1, "generation": 1}])
    op.create_table(
        "users",
        sa.Column("id", Id, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_key", sa.Text, nullable=False),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("lang", sa.String(8)),
        sa.Column("timezone", sa.String(64)),
        sa.Column("created_ms", Ms, nullable=False),
        sa.Column("seen_ms", Ms),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("name_key", name="uq_users_name_key"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "sessions",
        sa.Column("key_hash", sa.String(64), nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("created_ms", Ms, nullable=False),
        sa.Column("seen_ms", Ms, nullable=False),
        sa.PrimaryKeyConstraint("key_hash", name="pk_sessions"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_sessions_user_id", ondelete="CASCADE"),
    )
    op.create_index("ix_sessions_user_id", "sessions", ["user_id"])
    op.create_table(
        "tokens",
        sa.Column("id", Id, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_key", sa.Text, nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("key_hash", sa.String(64), nullable=False),
        sa.Column("user_id", Id),
        sa.Column("created_ms", Ms, nullable=False),
        sa.Column("used_ms", Ms),
        sa.Column("revoked_ms", Ms),
        sa.PrimaryKeyConstraint("id", name="pk_tokens"),
        sa.UniqueConstraint("key_hash", name="uq_tokens_key_hash"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_tokens_user_id", ondelete="SET NULL"),
        sqlite_autoincrement=True,
    )
    live = sa.text("revoked_ms IS NULL")
    op.create_index(
        "uq_tokens_live_name", "tokens", ["name_key"], unique=True, sqlite_where=live, postgresql_where=live
    )
    op.create_table(
        "organisations",
        sa.Column("id", Id, nullable=False),
        sa.Column("slug", sa.String(64), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("created_ms", Ms, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_organisations"),
        sa.UniqueConstraint("slug", name="uq_organisations_slug"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "projects",
        sa.Column("id", Id, nullable=False),
        sa.Column("organisation_id", Id, nullable=False),
        sa.Column("slug", sa.String(64), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("created_ms", Ms, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_projects"),
        sa.UniqueConstraint("slug", name="uq_projects_slug"),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name="fk_projects_organisation_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_projects_organisation_id", "projects", ["organisation_id"])
    op.create_table(
        "project_keys",
        sa.Column("id", Id, nullable=False),
        sa.Column("project_id", Id, nullable=False),
        sa.Column("public_key", sa.String(32), nullable=False),
        sa.Column("created_ms", Ms, nullable=False),
        sa.Column("revoked_ms", Ms),
        sa.PrimaryKeyConstraint("id", name="pk_project_keys"),
        sa.UniqueConstraint("public_key", name="uq_project_keys_public_key"),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name="fk_project_keys_project_id", ondelete="CASCADE"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_project_keys_project_id", "project_keys", ["project_id"])
    op.create_table(
        "settings",
        sa.Column("key", sa.String(128), nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("changed_ms", Ms, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_settings"),
    )
    op.create_table(
        "audit",
        sa.Column("id", Id, nullable=False),
        sa.Column("at_ms", Ms, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("how", sa.String(16), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
        sqlite_autoincrement=True,
    )
