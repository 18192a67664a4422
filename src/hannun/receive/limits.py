"""Every bound of the push side. Those with a setting name it, and refusals name that setting."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class ReceiveLimits:
    """`body_bytes_max` holds before and after decompression; `in_flight_bytes_max` for all requests together."""

    body_bytes_max: int = 64 * MIB
    in_flight_bytes_max: int = 256 * MIB
    # A body must arrive within `body_timeout_s` altogether and never pause longer than `body_pause_s`.
    body_timeout_s: float = 60.0
    body_pause_s: float = 15.0
    # A longer body (as sent) is decoded in a thread: a real 2,000-sample request of 57 kB takes 0.5 ms, or 20 ms when
    # all its series are new, and snappy turns 128 KiB into at most 2.8 MiB; a health check must not wait for more.
    decode_inline_bytes_max: int = 128 * 1024


BODY_SETTING = "receive.body_bytes_max"
"""The name of `body_bytes_max` in hannun.yml."""
