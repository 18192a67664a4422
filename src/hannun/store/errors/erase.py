"""Deleting issues with their events, and forgetting those whose events retention has dropped.

The issue goes first and what is left to do is written down with it: a stop in between leaves events that no page finds,
and the next sweep deletes them.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, insert, select, update

from hannun.model.errors import HannunError
from hannun.store.engine.port import Engine
from hannun.store.errors.accounts import Accounts
from hannun.store.errors.columns import TABLE, halves
from hannun.store.errors.family import EventFamily
from hannun.store.errors.rows import many
from hannun.store.meta.issues import DOOMED, HASHES, ISSUES

_log = logging.getLogger("hannun.store.errors")
_DELETE = (
    f"DELETE FROM {TABLE}\n"
    "WHERE project = {project:UInt32} AND hash IN {hashes:Array(UInt64)}\n"
    "  AND stored <= fromUnixTimestamp64Milli({until:Int64}, 'UTC')"
)
_GIVE_UP = f"KILL MUTATION WHERE database = currentDatabase() AND table = '{TABLE}' AND NOT is_done"
_OLDEST = (
    "SELECT count(), toUnixTimestamp(min(toDateTime(toDate(partition), 'UTC'))) * 1000\nFROM system.parts\n"
    f"WHERE active AND rows > 0 AND database = currentDatabase() AND table = '{TABLE}'"
)
ROWS_PER_STATEMENT = 500


class Eraser:
    """Blocks; safe from any thread."""

    def __init__(self, engine: Engine, family: EventFamily, accounts: Accounts) -> None:
        self._engine = engine
        self._family = family
        self._accounts = accounts
        self._finishing = threading.Lock()

    def delete(self, issues: Sequence[int], *, discard: bool) -> None:
        """Gone from every page when this returns. Raises NotFound; what the engine refuses now is done by a sweep."""
        with self._family.lock:
            self._family.make_sure()
            until_ms = self._family.now_stored_ms()
            with self._accounts.database.writing() as connection:
                many(connection, issues, "")
                for at in range(0, len(issues), ROWS_PER_STATEMENT):
                    some = issues[at : at + ROWS_PER_STATEMENT]
                    theirs = HASHES.c.issue_id.in_(some)
                    rows = connection.execute(select(HASHES.c.project_id, HASHES.c.hash).where(theirs)).all()
                    doomed = [{"project_id": row.project_id, "hash": row.hash, "stored_ms": until_ms} for row in rows]
                    for row in doomed:
                        same = (DOOMED.c.project_id == row["project_id"], DOOMED.c.hash == row["hash"])
                        connection.execute(delete(DOOMED).where(*same))
                    if doomed:
                        connection.execute(insert(DOOMED), doomed)
                    if discard:
                        connection.execute(update(HASHES).where(theirs).values(issue_id=None))
                    connection.execute(delete(ISSUES).where(ISSUES.c.id.in_(some)))
            self._accounts.directory.reload()
            self._accounts.users.forget(issues)
        try:
            self.finish()
        except HannunError as err:
            _log.warning("the events of deleted issues stay for now: %s", err)

    def finish(self) -> bool:
        """What deletes have left to do; whether there was anything. Commits go on beside it."""
        with self._finishing:
            return self._finish()

    def forget_old(self, before_ms: int) -> int:
        """Issues last seen before this time go, if their events did; how many."""
        parts, oldest_ms = self._engine.query_rows(_OLDEST)[0]
        bound_ms = min(before_ms, int(oldest_ms)) if int(parts) else before_ms
        with self._family.lock:
            with self._accounts.database.writing() as connection:
                gone = connection.execute(delete(ISSUES).where(ISSUES.c.last_seen_ms < bound_ms)).rowcount
            if gone:
                self._accounts.directory.reload()
        return gone

    def _finish(self) -> bool:
        with self._accounts.database.reading() as connection:
            rows = connection.execute(select(DOOMED)).all()
        by_time: dict[tuple[int, int], list[str]] = {}
        for row in rows:
            by_time.setdefault((row.project_id, row.stored_ms), []).append(row.hash)
        for (project, until_ms), hashes in by_time.items():
            params: dict[str, Any] = {
                "project": project,
                "hashes": [halves(hash_)[0] for hash_ in hashes],
                "until": until_ms,
            }
            try:
                self._engine.execute(_DELETE, params)
            except HannunError:
                # The engine keeps a mutation that failed and would try it again for ever, beside our own next try.
                self._engine.execute(_GIVE_UP)
                raise
            with self._accounts.database.writing() as connection:
                own = (DOOMED.c.project_id == project, DOOMED.c.stored_ms == until_ms, DOOMED.c.hash.in_(hashes))
                connection.execute(delete(DOOMED).where(*own))
        if by_time:
            with self._family.lock:
                self._family.reseed()
        return bool(by_time)
