"""Structured logs: `log`. They become lines beside everybody's lines."""

from __future__ import annotations

from hannun.receive.sentry.items.registry import item
from hannun.receive.sentry.items.spans import origin_of
from hannun.receive.sentry.sheet import Room, Sheet
from hannun.wire.sentry import batches, logs
from hannun.wire.sentry.envelope import Item

LOG = "log_item"


@item("log", category=LOG, admits=True)
def log(sheet: Sheet, found: Item) -> None:
    batch = batches.decode(found.payload, "log")
    if batch.entries and sheet.admit(LOG, len(batch.entries)):
        columns = logs.columns(batch, origin_of(sheet), now_ns=sheet.sender.received_ms * 1_000_000)
        sheet.hold(Room.LOGS, LOG, columns, len(columns))
