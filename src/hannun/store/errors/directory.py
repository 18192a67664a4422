"""Which issue a hash belongs to, in memory: asked for each event that comes and for each group an answer tells of.

Sixteen bytes a hash and a short list of the newest: a million groups are 16 MB. The meta store is the truth; whoever
changes it there changes it here, under the lock of the commits.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from hannun.store.errors.columns import halves
from hannun.store.meta.database import Database
from hannun.store.meta.issues import HASHES

DISCARDED = 0
"""Stands for an issue: events of such a group are dropped."""
RECENT_MAX = 4096
Places = NDArray[np.int64]


class _Project:
    """One project's hashes (their first halves), sorted, and those added since."""

    def __init__(self) -> None:
        self.hashes: NDArray[np.uint64] = np.empty(0, np.uint64)
        self.issues: Places = np.empty(0, np.int64)
        self.recent: dict[int, int] = {}

    def settle(self) -> None:
        """The recent ones among the sorted; the later of two wins."""
        if not self.recent:
            return
        added = np.fromiter(self.recent, np.uint64, len(self.recent))
        issues = np.fromiter(self.recent.values(), np.int64, len(self.recent))
        kept = ~np.isin(self.hashes, added)
        hashes, issues = np.concatenate([self.hashes[kept], added]), np.concatenate([self.issues[kept], issues])
        order = np.argsort(hashes)
        self.hashes, self.issues, self.recent = hashes[order], issues[order], {}


class HashDirectory:
    """Safe from any thread."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._projects: dict[int, _Project] = {}
        self.reload()

    def reload(self) -> None:
        """Everything anew from the meta store."""
        found: dict[int, tuple[list[int], list[int]]] = {}
        with self._database.reading() as connection:
            rows = connection.execution_options(yield_per=10_000).execute(
                select(HASHES.c.project_id, HASHES.c.hash, HASHES.c.issue_id)
            )
            for project, hash_, issue in rows:
                hashes, issues = found.setdefault(project, ([], []))
                hashes.append(int(hash_[:16], 16))
                issues.append(DISCARDED if issue is None else issue)
        projects = {}
        for number, (hashes, issues) in found.items():
            project = projects[number] = _Project()
            order = np.argsort(np.array(hashes, np.uint64))
            project.hashes = np.array(hashes, np.uint64)[order]
            project.issues = np.array(issues, np.int64)[order]
        with self._lock:
            self._projects = projects

    def find(self, project: int, hash_: str) -> int | None:
        """The issue; DISCARDED; None: nobody knows this hash."""
        return self._find(project, halves(hash_)[0])

    def issue_of(self, project: int, high: int) -> int | None:
        """The issue of a first half; None: of none."""
        return self._find(project, high) or None

    def _find(self, project: int, high: int) -> int | None:
        with self._lock:
            known = self._projects.get(project)
            if known is None:
                return None
            recent = known.recent.get(high)
            if recent is not None:
                return recent
            at = int(np.searchsorted(known.hashes, np.uint64(high)))
            if at < len(known.hashes) and int(known.hashes[at]) == high:
                return int(known.issues[at])
            return None

    def add(self, hashes: Iterable[tuple[int, str, int]]) -> None:
        """(project, hash, issue) of each; one that is there changes its issue."""
        with self._lock:
            for number, hash_, issue in hashes:
                project = self._projects.setdefault(number, _Project())
                project.recent[halves(hash_)[0]] = issue
                if len(project.recent) >= RECENT_MAX:
                    project.settle()

    def issues_of(self, project: int, hashes: NDArray[np.uint64]) -> Places:
        """The issue of each first half; -1: of none."""
        with self._lock:
            known = self._projects.get(project)
            if known is None:
                return np.full(len(hashes), -1, np.int64)
            known.settle()
            at = np.minimum(np.searchsorted(known.hashes, hashes), max(len(known.hashes) - 1, 0))
            found = known.issues[at] if len(known.hashes) else np.full(len(hashes), -1, np.int64)
            there = known.hashes[at] == hashes if len(known.hashes) else np.zeros(len(hashes), bool)
            return np.where(there & (found != DISCARDED), found, -1)

    def hashes_of(self, issues: Sequence[int]) -> dict[int, tuple[int, list[int]]]:
        """issue -> (project, first halves); issues without hashes are left out."""
        wanted = np.array(sorted(set(issues) - {DISCARDED}), np.int64)
        result: dict[int, tuple[int, list[int]]] = {}
        with self._lock:
            for number, project in self._projects.items():
                project.settle()
                at = np.flatnonzero(np.isin(project.issues, wanted))
                for issue, high in zip(project.issues[at].tolist(), project.hashes[at].tolist(), strict=True):
                    result.setdefault(issue, (number, []))[1].append(high)
        return result
