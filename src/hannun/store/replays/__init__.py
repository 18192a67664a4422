"""Recorded sessions at rest."""

from hannun.store.replays.store import ReplayStore

__all__ = ["ReplayStore"]
