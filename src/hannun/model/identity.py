"""The one identity that ties metrics, logs, traces and errors together. Filled by `process/identity.py`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Identity:
    """Empty string: not known. `unknown` and the like never stand here."""

    service: str = ""
    environment: str = ""
    host: str = ""
    release: str = ""
