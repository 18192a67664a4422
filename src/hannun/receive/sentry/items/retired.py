"""Types that Sentry gave up: taken and thrown away, as it does."""

from __future__ import annotations

from hannun.observe.outcomes import Outcome
from hannun.receive.sentry.items.registry import item
from hannun.receive.sentry.sheet import Sheet
from hannun.wire.sentry.envelope import Item


@item("statsd", "metric_buckets", "metric_meta", category="metric_bucket")
def retired(sheet: Sheet, found: Item) -> None:
    sheet.count("metric_bucket", Outcome.FILTERED, 1, "retired kind of metric")
