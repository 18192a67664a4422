"""What one request brought: its values on their way to where they are kept, and what was refused of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol

from hannun.model.errors import HannunError
from hannun.model.event import Event
from hannun.model.project import ProjectOptions
from hannun.model.project_key import ProjectKey
from hannun.observe.outcomes import Outcome, Outcomes
from hannun.process.events.facts import EventFacts
from hannun.receive.sentry.limits import SentryLimits
from hannun.receive.sentry.quota import Limited, Quota


class Room(Enum):
    """Where values of one kind go; `rooms.py` says who keeps them."""

    EVENTS = "events"
    LOGS = "logs"
    METRICS = "metrics"
    SPANS = "spans"
    SESSIONS = "sessions"
    CHECK_INS = "check_ins"
    ATTACHMENTS = "attachments"
    REPLAYS = "replays"
    PROFILES = "profiles"


@dataclass(frozen=True, slots=True)
class Sender:
    """What the request tells besides its body. `client` is `sdk name/version`."""

    received_ms: int
    address: str = ""
    user_agent: str = ""
    client: str = ""
    sent_ms: int | None = None


class Dropped(Protocol):
    """An event that a filter of its project keeps out."""

    @property
    def reason(self) -> str: ...


TakeEvent = Callable[[dict[str, Any], EventFacts, ProjectOptions], Event | Dropped]
"""The whole pure road of one event: `process.events.take.take`."""


@dataclass(frozen=True, slots=True)
class Held:
    """One value, and as what it counts when it is kept."""

    category: str
    value: Any
    quantity: int = 1


@dataclass(slots=True)
class Sheet:
    """Filled by the item handlers, in whatever thread; delivered and answered on the event loop."""

    key: ProjectKey
    sender: Sender
    outcomes: Outcomes
    quota: Quota
    limits: SentryLimits
    take_event: TakeEvent
    event_id: str = ""
    """Of the envelope, then of the event: what the answer names and attachments belong to."""
    header: Mapping[str, Any] = field(default_factory=dict)
    rooms: dict[Room, list[Held]] = field(default_factory=dict)
    limited: list[Limited] = field(default_factory=list)
    invalid: str = ""
    """The last reason why something was no use, in words for the sender."""
    too_large: str = ""
    taken: int = 0
    refused: HannunError | None = None
    """Why the store did not take something."""
    failed: bool = False
    """A fault of ours."""
    had_event: bool = False
    filtered: str = ""
    """Why the event of the envelope was kept out."""

    @property
    def project(self) -> int:
        return self.key.project

    def admit(self, category: str, quantity: int = 1) -> bool:
        """False: over the key's quota; counted, and the answer will say so."""
        limited = self.quota.take(self.key, category, quantity)
        if limited is None:
            return True
        self.limited.append(limited)
        self.count(category, Outcome.LIMITED, quantity, "key quota")
        return False

    def hold(self, room: Room, category: str, value: Any, quantity: int = 1) -> None:
        self.rooms.setdefault(room, []).append(Held(category, value, quantity))

    def count(self, category: str, outcome: Outcome, quantity: int, reason: str = "") -> None:
        """`reason` is a phrase of ours. What is filtered counts as taken: the sender did nothing wrong."""
        self.outcomes.count(category, outcome, quantity, reason=reason, key=self.key.key)
        if outcome not in (Outcome.INVALID, Outcome.LIMITED):
            self.taken += quantity

    def reject(self, category: str, reason: str, words: str = "", quantity: int = 1) -> None:
        """Of no use. `words` tell the sender more than `reason`, which is what is counted."""
        self.invalid = words or reason
        self.count(category, Outcome.INVALID, quantity, reason)
