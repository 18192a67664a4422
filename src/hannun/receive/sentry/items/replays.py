"""Session replays: `replay_event`, `replay_recording`, `replay_video`. A piece comes as an event and its recording."""

from __future__ import annotations

from dataclasses import replace

from hannun.model.errors import WireError
from hannun.model.sentry_items import ReplaySegment
from hannun.receive.sentry.items.registry import item
from hannun.receive.sentry.sheet import Held, Room, Sheet
from hannun.wire.sentry import fields, ids, replays
from hannun.wire.sentry.envelope import Item
from hannun.wire.sentry.jsons import load_object

REPLAY = "replay"
SEGMENT_MAX = 10**6


@item("replay_event", category=REPLAY)
def replay_event(sheet: Sheet, found: Item) -> None:
    _event(sheet, bytes(found.payload))


@item("replay_recording", category=REPLAY)
def replay_recording(sheet: Sheet, found: Item) -> None:
    _recording(sheet, bytes(found.payload))


@item("replay_video", category=REPLAY)
def replay_video(sheet: Sheet, found: Item) -> None:
    parts = replays.video(found.payload)
    _event(sheet, parts["replay_event"])
    if parts["replay_recording"]:
        _recording(sheet, parts["replay_recording"])
    held = sheet.rooms[Room.REPLAYS][-1]
    sheet.rooms[Room.REPLAYS][-1] = replace(held, value=replace(held.value, video=parts["replay_video"]))


def _event(sheet: Sheet, payload: bytes) -> None:
    told = load_object(payload, "replay_event")
    segment = fields.whole(told.get("segment_id"), SEGMENT_MAX)
    replay_id = sheet.event_id or ids.event_id(told.get("replay_id"))
    if segment is None or not replay_id:
        raise WireError("replay_event: replay_id and segment_id are needed")
    _join(sheet, ReplaySegment(sheet.project, replay_id, segment, sheet.sender.received_ms, event=payload))


def _recording(sheet: Sheet, payload: bytes) -> None:
    segment, recording = replays.recording(payload)
    if not sheet.event_id:
        raise WireError("replay_recording: the envelope names no replay")
    _join(sheet, ReplaySegment(sheet.project, sheet.event_id, segment, sheet.sender.received_ms, recording=recording))


def _join(sheet: Sheet, piece: ReplaySegment) -> None:
    """Event and recording of one segment are one value, whichever came first."""
    held = sheet.rooms.setdefault(Room.REPLAYS, [])
    for at, one in enumerate(held):
        other: ReplaySegment = one.value
        if (other.replay_id, other.segment) == (piece.replay_id, piece.segment):
            merged = replace(other, event=other.event or piece.event, recording=other.recording or piece.recording)
            held[at] = Held(REPLAY, merged, one.quantity + 1)
            return
    held.append(Held(REPLAY, piece))
