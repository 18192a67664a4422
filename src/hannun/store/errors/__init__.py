"""Error events in the engine, their issues in the meta store."""

from hannun.store.errors.store import ErrorStore

__all__ = ["ErrorStore"]
