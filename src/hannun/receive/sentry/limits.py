"""Every bound of the Sentry routes."""

from __future__ import annotations

from dataclasses import dataclass, field

from hannun.receive.limits import MIB, ReceiveLimits
from hannun.wire.sentry.limits import EnvelopeLimits

BODY_SETTING = "Sentry's limit of an envelope"


@dataclass(frozen=True, slots=True)
class SentryLimits:
    """`raw_bytes_max` holds after decompression; the bound before it is `body.body_bytes_max`."""

    body: ReceiveLimits = field(default_factory=lambda: ReceiveLimits(body_bytes_max=20 * MIB))
    raw_bytes_max: int = 100 * MIB
    report_bytes_max: int = 64 << 10
    form_bytes_max: int = 256 << 10
    envelope: EnvelopeLimits = field(default_factory=EnvelopeLimits)
    # What is this small after decompression is taken on the event loop: a hop to a thread and back costs more than it.
    inline_bytes_max: int = 64 << 10
    # At most so many larger ones at the same time: what bounds the memory of decompressed bytes.
    large_at_once: int = 2
