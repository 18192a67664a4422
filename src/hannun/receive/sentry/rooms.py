"""Who keeps what: the stores behind the Sentry routes, and how values are handed to them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from hannun.model.errors import DiskFull, HannunError, OutOfBounds, Overloaded, StoreUnavailable
from hannun.model.event import Event, EventSink
from hannun.model.sentry_items import (
    AttachmentSink,
    CheckInSink,
    ProfileSink,
    ReplaySink,
    SessionSink,
    SpanSink,
)
from hannun.observe.outcomes import Outcome
from hannun.receive.log_intake import LogIntake
from hannun.receive.sentry.answers import retry_after_s
from hannun.receive.sentry.metric_totals import MetricTotals
from hannun.receive.sentry.quota import Limited
from hannun.receive.sentry.sheet import Held, Room, Sheet
from hannun.wire.loki.columns import PushColumns

NOT_KEPT = "not kept yet"
_FOR_NOW: dict[type[HannunError], str] = {
    Overloaded: "refused for now: queue full",
    DiskFull: "refused for now: disk reserve reached",
    StoreUnavailable: "refused for now: store unavailable",
}


@dataclass(frozen=True, slots=True)
class Kept:
    """What of a room's values is not new after all: `repeated` was stored before, `left_out` is beyond some limit."""

    repeated: int = 0
    left_out: int = 0


ALL = Kept()
Write = Callable[[Sequence[Any], str], Awaitable[Kept | None]]
"""Takes the values of one room and the key that they came with; returns when they are durable. None: all kept."""


class Sink(Protocol):
    """What all ports of `model.sentry_items` have in common."""

    async def write(self, values: Sequence[Any], /) -> None: ...


def writers(
    events: EventSink,
    *,
    logs: LogIntake | None = None,
    metrics: MetricTotals | None = None,
    spans: SpanSink | None = None,
    sessions: SessionSink | None = None,
    check_ins: CheckInSink | None = None,
    attachments: AttachmentSink | None = None,
    replays: ReplaySink | None = None,
    profiles: ProfileSink | None = None,
) -> dict[Room, Write]:
    """One for each store there is. What comes for a room without one is counted as not kept."""
    plain: dict[Room, Sink | None] = {
        Room.SPANS: spans,
        Room.SESSIONS: sessions,
        Room.CHECK_INS: check_ins,
        Room.ATTACHMENTS: attachments,
        Room.REPLAYS: replays,
        Room.PROFILES: profiles,
    }
    made = {room: _of_sink(sink) for room, sink in plain.items() if sink is not None}
    made[Room.EVENTS] = _of_events(events)
    if logs is not None:
        made[Room.LOGS] = _of_logs(logs)
    if metrics is not None:
        made[Room.METRICS] = metrics.write
    return made


def _of_sink(sink: Sink) -> Write:
    async def write(values: Sequence[Any], key: str) -> None:
        await sink.write(values)

    return write


def _of_events(sink: EventSink) -> Write:
    async def write(values: Sequence[Event], key: str) -> Kept:
        return Kept(repeated=len(values) - await sink.write(values))

    return write


def _of_logs(intake: LogIntake) -> Write:
    async def write(values: Sequence[PushColumns], key: str) -> Kept:
        left_out = 0
        for columns in values:
            # In a thread: the first one loads what reads severities, which takes half a second.
            prepared = await asyncio.to_thread(intake.prepare, columns)
            await intake.store(prepared, key)
            left_out += len(columns) - len(prepared.batch)
        return Kept(left_out=left_out)

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
            kept = await write([one.value for one in held], sheet.key.key) or ALL
        except (Overloaded, DiskFull, StoreUnavailable) as err:
            why = next(words for kind, words in _FOR_NOW.items() if isinstance(err, kind))
            for category, quantity in quantities.items():
                sheet.count(category, Outcome.LIMITED, quantity, why)
            sheet.refused = err
            sheet.limited.append(Limited(retry_after_s(err), tuple(quantities), "organization", "busy"))
            return
        except OutOfBounds as err:
            for category, quantity in quantities.items():
                sheet.reject(category, "timestamp out of bounds", str(err), quantity)
            return
        repeated, left_out = kept.repeated, kept.left_out
        for category, quantity in quantities.items():
            # Rooms with more than one category never have more than one value that may be repeated.
            again, lost = min(repeated, quantity), min(left_out, quantity)
            repeated, left_out = repeated - again, left_out - lost
            sheet.count(category, Outcome.FILTERED, again, "event that was stored before")
            if lost:
                sheet.reject(category, "out of bounds, or beyond a limit of lines", quantity=lost)
            sheet.count(category, Outcome.ACCEPTED, quantity - again - lost)
