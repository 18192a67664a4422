"""Sentry's routes over memory: keys that are known, stores that remember."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from hannun.model.errors import HannunError
from hannun.model.event import ERROR, Event, Grouping
from hannun.model.project import ProjectOptions
from hannun.model.project_key import KeyLimit, ProjectKey
from hannun.observe.outcomes import Outcomes
from hannun.process.events.facts import EventFacts
from hannun.receive.sentry import routes
from hannun.receive.sentry.intake import SentryIntake
from hannun.receive.sentry.limits import SentryLimits
from hannun.receive.sentry.rooms import Rooms, writers
from hannun.receive.sentry.sheet import Room

KEY = "0123456789abcdef0123456789abcdef"
OTHER_KEY = "f" * 32
OTHER_PROJECTS_KEY = "e" * 32


@dataclass
class Keys:
    known: dict[str, ProjectKey] = field(
        default_factory=lambda: {
            KEY: ProjectKey(KEY, 1, "web"),
            OTHER_KEY: ProjectKey(OTHER_KEY, 1, "worker"),
            OTHER_PROJECTS_KEY: ProjectKey(OTHER_PROJECTS_KEY, 2, "other"),
        }
    )

    async def find(self, key: str) -> ProjectKey | None:
        return self.known.get(key)

    async def exists(self, project: int) -> bool:
        return any(key.project == project for key in self.known.values())

    def limit(self, **limits: int) -> None:
        self.known[KEY] = ProjectKey(KEY, 1, "web", limits={name: KeyLimit(count) for name, count in limits.items()})


@dataclass
class Memory:
    """A store of any kind; `fails` is raised while it is set. Of events with an id that it has, none is new."""

    values: list[Any] = field(default_factory=list)
    fails: HannunError | None = None

    async def write(self, values: Sequence[Any]) -> int:
        await asyncio.sleep(0)
        if self.fails:
            raise self.fails
        known = {value.id for value in self.values if isinstance(value, Event)}
        new = [value for value in values if not (isinstance(value, Event) and value.id in known)]
        self.values += new
        return len(new)


@dataclass(frozen=True)
class Filtered:
    reason: str


def plain_take(raw: dict[str, Any], facts: EventFacts, options: ProjectOptions) -> Event | Filtered:
    """Instead of the real road, which has tests of its own: what was handed in comes out."""
    if raw.get("message") == "filter me":
        return Filtered("localhost")
    if raw.get("message") == "recurse":
        raise RecursionError
    return Event(
        id=facts.event_id or str(raw.get("event_id", "0" * 31 + "1")).replace("-", ""),
        project=facts.project,
        ts_ms=facts.received_ms,
        received_ms=facts.received_ms,
        kind=str(raw.get("type") or "error"),
        level=ERROR,
        title=str(raw.get("message", "")),
        culprit=facts.client,
        grouping=Grouping("test", ("0" * 32,), "test"),
        payload=orjson.dumps(raw),
    )


@dataclass
class House:
    keys: Keys
    outcomes: Outcomes
    events: Memory
    intake: SentryIntake
    rooms: dict[Room, Memory]

    def counted(self) -> dict[tuple[str, str, str], int]:
        """(category, outcome, reason) -> count."""
        return {(tally.signal, tally.outcome.value, tally.reason): count for tally, count in self.outcomes.rows()}

    @asynccontextmanager
    async def client(self) -> AsyncIterator[httpx.AsyncClient]:
        made = [Route(one.path, one.handler, methods=[one.method]) for one in routes(self.intake)]
        transport = httpx.ASGITransport(Starlette(routes=made))
        async with httpx.AsyncClient(transport=transport, base_url="http://hannun.test") as client:
            yield client


Build = Callable[..., House]
Client = AbstractAsyncContextManager[httpx.AsyncClient]


@pytest.fixture
def build() -> Build:
    def make(limits: SentryLimits | None = None, kept: Sequence[Room] = (), take: Any = plain_take) -> House:
        keys, outcomes, events = Keys(), Outcomes(), Memory()
        rooms = {room: Memory() for room in kept}
        made = writers(events, **{room.value: memory for room, memory in rooms.items()})
        intake = SentryIntake(keys, Rooms(made), outcomes, limits=limits, take_event=take)
        return House(keys, outcomes, events, intake, rooms)

    return make


@pytest.fixture
def house(build: Build) -> House:
    return build()
