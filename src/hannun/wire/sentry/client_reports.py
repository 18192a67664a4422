"""What a client threw away itself: `client_report` items."""

from __future__ import annotations

from collections import Counter

from hannun.wire.sentry import fields
from hannun.wire.sentry.categories import CATEGORIES
from hannun.wire.sentry.jsons import Payload, load_object

REASONS = frozenset(
    {
        "queue_overflow", "cache_overflow", "buffer_overflow", "ratelimit_backoff", "network_error", "sample_rate",
        "before_send", "event_processor", "send_error", "internal_sdk_error", "insufficient_data", "backpressure",
        "ignored", "invalid", "no_parent_span",
    }
)  # fmt: skip
QUANTITY_MAX = 10**9


def decode(payload: Payload) -> Counter[tuple[str, str]]:
    """How much was lost per category and reason; words that we do not know become `default` and `other`.

    Raises WireError.
    """
    found = load_object(payload, "client_report")
    lost: Counter[tuple[str, str]] = Counter()
    # Old names of the same thing stand beside it in Relay's schema.
    for name in ("discarded_events", "rate_limited_events", "filtered_events", "filtered_sampling_events"):
        for row in fields.objects(found.get(name)):
            category, reason = fields.text(row, "category"), fields.text(row, "reason")
            quantity = fields.whole(row.get("quantity"), QUANTITY_MAX) or 0
            lost[
                category if category in CATEGORIES else "default",
                reason if reason in REASONS else "other",
            ] += quantity
    return lost
