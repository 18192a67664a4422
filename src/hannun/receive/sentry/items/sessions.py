"""Release health: `session` and `sessions`."""

from __future__ import annotations

from hannun.receive.sentry.items.registry import item
from hannun.receive.sentry.sheet import Room, Sheet
from hannun.wire.sentry import sessions
from hannun.wire.sentry.envelope import Item

SESSION = "session"


@item("session", category=SESSION)
def session(sheet: Sheet, found: Item) -> None:
    sheet.hold(Room.SESSIONS, SESSION, sessions.session(found, sheet.project, sheet.sender.received_ms))


@item("sessions", category=SESSION)
def counted(sheet: Sheet, found: Item) -> None:
    for bucket in sessions.counts(found, sheet.project, buckets_max=sheet.limits.envelope.session_buckets_max):
        sheet.hold(Room.SESSIONS, SESSION, bucket)
