"""What a strategy found: for each variant the values that are hashed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class Evidence(Protocol):
    """A chain of exceptions or a stack."""

    def values(self, variant: str) -> tuple[str, ...]: ...

    def has_stack(self, variant: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class Found:
    """`variants`: (name, values), the one that names the group first. `reason` in words for people."""

    reason: str
    variants: tuple[tuple[str, tuple[str, ...]], ...]
    main_exception: int = -1
    evidence: Evidence | None = None


FALLBACK = Found("nothing to group by", ())
