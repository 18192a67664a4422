"""An error event as it is kept: what Sentry's SDKs, security reports and others tell of one failure.

An event is normalised once (`process/events`) and grouped once (`process/grouping`); from then on it does not change.
`payload` is the whole of it as JSON; the fields beside it are what questions filter, count and sort by.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from hannun.model.identity import Identity

EVENT_LEVELS = ("debug", "info", "warning", "error", "fatal")
"""From the least to the worst; an event's level is the index."""
ERROR = EVENT_LEVELS.index("error")

KINDS = ("error", "message", "csp", "expect-ct", "expect-staple", "hpkp", "nel", "feedback", "monitor")
"""What an event is about. `error`: it has an exception; `feedback`: a person wrote; `monitor`: a check-in failed."""


@dataclass(frozen=True, slots=True)
class Grouping:
    """Why an event belongs to its issue.

    `hashes` are MD5 in lower hex (32 digits), the one that names the group first; there is at least one. `reason` says
    by words of a fixed list which strategy decided ("in-app stack trace", "client fingerprint", …); `variants` is what
    a page shows: for each hash the values that went into it, as plain JSON.
    """

    version: str
    hashes: tuple[str, ...]
    reason: str
    variants: Sequence[Mapping[str, object]] = ()
    main_exception: int = -1
    """Which of `exception.values` names the issue; -1: the last, or there is none."""


@dataclass(frozen=True, slots=True)
class EventUser:
    """Whom it happened to; "" where it was not told."""

    id: str = ""
    email: str = ""
    username: str = ""
    ip: str = ""

    @property
    def key(self) -> str:
        """The one value by which users are counted, as Sentry chooses it; "" when nobody is known."""
        for name, value in (("id", self.id), ("username", self.username), ("email", self.email), ("ip", self.ip)):
            if value:
                return f"{name}:{value}"
        return ""


@dataclass(frozen=True, slots=True)
class Event:
    """`id` is 32 lower hex digits, unique within a project: a resent one is counted once. Times are Unix milliseconds.

    `title` and `culprit` are one line each. `filename` and `function` are of the frame that is to blame. `tags` are
    the event's own and those that the server derives (browser, os, url, handled …). `payload` is valid UTF-8 JSON.
    """

    id: str
    project: int
    ts_ms: int
    received_ms: int
    kind: str
    level: int
    title: str
    culprit: str
    grouping: Grouping
    payload: bytes
    identity: Identity = Identity()
    dist: str = ""
    platform: str = "other"
    logger: str = ""
    transaction: str = ""
    error_type: str = ""
    error_value: str = ""
    filename: str = ""
    function: str = ""
    handled: bool | None = None
    trace_id: str = ""
    span_id: str = ""
    user: EventUser = EventUser()
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def size_bytes(self) -> int:
        """What the event weighs in a queue."""
        return len(self.payload) + 512 + 2 * (len(self.title) + len(self.culprit) + len(self.error_value))


class EventSink(Protocol):
    """Where events go. Awaited on the event loop."""

    async def write(self, events: Sequence[Event]) -> int:
        """Returns when all are durable, in their issues and visible to the next question: how many were new.

        An event whose id was stored before is left out. Raises Overloaded, DiskFull, StoreUnavailable.
        """
        ...
