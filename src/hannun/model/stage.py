"""One stage of a log pipeline as a configuration writes it: config reads it, `process.pipeline` runs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class StageSpec:
    """`options` are plain values (dicts, lists, texts, numbers) below the stage's name; None where there are none.

    `place` is `file:line`, for whoever has to complain about them.
    """

    kind: str
    options: Any = None
    place: str = ""
