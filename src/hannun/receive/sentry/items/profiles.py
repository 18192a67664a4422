"""Profiles: `profile` beside its transaction, `profile_chunk` of a profiler that runs on."""

from __future__ import annotations

from typing import Any

from hannun.model.errors import WireError
from hannun.model.identity import Identity
from hannun.model.sentry_items import SentProfile
from hannun.receive.sentry.items.registry import item
from hannun.receive.sentry.sheet import Room, Sheet
from hannun.wire.sentry import fields, ids
from hannun.wire.sentry.envelope import Item, time_ms
from hannun.wire.sentry.jsons import load_object


@item("profile", category="profile")
def profile(sheet: Sheet, found: Item) -> None:
    told = load_object(found.payload, "profile")
    several = fields.objects(told.get("transactions"))
    of = several[0] if several else fields.mapping(told.get("transaction"))
    profile_id = ids.event_id(told.get("event_id")) or ids.event_id(told.get("profile_id"))
    if not profile_id:
        raise WireError("profile: event_id is needed")
    made = SentProfile(
        sheet.project,
        profile_id,
        continuous=False,
        platform=_platform(told, found),
        at_ms=time_ms(told.get("timestamp")) or sheet.sender.received_ms,
        payload=bytes(found.payload),
        identity=_identity(sheet, told),
        transaction_id=ids.event_id(of.get("id")),
        transaction=fields.text(of, "name"),
    )
    sheet.hold(Room.PROFILES, "profile", made)


@item("profile_chunk", category="profile_chunk")
def profile_chunk(sheet: Sheet, found: Item) -> None:
    told = load_object(found.payload, "profile_chunk")
    chunk_id, profiler_id = ids.event_id(told.get("chunk_id")), ids.event_id(told.get("profiler_id"))
    if not chunk_id or not profiler_id:
        raise WireError("profile_chunk: chunk_id and profiler_id are needed")
    samples = fields.objects(fields.mapping(told.get("profile")).get("samples"))
    made = SentProfile(
        sheet.project,
        chunk_id,
        continuous=True,
        platform=_platform(told, found),
        at_ms=(time_ms(samples[0].get("timestamp")) if samples else None) or sheet.sender.received_ms,
        payload=bytes(found.payload),
        identity=_identity(sheet, told),
        profiler_id=profiler_id,
    )
    sheet.hold(Room.PROFILES, "profile_chunk", made)


def _platform(told: dict[str, Any], found: Item) -> str:
    return fields.text(told, "platform", 64) or found.text("platform")[:64]


def _identity(sheet: Sheet, told: dict[str, Any]) -> Identity:
    return Identity(
        service=sheet.key.options.service,
        environment=fields.text(told, "environment", 64) or "production",
        release=fields.text(told, "release"),
    )
