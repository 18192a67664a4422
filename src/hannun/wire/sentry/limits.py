"""Bounds of what one envelope may hold, as Sentry's protocol states them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

KIB, MIB = 1 << 10, 1 << 20

ITEM_BYTES_MAX: Mapping[str, int] = MappingProxyType(
    {
        # Sentry takes 1 MiB and refuses the rest. A stack of 100,000 frames is worth more cut than refused; to parse
        # so much holds the interpreter for 50 ms, so no more of it.
        "event": 8 * MIB,
        "feedback": 1 * MIB,
        "user_report": 64 * KIB,
        "transaction": 2 * MIB,
        "span": 2 * MIB,
        "log": 2 * MIB,
        "trace_metric": 2 * MIB,
        "session": 64 * KIB,
        "sessions": 1 * MIB,
        "check_in": 100 * KIB,
        "client_report": 64 * KIB,
        "profile": 50 * MIB,
        "profile_chunk": 50 * MIB,
        "replay_event": 1 * MIB,
        "replay_recording": 10 * MIB,
        "replay_video": 20 * MIB,
        "attachment": 100 * MIB,
    }
)
OTHER_BYTES_MAX = 1 * MIB


@dataclass(frozen=True, slots=True)
class EnvelopeLimits:
    """`header_bytes_max` is of the envelope's header and of each item's."""

    header_bytes_max: int = 64 * KIB
    items_max: int = 1_000
    item_bytes_max: Mapping[str, int] = field(default_factory=lambda: ITEM_BYTES_MAX)
    sessions_max: int = 100
    session_buckets_max: int = 100

    def bytes_of(self, item_type: str) -> int:
        """How large an item of this type may be."""
        return self.item_bytes_max.get(item_type, OTHER_BYTES_MAX)
