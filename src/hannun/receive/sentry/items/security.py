"""Reports of browsers: `raw_security`, which is how Relay names what came to the security endpoint."""

from __future__ import annotations

from hannun.observe.outcomes import Outcome
from hannun.receive.sentry.items.events import SECURITY, take
from hannun.receive.sentry.items.registry import item
from hannun.receive.sentry.sheet import Sheet
from hannun.wire.sentry import fields, security_reports
from hannun.wire.sentry.envelope import Item
from hannun.wire.sentry.security_reports import Told

REPORT = "raw_security"


@item(REPORT, category=SECURITY, admits=True)
def report(sheet: Sheet, found: Item) -> None:
    told = Told(
        fields.text(found.header, "sentry_release"),
        fields.text(found.header, "sentry_environment", 64),
        sheet.sender.user_agent,
    )
    for event in security_reports.decode(found.payload, told):
        if event is None:
            sheet.count(SECURITY, Outcome.FILTERED, 1, "report that is not of security")
        elif sheet.admit(SECURITY):
            take(sheet, event, SECURITY, own_id=not sheet.had_event)
