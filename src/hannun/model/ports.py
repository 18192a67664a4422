"""The doors between rooms. Writers and readers meet only here, so that a store can be swapped behind them.

Readers block (they run in a bounded pool of threads); sinks are awaited on the event loop.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hannun.model.access import Role, User
from hannun.model.account import Account, AuditRow, Project, Session, Token, TokenRole
from hannun.model.budget import Budget
from hannun.model.labels import Labels
from hannun.model.matcher import Matchers
from hannun.model.metric import Ids, MetricBatch, MetricMetadata, SeriesColumns, TsdbStats
from hannun.model.text import Lang


class MetricSink(Protocol):
    """Where samples go."""

    def unknown(self, series: Ids) -> NDArray[np.bool_]:
        """Which of these ids have no durable series row yet: their labels must stand in the batch."""
        ...

    def bounds(self) -> tuple[int, int]:
        """The first and the last timestamp (ms) that are taken now."""
        ...

    async def write(self, batch: MetricBatch) -> None:
        """Returns when the batch is durable and visible to the next query.

        Raises OutOfBounds (a timestamp), Overloaded, DiskFull or StoreUnavailable; then nothing was stored.
        """
        ...

    def offer(self, batch: MetricBatch) -> bool:
        """Hand over a batch that nobody waits for (lingers up to 1 s). False: the bound dropped it; it was counted."""
        ...


class MetricReader(Protocol):
    """Where PromQL reads. Time bounds are left-open and right-closed, `(start_ms, end_ms]`, unless said otherwise."""

    def select(self, matchers: Matchers, start_ms: int, end_ms: int, budget: Budget) -> SeriesColumns:
        """Raw samples of every matching series that has one in the range; staleness markers included."""
        ...

    def series(
        self, selectors: Sequence[Matchers], start_ms: int, end_ms: int, limit: int, budget: Budget
    ) -> list[Labels]:
        """Label sets that match any selector and were seen in `[start, end]`, sorted; `limit` 0: all."""
        ...

    def label_names(self, selectors: Sequence[Matchers], start_ms: int, end_ms: int, budget: Budget) -> list[str]:
        """Sorted; no selector: every series."""
        ...

    def label_values(
        self, name: str, selectors: Sequence[Matchers], start_ms: int, end_ms: int, budget: Budget
    ) -> list[str]: ...

    def metadata(self, metric: str | None = None) -> list[MetricMetadata]:
        """Sorted by metric name."""
        ...

    def stats(self, limit: int, budget: Budget) -> TsdbStats: ...

    def delete(self, selectors: Sequence[Matchers], start_ms: int, end_ms: int) -> None:
        """Remove samples in `[start, end]`; gone for every question that is asked after it returns."""
        ...


class Users(Protocol):
    """Blocks. Names are one user whatever their case. As long as there is a user there is an admin: Conflict."""

    def all(self) -> list[Account]: ...

    def add(
        self, name: str, password_hash: str, role: Role, *, lang: Lang | None = None, timezone: str | None = None
    ) -> User:
        """Raises Conflict when the name is taken, or when the first user is no admin."""
        ...

    def change(
        self,
        user_id: int,
        *,
        name: str | None = None,
        password_hash: str | None = None,
        role: Role | None = None,
        lang: Lang | None = None,
        timezone: str | None = None,
    ) -> User:
        """None keeps what is there. A new password ends the user's sessions. Raises NotFound, Conflict."""
        ...

    def remove(self, user_id: int) -> User:
        """Ends the sessions and the tokens that the user made, except tokens that only push. NotFound, Conflict."""
        ...


class Sessions(Protocol):
    """Blocks."""

    def add(self, key_hash: str, user_id: int) -> Session: ...

    def find(self, key_hash: str) -> Session | None: ...

    def remove(self, key_hash: str) -> None: ...


class Tokens(Protocol):
    """Blocks. Only live tokens are seen."""

    def all(self) -> list[Token]: ...

    def add(self, name: str, role: TokenRole, key_hash: str, *, user_id: int | None = None) -> Token:
        """Raises Conflict when a live token has that name."""
        ...

    def revoke(self, token_id: int) -> Token:
        """Raises NotFound."""
        ...


class Projects(Protocol):
    def all(self) -> list[Project]: ...


class Values(Protocol):
    """Settings that are changed in the browser: small texts under dotted keys."""

    def all(self) -> dict[str, str]: ...

    def get(self, key: str) -> str | None: ...

    def put(self, key: str, value: str) -> None: ...

    def remove(self, key: str) -> None: ...


class Audit(Protocol):
    def write(self, row: AuditRow) -> None: ...

    def newest(self, limit: int = 100) -> list[AuditRow]: ...


class MetaStore(Protocol):
    """Accounts and what else is small and changes by hand. Blocks; safe from any thread and beside other processes."""

    @property
    def users(self) -> Users: ...

    @property
    def sessions(self) -> Sessions: ...

    @property
    def tokens(self) -> Tokens: ...

    @property
    def projects(self) -> Projects: ...

    @property
    def settings(self) -> Values: ...

    @property
    def audit(self) -> Audit: ...

    def generation(self) -> int:
        """Changes with every change of users and tokens and every ended session, by whatever process. Microseconds."""
        ...

    def touch(self, *, users: dict[int, int], sessions: dict[str, int], tokens: dict[int, int]) -> None:
        """Note when each was last seen (ms)."""
        ...

    def purge(self, *, idle_ms: int, absolute_ms: int) -> None:
        """Forget sessions that are over, tokens revoked long ago, and audit rows beyond their bound."""
        ...
