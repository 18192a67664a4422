"""Copies of a running server's data: made in `making.py`, listed and removed in `kept.py`."""

from hannun.store.snapshot.kept import Kept, clear_leftovers, kept, remove
from hannun.store.snapshot.making import Snapshots

__all__ = ["Kept", "Snapshots", "clear_leftovers", "kept", "remove"]
