"""The analytical engine behind one small port. Nobody outside this package imports chDB."""

from hannun.store.engine.embedded import ChdbEngine
from hannun.store.engine.errors import LOST
from hannun.store.engine.port import Block, Engine, Params

__all__ = ["LOST", "Block", "ChdbEngine", "Engine", "Params"]
