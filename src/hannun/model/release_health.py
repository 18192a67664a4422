"""How well releases do, told by sessions: which part of them, and of their users, saw no crash."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from hannun.model.budget import Budget


@dataclass(frozen=True, slots=True)
class HealthQuestion:
    """Sessions that started in [start, end), Unix ms. Empty `projects` or `environments`: all of them."""

    start_ms: int
    end_ms: int
    projects: tuple[int, ...] = ()
    environments: tuple[str, ...] = ()
    limit: int = 100


@dataclass(frozen=True, slots=True)
class SessionTotals:
    """Each session stands under its worst status. `users` are told apart by what their SDK calls them."""

    sessions: int = 0
    errored: int = 0
    unhandled: int = 0
    abnormal: int = 0
    crashed: int = 0
    users: int = 0
    crashed_users: int = 0

    @property
    def healthy(self) -> int:
        return self.sessions - self.errored - self.unhandled - self.abnormal - self.crashed

    @property
    def crash_free_sessions(self) -> float | None:
        """From 0 to 1; None without a session."""
        return 1 - self.crashed / self.sessions if self.sessions else None

    @property
    def crash_free_users(self) -> float | None:
        return 1 - self.crashed_users / self.users if self.users else None


@dataclass(frozen=True, slots=True)
class ReleaseHealth:
    """`adoption` is the release's part of all sessions of the project in the time asked, `user_adoption` of users."""

    project: int
    release: str
    totals: SessionTotals
    first_ms: int
    last_ms: int
    adoption: float
    user_adoption: float | None


@dataclass(frozen=True, slots=True)
class HealthHour:
    start_ms: int
    totals: SessionTotals


class ReleaseHealthReader(Protocol):
    """All block. Raise QueryTimeout, QueryCanceled, StoreUnavailable."""

    def releases(self, question: HealthQuestion, budget: Budget) -> Sequence[ReleaseHealth]:
        """The releases with most sessions first, at most `limit`."""
        ...

    def hours(self, question: HealthQuestion, release: str, budget: Budget) -> Sequence[HealthHour]:
        """Hours with a session, oldest first; `release` "" is all of them together."""
        ...
