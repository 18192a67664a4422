"""Metrics of newer SDKs: `trace_metric`. They become samples beside everybody's."""

from __future__ import annotations

from hannun.receive.sentry.items.registry import item
from hannun.receive.sentry.items.spans import origin_of
from hannun.receive.sentry.sheet import Room, Sheet
from hannun.wire.sentry import batches, trace_metrics
from hannun.wire.sentry.envelope import Item

METRIC = "trace_metric"


@item("trace_metric", category=METRIC, admits=True)
def trace_metric(sheet: Sheet, found: Item) -> None:
    batch = batches.decode(found.payload, "trace_metric")
    if not batch.entries or not sheet.admit(METRIC, len(batch.entries)):
        return
    for one in trace_metrics.observations(batch, origin_of(sheet)):
        if one is None:
            sheet.reject(METRIC, "metric without a name, a known type or a number")
        else:
            sheet.hold(Room.METRICS, METRIC, one)
