"""Merging issues, and splitting one again. Only hashes change hands: no event is touched."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from hannun.model.errors import Conflict
from hannun.model.event import Event
from hannun.model.issue import Issue
from hannun.model.text import Text
from hannun.model.time import Clock
from hannun.store.engine.port import Engine
from hannun.store.errors.accounts import Accounts, activity_row, standing_columns, take_numbers, told_columns
from hannun.store.errors.columns import TOLD, halves, told
from hannun.store.errors.family import EventFamily
from hannun.store.errors.lifecycle import first_standing
from hannun.store.errors.rows import many
from hannun.store.meta.issues import ACTIVITY, HASHES, ISSUES, REDIRECTS

TOO_FEW = Text(en="merging takes two issues or more", ko="병합하려면 이슈가 둘 이상이어야 합니다")
ONE_PROJECT = Text(
    en="issues of different projects cannot be merged", ko="서로 다른 프로젝트의 이슈는 병합할 수 없습니다"
)
NOT_THESE = Text(
    en="name some of the groups of this issue that have events, but not all of them",
    ko="이벤트가 있는 그룹 가운데 일부만 지정해 주세요. 전부를 나눌 수는 없습니다",
)
_OF_HASHES = "FROM events\nWHERE project = {project:UInt32} AND hash IN {hashes:Array(UInt64)}"
_PER_HASH = f"SELECT hash, count()\n{_OF_HASHES}\nGROUP BY hash"
_PAIRS = f"SELECT hash, other_hash\n{_OF_HASHES} AND other_hash != 0\nGROUP BY hash, other_hash\nLIMIT 100000"
_ENDS = (
    f"SELECT {TOLD}\n{_OF_HASHES}\nORDER BY ts ASC, id ASC\nLIMIT 1",
    f"SELECT {TOLD}\n{_OF_HASHES}\nORDER BY ts DESC, id DESC\nLIMIT 1",
)
_RELEASES = (
    "SELECT argMin(release, ts), argMax(release, ts), toUnixTimestamp64Milli(max(ts))\n"
    + _OF_HASHES
    + " AND release != ''"
)


class Merging:
    """Blocks; safe from any thread."""

    def __init__(self, engine: Engine, family: EventFamily, accounts: Accounts, clock: Clock) -> None:
        self._engine = engine
        self._family = family
        self._accounts = accounts
        self._clock = clock

    def merge(self, issues: Sequence[int], actor: str) -> Issue:
        """Into the one with the most events. Raises Conflict, NotFound."""
        wanted = list(dict.fromkeys(issues))
        now_ms = self._clock.now_ms()
        with self._family.lock:
            with self._accounts.database.writing() as connection:
                found = many(connection, wanted, actor)
                if len(found) < 2:
                    raise Conflict(TOO_FEW)
                if len({issue.project for issue in found}) > 1:
                    raise Conflict(ONE_PROJECT)
                target = min(found, key=lambda issue: (-issue.events, issue.id))
                others = [issue for issue in found if issue.id != target.id]
                moved = self._take_over(connection, target, others, now_ms, actor)
            directory = self._accounts.directory
            directory.add((target.project, hash_, target.id) for hash_ in moved)
            self._accounts.users.forget(wanted)
            users = self._accounts.users.exact(target.project, directory.hashes_of([target.id])[target.id][1])
            with self._accounts.database.writing() as connection:
                # Users whose events are older than the retention are only in the counts: never fewer than before.
                most = max(users, *(issue.users for issue in found))
                connection.execute(update(ISSUES).where(ISSUES.c.id == target.id).values(users=most))
                return many(connection, [target.id], actor)[0]

    def unmerge(self, issue: int, hashes: Sequence[str], actor: str) -> Issue:
        """A new issue of these groups and their events. Raises Conflict, NotFound."""
        with self._family.lock:
            with self._accounts.database.reading() as connection:
                before = many(connection, [issue], actor)[0]
                own = list(connection.execute(select(HASHES.c.hash).where(HASHES.c.issue_id == issue)).scalars())
            moved = self._with_seconds(before.project, own, {hash_.strip().lower() for hash_ in hashes} & set(own))
            stay = [hash_ for hash_ in own if hash_ not in moved]
            counts = self._counts(before.project, own)
            leaving = sum(counts.get(halves(hash_)[0], 0) for hash_ in moved)
            staying = sum(counts.get(halves(hash_)[0], 0) for hash_ in stay)
            if not leaving or not staying:
                raise Conflict(NOT_THESE)
            with self._accounts.database.writing() as connection:
                made = self._split_off(connection, before, moved, leaving, actor)
                left = self._derived(before.project, stay)
                left |= {"events": max(before.events - leaving, staying)}
                connection.execute(update(ISSUES).where(ISSUES.c.id == issue).values(**left))
            self._accounts.directory.add((before.project, hash_, made) for hash_ in moved)
            self._accounts.users.forget([issue])
            with self._accounts.database.reading() as connection:
                return many(connection, [made], actor)[0]

    def _take_over(
        self, connection: Connection, target: Issue, others: Sequence[Issue], now_ms: int, actor: str
    ) -> list[str]:
        """In the transaction: what the others had is the target's, and they are gone. The hashes that moved."""
        ids = [issue.id for issue in others]
        everyone = [target, *others]
        first = min(everyone, key=lambda issue: issue.first_seen_ms)
        last = max(everyone, key=lambda issue: issue.last_seen_ms)
        values: dict[str, Any] = {
            "events": sum(issue.events for issue in everyone),
            "comments": sum(issue.comments for issue in everyone),
            "first_seen_ms": first.first_seen_ms,
            "first_release": first.first_release or target.first_release,
            "last_seen_ms": last.last_seen_ms,
            "last_release": last.last_release or target.last_release,
            "assignee": next((issue.assignee for issue in everyone if issue.assignee), ""),
        }
        shown = ("title", "culprit", "kind", "level", "platform", "logger", "error_type", "error_value", "filename")
        values |= {name: getattr(last, name) for name in (*shown, "function")}
        values["handled"] = None if last.handled is None else int(last.handled)
        connection.execute(update(ISSUES).where(ISSUES.c.id == target.id).values(**values))
        theirs = HASHES.c.issue_id.in_(ids)
        moved = list(connection.execute(select(HASHES.c.hash).where(theirs)).scalars())
        connection.execute(update(HASHES).where(theirs).values(issue_id=target.id))
        told_by_others = (ACTIVITY.c.issue_id.in_(ids), ACTIVITY.c.kind != "first_seen")
        connection.execute(update(ACTIVITY).where(*told_by_others).values(issue_id=target.id))
        connection.execute(update(REDIRECTS).where(REDIRECTS.c.issue_id.in_(ids)).values(issue_id=target.id))
        numbers = connection.execute(select(ISSUES.c.id, ISSUES.c.number).where(ISSUES.c.id.in_(ids))).all()
        lead_here = [
            {"id": row.id, "project_id": target.project, "number": row.number, "issue_id": target.id} for row in numbers
        ]
        connection.execute(insert(REDIRECTS), lead_here)
        connection.execute(delete(ISSUES).where(ISSUES.c.id.in_(ids)))
        data = {"issues": [{"short_id": issue.short_id, "title": issue.title} for issue in others]}
        connection.execute(insert(ACTIVITY).values(**activity_row(target.id, now_ms, "merged", data, actor)))
        return moved

    def _split_off(self, connection: Connection, before: Issue, moved: Sequence[str], events: int, actor: str) -> int:
        """In the transaction: the new issue's number."""
        now_ms = self._clock.now_ms()
        derived = self._derived(before.project, moved)
        (last,) = self._ends(before.project, moved)[1:]
        standing = first_standing(last, now_ms)
        values = {
            **derived,
            **standing_columns(standing),
            "project_id": before.project,
            "number": take_numbers(connection, before.project, 1),
            "events": events,
            "assignee": "",
            "comments": 0,
        }
        made = int(connection.execute(insert(ISSUES).values(**values).returning(ISSUES.c.id)).scalar_one())
        connection.execute(
            update(HASHES).where(HASHES.c.issue_id == before.id, HASHES.c.hash.in_(moved)).values(issue_id=made)
        )
        (new,) = many(connection, [made], actor)
        notes = [
            activity_row(before.id, now_ms, "unmerged", {"hashes": list(moved), "to": new.short_id}, actor),
            activity_row(made, now_ms, "unmerged", {"hashes": list(moved), "from": before.short_id}, actor),
        ]
        connection.execute(insert(ACTIVITY), notes)
        return made

    def _with_seconds(self, project: int, own: Sequence[str], moved: set[str]) -> list[str]:
        """With the second hashes that only events of these groups carry: later events with one of them belong there."""
        if not moved:
            return []
        by_half = {halves(hash_)[0]: hash_ for hash_ in own}
        params: dict[str, Any] = {"project": project, "hashes": list(by_half)}
        pairs = [(int(first), int(other)) for first, other in self._engine.query_rows(_PAIRS, params)]
        leaving = {halves(hash_)[0] for hash_ in moved}
        kept = {other for first, other in pairs if first not in leaving} | {first for first, _ in pairs}
        seconds = {other for first, other in pairs if first in leaving} - kept
        return sorted(moved | {by_half[half] for half in seconds if half in by_half})

    def _counts(self, project: int, hashes: Sequence[str]) -> dict[int, int]:
        rows = self._engine.query_rows(_PER_HASH, _params(project, hashes))
        return {int(hash_): int(count) for hash_, count in rows}

    def _ends(self, project: int, hashes: Sequence[str]) -> tuple[Event, Event]:
        first, last = (told(self._engine.query_rows(sql, _params(project, hashes)))[0][1] for sql in _ENDS)
        return first, last

    def _derived(self, project: int, hashes: Sequence[str]) -> dict[str, Any]:
        """What an issue of these groups tells, from its stored events."""
        first, last = self._ends(project, hashes)
        found = self._engine.query_rows(_RELEASES, _params(project, hashes))
        first_release, last_release, last_ms = found[0] if found else ("", "", 0)
        return {
            **told_columns(last),
            "first_seen_ms": first.ts_ms,
            "last_seen_ms": last.ts_ms,
            "first_release": first_release,
            "last_release": last_release,
            "last_release_ms": int(last_ms) if last_release else 0,
            "users": self._accounts.users.exact(project, [halves(hash_)[0] for hash_ in hashes]),
        }


def _params(project: int, hashes: Sequence[str]) -> dict[str, Any]:
    return {"project": project, "hashes": [halves(hash_)[0] for hash_ in hashes]}
