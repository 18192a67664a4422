"""What the page of an issue asks of its events: one with its neighbours, the newest, by id."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace

from hannun.model.budget import Budget
from hannun.model.errors import NotFound
from hannun.model.issue import StoredEvent
from hannun.model.text import Text
from hannun.store.errors.directory import HashDirectory
from hannun.store.errors.events import LIMIT_MAX, NEWEST_WITHIN, EventTable, Group, Place
from hannun.store.errors.rows import IssueRows

PAYLOADS_MAX = 5
"""Of the newest events, how many are read whole to recommend one."""

NO_EVENT = Text(en="there is no event {event} in this issue", ko="이벤트 {event}: 이 이슈에 없는 이벤트입니다")
NO_EVENTS = Text(
    en="this issue has no stored events any more; they were older than the retention",
    ko="이 이슈에 남아 있는 이벤트가 없습니다. 보존 기간이 지나 지워졌습니다",
)
_ID = re.compile(r"[0-9a-f]{32}")


class IssuePages:
    """All block."""

    def __init__(self, events: EventTable, rows: IssueRows, directory: HashDirectory) -> None:
        self._events = events
        self._rows = rows
        self._directory = directory

    def group(self, issue: int, environments: Sequence[str] = ()) -> Group:
        """Raises NotFound."""
        row = self._rows.one(issue, "")
        project, hashes = self._directory.hashes_of([row.id]).get(row.id, (row.project, []))
        return Group(row.id, project, hashes, row.first_seen_ms, row.last_seen_ms, environments)

    def event(self, issue: int, which: str, budget: Budget, environments: Sequence[str]) -> StoredEvent:
        group = self.group(issue, environments)
        match which:
            case "latest":
                place = next(iter(self._events.newest(group, budget)), None)
            case "oldest":
                place = self._events.oldest(group, budget)
            case "recommended":
                return self._recommended(group, budget)
            case _:
                id_ = _event_id(which)
                place = self._events.in_group(group, id_, budget) if id_ else None
                if place is None:
                    raise NotFound(NO_EVENT.with_(event=which[:64]))
        if place is None:
            raise NotFound(NO_EVENTS)
        return self._whole(group, place, budget)

    def find(self, project: int | None, event_id: str, budget: Budget) -> StoredEvent:
        id_ = _event_id(event_id)
        found = self._events.anywhere(id_, project, budget) if id_ else None
        if found is not None:
            issue = self._directory.issue_of(found[0], found[1].hash)
            if issue is not None:
                return self._whole(self.group(issue), found[1], budget)
        raise NotFound(NO_EVENT.with_(event=event_id[:64]))

    def list(self, issue: int, budget: Budget, before_ms: int | None, limit: int) -> Sequence[StoredEvent]:
        group = self.group(issue)
        if before_ms is not None:
            group = replace(group, last_ms=min(group.last_ms, before_ms - 1))
        return self._events.whole(group, self._events.newest(group, budget, limit=min(limit, LIMIT_MAX)), budget)

    def _whole(self, group: Group, place: Place, budget: Budget) -> StoredEvent:
        whole = self._events.whole(group, [place], budget)
        if not whole:
            raise NotFound(NO_EVENT.with_(event=place.id))
        previous = next(iter(self._events.newest(group, budget, before=place)), None)
        following = self._events.oldest(group, budget, after=place)
        return replace(
            whole[0],
            previous_id="" if previous is None else previous.id,
            next_id="" if following is None else following.id,
        )

    def _recommended(self, group: Group, budget: Budget) -> StoredEvent:
        """Of the newest the one that tells most: a trace, a user, breadcrumbs, a request; the newer of equals."""
        places = self._events.newest(group, budget, limit=NEWEST_WITHIN)
        if not places:
            raise NotFound(NO_EVENTS)
        spread = places[:: max(1, len(places) // PAYLOADS_MAX)][:PAYLOADS_MAX]
        whole = self._events.whole(group, spread, budget)
        best = max(range(len(whole)), key=lambda i: (_worth(whole[i]), -i))
        chosen = next(place for place in spread if place.id == whole[best].id)
        return self._whole(group, chosen, budget)


def _event_id(text: str) -> str:
    """32 lower hex digits, or "" when this is no id."""
    bare = text.strip().replace("-", "").lower()
    return bare if _ID.fullmatch(bare) else ""


def _worth(event: StoredEvent) -> int:
    try:
        payload = json.loads(event.payload)
    except (ValueError, RecursionError):
        return -1
    if not isinstance(payload, dict):
        return -1
    contexts = payload.get("contexts")
    linked = [name for name in ("trace", "replay", "profile") if isinstance(contexts, dict) and contexts.get(name)]
    told = [name for name in ("user", "request", "breadcrumbs", "exception", "threads") if payload.get(name)]
    return len(linked) + len(told)
