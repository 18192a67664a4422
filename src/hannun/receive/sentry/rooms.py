"""Who keeps what: the stores behind the Sentry routes, and how values are handed to them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from hannun.model.errors import DiskFull, HannunError, Overloaded, StoreUnavailable
from hannun.model.event import EventSink
from hannun.observe.outcomes import Outcome
from hannun.receive.sentry.answers import retry_after_s
from hannun.receive.sentry.quota import Limited
from hannun.receive.sentry.sheet import Held, Room, Sheet

NOT_KEPT = "not kept yet"
_FOR_NOW: dict[type[HannunError], str] = {
    Overloaded: "refused for now: queue full",
    DiskFull: "refused for now: disk reserve reached",
    StoreUnavailable: "refused for now: store unavailable",
}
Write = Callable[[Sequence[Any], str], Awaitable[int | None]]
"""Takes the values of one room and the key that they came with; how many were new, None: all."""


class Sink(Protocol):
    """What every store of `model.sentry_items` and the event store have in common."""

    async def write(self, values: Sequence[Any], /) -> int | None: ...


def of_sink(sink: Sink) -> Write:
    async def write(values: Sequence[Any], key: str) -> int | None:
        return await sink.write(values)

    return write


class Rooms:
    """`writers`: a room without one keeps nothing, and what comes for it is counted as such."""

    def __init__(self, writers: dict[Room, Write]) -> None:
        self._writers = writers

    async def deliver(self, sheet: Sheet) -> None:
        """Returns when everything on the sheet is durable, or counted as refused."""
        waiting = [self._put(sheet, room, held) for room, held in sheet.rooms.items()]
        if len(waiting) == 1:
            await waiting[0]
        elif waiting:
            await asyncio.gather(*waiting)

    async def _put(self, sheet: Sheet, room: Room, held: list[Held]) -> None:
        quantities = Counter[str]()
        for one in held:
            quantities[one.category] += one.quantity
        write = self._writers.get(room)
        if write is None:
            for category, quantity in quantities.items():
                sheet.count(category, Outcome.DISCARDED, quantity, NOT_KEPT)
            return
        try:
            new = await write([one.value for one in held], sheet.key.key)
        except (Overloaded, DiskFull, StoreUnavailable) as err:
            why = next(words for kind, words in _FOR_NOW.items() if isinstance(err, kind))
            for category, quantity in quantities.items():
                sheet.count(category, Outcome.LIMITED, quantity, why)
            sheet.refused = err
            sheet.limited.append(Limited(retry_after_s(err), tuple(quantities), "organization", "busy"))
            return
        repeated = 0 if new is None else sum(quantities.values()) - new
        for category, quantity in quantities.items():
            # A resent event is counted once; of several categories in one request only one can be an event's.
            again = min(repeated, quantity)
            repeated -= again
            sheet.count(category, Outcome.ACCEPTED, quantity - again)
            sheet.count(category, Outcome.FILTERED, again, "event that was stored before")


@dataclass(frozen=True, slots=True)
class SentrySinks:
    """The stores there are; None: nobody keeps such values yet."""

    events: EventSink
