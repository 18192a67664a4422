"""Cron jobs: `check_in`."""

from __future__ import annotations

from hannun.receive.sentry.items.registry import item
from hannun.receive.sentry.sheet import Room, Sheet
from hannun.wire.sentry import check_ins
from hannun.wire.sentry.envelope import Item

MONITOR = "monitor"


@item("check_in", category=MONITOR)
def check_in(sheet: Sheet, found: Item) -> None:
    sheet.hold(Room.CHECK_INS, MONITOR, check_ins.decode(found.payload, sheet.project, sheet.sender.received_ms))
