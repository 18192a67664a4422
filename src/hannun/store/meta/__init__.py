"""Accounts, projects and settings: what is small, changes by hand and must survive. SQLAlchemy Core on SQLite."""

from hannun.store.meta.store import MetaStore

__all__ = ["MetaStore"]
