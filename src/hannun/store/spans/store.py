"""SpanStore: the sink of spans, and of where in time their traces lie."""

from __future__ import annotations

from collections.abc import Sequence

from hannun.model.sentry_items import SentSpan
from hannun.store.day_table import DayTable
from hannun.store.spans.columns import SPANS, TIMES, span_rows, time_rows


class SpanStore(DayTable[SentSpan]):
    """`SpanSink`."""

    name = "spans"
    tables = (SPANS, TIMES)

    def at_ms(self, value: SentSpan, /) -> int:
        return value.start_ns // 1_000_000

    def weight(self, value: SentSpan, /) -> int:
        return 512 + len(value.name) + 96 * (len(value.attributes) + 2 * len(value.links))

    def insert(self, values: Sequence[SentSpan], /) -> int:
        """Times first: they are the same however often they are written."""
        self._engine.insert_arrow(TIMES, time_rows(values))
        self._engine.insert_arrow(SPANS, span_rows(values))
        return 2
