"""Log lines in the engine."""

from hannun.store.logs.store import LogStore

__all__ = ["LogStore"]
