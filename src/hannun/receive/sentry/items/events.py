"""Errors and messages: `event` items, and the bodies of the store endpoint."""

from __future__ import annotations

from typing import Any

from hannun.model.errors import WireError
from hannun.model.event import Event
from hannun.observe.outcomes import Outcome
from hannun.process.events.facts import EventFacts
from hannun.receive.sentry.items.registry import HANDLERS, item
from hannun.receive.sentry.sheet import Room, Sheet
from hannun.wire.sentry.envelope import Item
from hannun.wire.sentry.jsons import load_object

ERROR, FEEDBACK, SECURITY = "error", "feedback", "security"
_BY_TYPE = {"feedback": FEEDBACK, "csp": SECURITY, "hpkp": SECURITY, "expectct": SECURITY, "expectstaple": SECURITY}


@item("event", category=ERROR)
def event(sheet: Sheet, found: Item) -> None:
    if sheet.had_event:
        sheet.reject(ERROR, "second event of an envelope")
        return
    raw = load_object(found.payload, "event")
    if raw.get("type") == "transaction":
        HANDLERS["transaction"].read(sheet, found)
        return
    take(sheet, raw)


def take(sheet: Sheet, raw: dict[str, Any], category: str = "", *, own_id: bool = True) -> None:
    """The whole road of one event up to the store. Raises WireError.

    `own_id` False: the id in the envelope's header is that of another event.
    """
    category = category or _BY_TYPE.get(str(raw.get("type")), ERROR)
    sender = sheet.sender
    # Only the first event of an envelope is the one that the header names.
    event_id = sheet.event_id if own_id and not sheet.had_event else ""
    facts = EventFacts(
        sheet.project, sender.received_ms, sender.sent_ms, sender.address, sender.user_agent, sender.client, event_id
    )
    try:
        made = sheet.take_event(raw, facts, sheet.key.options)
    except RecursionError as err:
        raise WireError("event: nested too deep") from err
    if not isinstance(made, Event):
        sheet.filtered = made.reason
        sheet.count(category, Outcome.FILTERED, 1, made.reason)
        return
    if own_id and not sheet.had_event:
        sheet.had_event = True
        sheet.event_id = made.id
    sheet.hold(Room.EVENTS, category, made)
