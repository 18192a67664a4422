"""Putting new values into an event without touching the old one: only the containers on the way are copied."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Path = tuple[str | int, ...]


def replaced(root: dict[str, Any], changes: Iterable[tuple[Path, Any]]) -> dict[str, Any]:
    """A copy of `root` with the value at each path replaced; `root` itself when there is nothing to change."""
    changed: dict[str, Any] | None = None
    copied: dict[int, Any] = {}
    for path, value in changes:
        if changed is None:
            changed = dict(root)
        node: Any = changed
        for step in path[:-1]:
            child = node[step]
            if id(child) not in copied:
                child = dict(child) if isinstance(child, dict) else list(child)
                copied[id(child)] = child  # keeps it alive, so that its id is not given to another
                node[step] = child
            node = child
        node[path[-1]] = value
    return root if changed is None else changed
