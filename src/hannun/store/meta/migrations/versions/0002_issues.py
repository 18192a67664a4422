"""Issues with their hashes, activity and marks; releases."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Ms = sa.BigInteger


def upgrade() -> None:
    op.create_table(
        "issues",
        sa.Column("id", Id, nullable=False),
        sa.Column("project_id", sa.BigInteger, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("culprit", sa.Text, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("level", sa.Integer, nullable=False),
        sa.Column("platform", sa.Text, nullable=False),
        sa.Column("logger", sa.Text, nullable=False),
        sa.Column("error_type", sa.Text, nullable=False),
        sa.Column("error_value", sa.Text, nullable=False),
        sa.Column("filename", sa.Text, nullable=False),
        sa.Column("function", sa.Text, nullable=False),
        sa.Column("handled", sa.Integer),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("substatus", sa.String(32)),
        sa.Column("substatus_ms", Ms, nullable=False),
        sa.Column("details", sa.Text, nullable=False),
        sa.Column("until_ms", Ms),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("priority_by_hand", sa.Integer, nullable=False),
        sa.Column("first_seen_ms", Ms, nullable=False),
        sa.Column("last_seen_ms", Ms, nullable=False),
        sa.Column("first_release", sa.Text, nullable=False),
        sa.Column("last_release", sa.Text, nullable=False),
        sa.Column("last_release_ms", Ms, nullable=False),
        sa.Column("events", sa.BigInteger, nullable=False),
        sa.Column("users", sa.BigInteger, nullable=False),
        sa.Column("assignee", sa.Text, nullable=False),
        sa.Column("comments", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_issues"),
        sa.UniqueConstraint("project_id", "number", name="uq_issues_project_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_issues_last_seen_ms", "issues", ["last_seen_ms"])
    op.create_index("ix_issues_until_ms", "issues", ["until_ms"])
    op.create_table(
        "issue_hashes",
        sa.Column("project_id", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.String(32), nullable=False),
        sa.Column("issue_id", Id),
        sa.PrimaryKeyConstraint("project_id", "hash", name="pk_issue_hashes"),
        sa.ForeignKeyConstraint(["issue_id"], ["issues.id"], name="fk_issue_hashes_issue_id", ondelete="CASCADE"),
    )
    op.create_index("ix_issue_hashes_issue_id", "issue_hashes", ["issue_id"])
    op.create_table(
        "issue_activity",
        sa.Column("id", Id, nullable=False),
        sa.Column("issue_id", Id, nullable=False),
        sa.Column("at_ms", Ms, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_issue_activity"),
        sa.ForeignKeyConstraint(["issue_id"], ["issues.id"], name="fk_issue_activity_issue_id", ondelete="CASCADE"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_issue_activity_issue_id", "issue_activity", ["issue_id"])
    op.create_table(
        "issue_marks",
        sa.Column("issue_id", Id, nullable=False),
        sa.Column("viewer", sa.String(64), nullable=False),
        sa.Column("bookmarked_ms", Ms),
        sa.Column("seen_ms", Ms),
        sa.PrimaryKeyConstraint("issue_id", "viewer", name="pk_issue_marks"),
        sa.ForeignKeyConstraint(["issue_id"], ["issues.id"], name="fk_issue_marks_issue_id", ondelete="CASCADE"),
    )
    op.create_table(
        "issue_counters",
        sa.Column("project_id", sa.BigInteger, nullable=False),
        sa.Column("last", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("project_id", name="pk_issue_counters"),
    )
    op.create_table(
        "issue_redirects",
        sa.Column("id", Id, nullable=False, autoincrement=False),
        sa.Column("project_id", sa.BigInteger, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("issue_id", Id, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_issue_redirects"),
        sa.UniqueConstraint("project_id", "number", name="uq_issue_redirects_project_id"),
        sa.ForeignKeyConstraint(["issue_id"], ["issues.id"], name="fk_issue_redirects_issue_id", ondelete="CASCADE"),
    )
    op.create_index("ix_issue_redirects_issue_id", "issue_redirects", ["issue_id"])
    progress = op.create_table(
        "issue_progress",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("stored_ms", Ms, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_issue_progress"),
    )
    op.bulk_insert(progress, [{"id": 1, "stored_ms": 0}])
    op.create_table(
        "issue_doomed_hashes",
        sa.Column("project_id", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.String(32), nullable=False),
        sa.Column("stored_ms", Ms, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "hash", name="pk_issue_doomed_hashes"),
    )
    op.create_table(
        "releases",
        sa.Column("id", Id, nullable=False),
        sa.Column("project_id", sa.BigInteger, nullable=False),
        sa.Column("version", sa.String(250), nullable=False),
        sa.Column("first_seen_ms", Ms, nullable=False),
        sa.Column("last_seen_ms", Ms, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_releases"),
        sa.UniqueConstraint("project_id", "version", name="uq_releases_project_id"),
        sqlite_autoincrement=True,
    )
