"""Performance: `transaction`, and the `span` items that newer SDKs send instead."""

from __future__ import annotations

from hannun.receive.sentry.items.registry import item
from hannun.receive.sentry.sheet import Room, Sheet
from hannun.wire.sentry import batches, ids, spans
from hannun.wire.sentry.batches import Origin
from hannun.wire.sentry.envelope import Item
from hannun.wire.sentry.jsons import load_object

TRANSACTION, SPAN = "transaction", "span"


@item("transaction", category=TRANSACTION)
def transaction(sheet: Sheet, found: Item) -> None:
    if sheet.had_event:
        sheet.reject(TRANSACTION, "second event of an envelope")
        return
    told = load_object(found.payload, "transaction")
    event_id = sheet.event_id or ids.event_id(told.get("event_id"))
    made = spans.of_transaction(told, origin_of(sheet), sheet.project, event_id)
    sheet.event_id = sheet.event_id or event_id
    sheet.had_event = True
    segment, *children = made
    sheet.hold(Room.SPANS, TRANSACTION, segment)
    for child in children:
        sheet.hold(Room.SPANS, SPAN, child)


@item("span", category=SPAN, admits=True)
def stream(sheet: Sheet, found: Item) -> None:
    batch = batches.decode(found.payload, "span")
    if not batch.entries or not sheet.admit(SPAN, len(batch.entries)):
        return
    for span in spans.of_batch(batch, origin_of(sheet), sheet.project):
        if span is None:
            sheet.reject(SPAN, "span without its ids or times")
        else:
            sheet.hold(Room.SPANS, SPAN, span)


def origin_of(sheet: Sheet) -> Origin:
    """What the request and its project tell of a batch."""
    return Origin(sheet.key.options.service, sheet.sender.address, sheet.sender.user_agent)
