"""What becomes of issues as time goes: weeks pass, archived ones wake, escalations show, users are counted anew."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import and_, insert, or_, select, update

from hannun.model.issue import IssueStatus, Substatus
from hannun.model.time import Clock
from hannun.store.engine.port import Engine
from hannun.store.errors import lifecycle
from hannun.store.errors.accounts import Accounts, activity_row, standing_columns, standing_of, unseen
from hannun.store.errors.erase import Eraser
from hannun.store.errors.family import EventFamily
from hannun.store.errors.lifecycle import HISTORY_HOURS, HOUR_MS, SETTLES_AFTER_MS, Turn
from hannun.store.meta.issues import ACTIVITY, ISSUES

IDS_PER_STATEMENT = 500
SETTLED_AT_A_TIME = 5_000

_PER_HOUR = (
    "SELECT toUnixTimestamp(toStartOfHour(ts)) * 1000, count()\nFROM events\n"
    "WHERE project = {project:UInt32} AND hash IN {hashes:Array(UInt64)}\n"
    "  AND toStartOfHour(ts) >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')\n"
    "GROUP BY toStartOfHour(ts)"
)
_IN_WINDOW = (
    "SELECT count(), uniqExactIf(user, user != '')\nFROM events\n"
    "WHERE project = {project:UInt32} AND hash IN {hashes:Array(UInt64)}\n"
    "  AND ts >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')"
)


class Upkeep:
    """`sweep` blocks; one at a time."""

    def __init__(self, engine: Engine, family: EventFamily, accounts: Accounts, eraser: Eraser, clock: Clock) -> None:
        self._engine = engine
        self._family = family
        self._accounts = accounts
        self._eraser = eraser
        self._clock = clock

    def sweep(self) -> None:
        """One round."""
        with self._family.lock:
            self._family.make_sure()
            touched, self._family.touched = self._family.touched, set()
            users = self._accounts.users.sketched()
        self._on_time()
        self._archived(sorted(touched))
        self._count_users(users)
        self._eraser.finish()

    def _on_time(self) -> None:
        now_ms = self._clock.now_ms()
        settling = [one.value for one in (Substatus.NEW, Substatus.REGRESSED, Substatus.ESCALATING)]
        due = or_(
            and_(ISSUES.c.status == IssueStatus.ARCHIVED.value, ISSUES.c.until_ms <= now_ms),
            and_(
                ISSUES.c.status == IssueStatus.UNRESOLVED.value,
                ISSUES.c.substatus.in_(settling),
                ISSUES.c.substatus_ms <= now_ms - SETTLES_AFTER_MS,
            ),
        )
        with self._accounts.database.reading() as connection:
            if not connection.execute(select(ISSUES.c.id).where(due).limit(1)).all():
                return
        with self._family.lock, self._accounts.database.writing() as connection:
            rows = connection.execute(select(ISSUES).where(due).limit(SETTLED_AT_A_TIME)).all()
            turns = [(row, lifecycle.on_time(standing_of(row), now_ms)) for row in rows]
            _write(connection, [(row, turn) for row, turn in turns if turn is not None], now_ms)

    def _archived(self, touched: Sequence[int]) -> None:
        """Archived issues that events came for: whether they escalate, or reached what their window allows."""
        rows: list[Any] = []
        with self._accounts.database.reading() as connection:
            for at in range(0, len(touched), IDS_PER_STATEMENT):
                some = ISSUES.c.id.in_(touched[at : at + IDS_PER_STATEMENT])
                archived = select(ISSUES).where(some, ISSUES.c.status == IssueStatus.ARCHIVED.value)
                rows += connection.execute(archived).all()
        now_ms = self._clock.now_ms()
        turns = [(row, turn) for row in rows if (turn := self._turn(row, now_ms)) is not None]
        if not turns:
            return
        with self._family.lock, self._accounts.database.writing() as connection:
            ids = [row.id for row, _ in turns]
            same = select(ISSUES.c.id).where(
                ISSUES.c.id.in_(ids[:SETTLED_AT_A_TIME]), ISSUES.c.status == IssueStatus.ARCHIVED.value
            )
            still = set(connection.execute(same).scalars())
            _write(connection, [(row, turn) for row, turn in turns if row.id in still], now_ms)

    def _turn(self, row: Any, now_ms: int) -> Turn | None:
        standing = standing_of(row)
        _, hashes = self._accounts.directory.hashes_of([row.id]).get(row.id, (0, []))
        params: dict[str, Any] = {"project": row.project_id, "hashes": hashes}
        if standing.substatus is Substatus.UNTIL_ESCALATING:
            hour_ms = now_ms // HOUR_MS * HOUR_MS
            since_ms = max(hour_ms - HISTORY_HOURS * HOUR_MS, row.first_seen_ms // HOUR_MS * HOUR_MS)
            found = {int(at): int(n) for at, n in self._engine.query_rows(_PER_HOUR, params | {"since": since_ms})}
            history = [found.get(at, 0) for at in range(since_ms, hour_ms, HOUR_MS)]
            escalates = lifecycle.escalates(history, found.get(hour_ms, 0))
            return lifecycle.on_escalation(standing, now_ms) if escalates else None
        window_ms = standing.details.window_ms
        if standing.substatus is Substatus.UNTIL_CONDITION and window_ms is not None:
            since_ms = max(now_ms - window_ms, standing.details.since_ms)
            events, users = self._engine.query_rows(_IN_WINDOW, params | {"since": since_ms})[0]
            return lifecycle.on_window(standing, int(events), int(users), now_ms)
        return None

    def _count_users(self, users: dict[int, int]) -> None:
        if not users:
            return
        with self._family.lock, self._accounts.database.writing() as connection:
            for issue, count in users.items():
                fewer = (ISSUES.c.id == issue, ISSUES.c.users < count)
                connection.execute(update(ISSUES).where(*fewer).values(users=count))


def _write(connection: Any, turns: Sequence[tuple[Any, Turn]], now_ms: int) -> None:
    notes = []
    for row, turn in turns:
        connection.execute(update(ISSUES).where(ISSUES.c.id == row.id).values(**standing_columns(turn.standing)))
        if turn.kind:
            notes.append(activity_row(row.id, now_ms, turn.kind, dict(turn.data)))
    if notes:
        connection.execute(insert(ACTIVITY), notes)
        unseen(connection, [note["issue_id"] for note in notes])
