"""Alembic's entry: runs the migrations on the connection, and in the transaction, of `store.meta.migrate`."""

from __future__ import annotations

from alembic import context

connection = context.config.attributes["connection"]
context.configure(connection=connection, transactional_ddl=False)
context.run_migrations()
