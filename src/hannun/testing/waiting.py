"""Waiting for a condition, never for a time: tests share two cores with everything else."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Seen = TypeVar("Seen")


def until(look: Callable[[], Seen], what: str, within_s: float = 30.0, every_s: float = 0.1) -> Seen:
    """The first thing that `look` sees and that is true; an AssertionError naming `what` when it does not come."""
    deadline = time.monotonic() + within_s
    while True:
        seen = look()
        if seen:
            return seen
        assert time.monotonic() < deadline, f"{what}: not within {within_s:.0f} s; last seen: {seen!r}"
        time.sleep(every_s)
