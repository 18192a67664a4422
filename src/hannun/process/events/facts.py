"""What the wire knows of an event besides its payload."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EventFacts:
    """Times are Unix milliseconds. "" and None: not known.

    `sent_ms` is the sender's clock when it sent the envelope (`sent_at`, `sentry_timestamp`). `user_agent` is of the
    request that brought the event, which for browsers is that of the visitor. `client` is `sdk.name/version`.
    `event_id` is the envelope's and wins over the payload's.
    """

    project: int
    received_ms: int
    sent_ms: int | None = None
    client_ip: str = ""
    user_agent: str = ""
    client: str = ""
    event_id: str = ""
