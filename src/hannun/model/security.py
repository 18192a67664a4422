"""Rules for lines that speak of attacks and special rights; data in `content/security.yml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hannun.model.text import Text


@dataclass(frozen=True, slots=True)
class SecurityRule:
    """A line with one of `pieces` (any case of A to Z) in which `match` (RE2, "" for none) is found is of this kind."""

    kind: str
    pieces: tuple[str, ...]
    match: str = ""


@dataclass(frozen=True, slots=True)
class SecurityRules:
    """`kinds` tells each kind's name to people."""

    kinds: Mapping[str, Text]
    rules: tuple[SecurityRule, ...]
