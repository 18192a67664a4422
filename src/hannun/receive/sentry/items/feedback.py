"""What people write: `feedback` items (an event with a context), and the older `user_report`."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from hannun.model.errors import WireError
from hannun.receive.sentry.items.events import FEEDBACK, take
from hannun.receive.sentry.items.registry import item
from hannun.receive.sentry.sheet import Sheet
from hannun.wire.sentry import fields, ids
from hannun.wire.sentry.envelope import Item
from hannun.wire.sentry.jsons import load_object

MESSAGE_LENGTH_MAX = 4_096


@item("feedback", category=FEEDBACK)
def feedback(sheet: Sheet, found: Item) -> None:
    raw = load_object(found.payload, "feedback")
    told = fields.mapping(fields.mapping(raw.get("contexts")).get("feedback"))
    if not fields.text(told, "message", MESSAGE_LENGTH_MAX):
        raise WireError("feedback: contexts.feedback.message is needed")
    take(sheet, _alone({**raw, "type": "feedback"}, sheet.event_id or ids.event_id(raw.get("event_id"))), FEEDBACK)


@item("user_report", category=FEEDBACK)
def user_report(sheet: Sheet, found: Item) -> None:
    told = load_object(found.payload, "user_report")
    source = found.text("source") or "user_report_envelope"
    take(sheet, _alone(of_report(told, source), ""), FEEDBACK, own_id=False)


def _alone(raw: dict[str, Any], event_id: str) -> dict[str, Any]:
    """Each feedback is an issue of its own, as in Sentry: what two people wrote is not the same failure."""
    return {**raw, "fingerprint": ["feedback", event_id or uuid4().hex]}


def of_report(told: dict[str, Any], source: str) -> dict[str, Any]:
    """The older form as an event of today's. Raises WireError."""
    message = fields.text(told, "comments", MESSAGE_LENGTH_MAX)
    event_id = ids.event_id(told.get("event_id"))
    if not message or not event_id:
        raise WireError("user_report: event_id and comments are needed")
    written = {
        "message": message,
        "contact_email": fields.text(told, "email"),
        "name": fields.text(told, "name"),
        "associated_event_id": event_id,
        "source": source,
    }
    return {
        "type": "feedback",
        "level": "info",
        "platform": "other",
        "contexts": {"feedback": {name: value for name, value in written.items() if value}},
    }
