"""What the client lost itself: `client_report`. Never limited: it is how losses become known."""

from __future__ import annotations

from hannun.observe.outcomes import Outcome
from hannun.receive.sentry.items.registry import item
from hannun.receive.sentry.sheet import Sheet
from hannun.wire.sentry import client_reports
from hannun.wire.sentry.envelope import Item


@item("client_report", category="internal")
def client_report(sheet: Sheet, found: Item) -> None:
    for (category, reason), quantity in client_reports.decode(found.payload).items():
        sheet.count(category, Outcome.DISCARDED, quantity, f"client: {reason}")
    sheet.taken += 1
