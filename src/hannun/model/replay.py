"""Recorded sessions of browsers and phones, and profiles, as lists show them. Playing them is a page's own work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from hannun.model.budget import Budget


@dataclass(frozen=True, slots=True)
class Found:
    """What lists of both ask: what arrived in [start, end), Unix ms, of `projects` (empty: all)."""

    start_ms: int
    end_ms: int
    projects: tuple[int, ...] = ()
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Replay:
    """`kind` is `session` or `buffer` (recorded because of an error). `urls` in no order, at most 20."""

    project: int
    id: str
    started_ms: int
    ended_ms: int
    segments: int
    size_bytes: int
    kind: str = ""
    platform: str = ""
    environment: str = ""
    release: str = ""
    user: str = ""
    urls: tuple[str, ...] = ()
    error_ids: tuple[str, ...] = ()
    trace_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredProfile:
    """`continuous`: a chunk of the profiler `profiler_id`; otherwise of the transaction whose event is named."""

    project: int
    id: str
    at_ms: int
    continuous: bool
    platform: str
    service: str
    environment: str
    release: str
    profiler_id: str
    transaction_id: str
    transaction: str
    size_bytes: int


class ReplayReader(Protocol):
    """Blocks. Raises QueryTimeout, QueryCanceled, StoreUnavailable."""

    def list(self, asked: Found, budget: Budget) -> Sequence[Replay]:
        """The newest first."""
        ...


class ProfileReader(Protocol):
    """Blocks. Raises QueryTimeout, QueryCanceled, StoreUnavailable."""

    def list(self, asked: Found, budget: Budget) -> Sequence[StoredProfile]:
        """The newest first."""
        ...
