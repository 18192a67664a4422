"""Files beside an event: `attachment`."""

from __future__ import annotations

from hannun.model.sentry_items import Attachment
from hannun.receive.sentry.items.registry import item
from hannun.receive.sentry.sheet import Room, Sheet
from hannun.wire.sentry import ids
from hannun.wire.sentry.envelope import Item

ATTACHMENT = "attachment"
KIND = "event.attachment"
NAME_LENGTH_MAX = 255


@item("attachment", category=ATTACHMENT)
def attachment(sheet: Sheet, found: Item) -> None:
    hold(sheet, found.text("filename"), found.text("attachment_type"), found.text("content_type"), bytes(found.payload))


def hold(sheet: Sheet, name: str, kind: str, content_type: str, data: bytes) -> None:
    """Without an event that it belongs to, an attachment is no use."""
    event_id = ids.event_id(sheet.header.get("event_id")) or sheet.event_id
    if not event_id:
        sheet.reject(ATTACHMENT, "attachment without an event")
        return
    made = Attachment(
        sheet.project,
        event_id,
        name[:NAME_LENGTH_MAX] or "attachment",
        kind[:NAME_LENGTH_MAX] or KIND,
        content_type[:NAME_LENGTH_MAX],
        sheet.sender.received_ms,
        data,
    )
    sheet.hold(Room.ATTACHMENTS, ATTACHMENT, made)
