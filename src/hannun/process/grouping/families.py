"""Which platforms behave alike when a stack is grouped."""

from __future__ import annotations

JAVASCRIPT = frozenset({"javascript", "node"})
NATIVE = frozenset({"native", "c", "objc", "cocoa", "swift", "rust", "nintendo", "cpp", "unreal"})
WITH_SOURCE = frozenset({"javascript", "node", "python", "php", "ruby"})
"""Platforms whose context lines are good enough to group by."""


def family(platform: str) -> str:
    """`javascript`, `native` or `other`: the words of stack-trace rules."""
    if platform in JAVASCRIPT:
        return "javascript"
    return "native" if platform in NATIVE else "other"


def is_url(path: str, *, files_too: bool = False) -> bool:
    """Whether a frame's path is an address that names a deployment rather than a file."""
    return path.startswith(("http:", "https:", "blob:", "applewebdata:")) or (files_too and path.startswith("file:"))
