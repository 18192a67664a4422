"""Sessions of apps and servers at rest: release health."""

from hannun.store.sessions.store import SessionStore

__all__ = ["SessionStore"]
