"""Profiles at rest."""

from hannun.store.profiles.store import ProfileStore

__all__ = ["ProfileStore"]
