"""Releases as events name them: when each was first seen, which is what orders those whose names do not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, bindparam, insert, select, update

from hannun.model.release import compare, is_release
from hannun.store.meta.issues import RELEASE_LENGTH_MAX, RELEASES

Seen = Mapping[tuple[int, str], tuple[int, int]]
"""(project, version) -> first and last time (Unix ms)."""
SEEN_WITHIN_MS = 60_000
"""`last_seen_ms` may lag by this much: a release that is in use need not be written with every group."""


class Releases:
    """Used under the lock of the commits. Each project's releases are read once and then followed."""

    def __init__(self) -> None:
        self._known: dict[int, dict[str, tuple[int, int]]] = {}

    def note(self, connection: Connection, seen: Seen) -> None:
        """In the transaction of the events: new releases are made, known ones were seen again."""
        new, again = [], []
        for (project, version), (first_ms, last_ms) in seen.items():
            if not is_release(version) or len(version) > RELEASE_LENGTH_MAX:
                continue
            before = self._of(connection, project).get(version)
            if before is None:
                new.append(_row(project, version, first_ms, last_ms))
            elif first_ms < before[0] or last_ms > before[1] + SEEN_WITHIN_MS:
                first_ms, last_ms = min(first_ms, before[0]), max(last_ms, before[1])
                again.append({f"of_{name}": value for name, value in _row(project, version, first_ms, last_ms).items()})
            else:
                continue
            self._known[project][version] = (first_ms, last_ms)
        if new:
            connection.execute(insert(RELEASES), new)
        if again:
            same = (RELEASES.c.project_id == bindparam("of_project_id"), RELEASES.c.version == bindparam("of_version"))
            times = update(RELEASES).values(
                first_seen_ms=bindparam("of_first_seen_ms"), last_seen_ms=bindparam("of_last_seen_ms")
            )
            connection.execute(times.where(*same), again)

    def not_later(self, connection: Connection, project: int, release: str, bound: str) -> bool:
        """Whether `release` comes before `bound` or is the same: by their versions, else by when they were seen."""
        if release == bound:
            return True
        by_name = compare(release, bound)
        if by_name is not None:
            return by_name <= 0
        known = self._of(connection, project)
        if release not in known:
            return False
        # A bound that no event has named yet lies ahead of every release that one has.
        return bound not in known or known[release][0] <= known[bound][0]

    def newest(self, connection: Connection, project: int) -> str:
        """The last one: by version where the newest by date has one, else by date; "" when there is none."""
        known = self._of(connection, project)
        best = max(known, key=lambda version: known[version][0], default="")
        for version in known:
            if compare(version, best) == 1:
                best = version
        return best

    def forget(self) -> None:
        """After a transaction that failed: what was noted is read again."""
        self._known.clear()

    def _of(self, connection: Connection, project: int) -> dict[str, tuple[int, int]]:
        if project not in self._known:
            columns = (RELEASES.c.version, RELEASES.c.first_seen_ms, RELEASES.c.last_seen_ms)
            rows = connection.execute(select(*columns).where(RELEASES.c.project_id == project))
            self._known[project] = {row.version: (row.first_seen_ms, row.last_seen_ms) for row in rows}
        return self._known[project]


def seen_of(times: Iterable[tuple[int, str, int]]) -> dict[tuple[int, str], tuple[int, int]]:
    """From (project, version, time) of each event."""
    seen: dict[tuple[int, str], tuple[int, int]] = {}
    for project, version, at_ms in times:
        if version:
            first_ms, last_ms = seen.get((project, version), (at_ms, at_ms))
            seen[project, version] = (min(first_ms, at_ms), max(last_ms, at_ms))
    return seen


def _row(project: int, version: str, first_ms: int, last_ms: int) -> dict[str, int | str]:
    return {"project_id": project, "version": version, "first_seen_ms": first_ms, "last_seen_ms": last_ms}
