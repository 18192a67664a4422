"""Events as rows of `events`, and back without their payload: what the counts of issues are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from hannun.model.errors import WireError
from hannun.model.event import Event, EventUser, Grouping
from hannun.model.identity import Identity

TABLE = "events__local"
NO, YES, UNTOLD = 0, 1, 2
_MS = pa.timestamp("ms", "UTC")
_ID = pa.binary(16)
_TAGS = pa.map_(pa.string(), pa.string())

_TEXTS: dict[str, Callable[[Event], str]] = {
    "kind": lambda event: event.kind,
    "service": lambda event: event.identity.service,
    "environment": lambda event: event.identity.environment,
    "host": lambda event: event.identity.host,
    "release": lambda event: event.identity.release,
    "dist": lambda event: event.dist,
    "platform": lambda event: event.platform,
    "logger": lambda event: event.logger,
    "transaction": lambda event: event.transaction,
    "title": lambda event: event.title,
    "culprit": lambda event: event.culprit,
    "error_type": lambda event: event.error_type,
    "error_value": lambda event: event.error_value,
    "filename": lambda event: event.filename,
    "function": lambda event: event.function,
    "trace_id": lambda event: event.trace_id,
    "span_id": lambda event: event.span_id,
    "user": lambda event: event.user.key,
    "user_id": lambda event: event.user.id,
    "user_email": lambda event: event.user.email,
    "user_name": lambda event: event.user.username,
    "user_ip": lambda event: event.user.ip,
    "grouping": lambda event: event.grouping.version,
}

TOLD = (
    "project, hash, hash_low, other_hash, other_low, toUnixTimestamp64Milli(ts), toUnixTimestamp64Milli(received), "
    "toUnixTimestamp64Milli(stored), lower(hex(id)), kind, level, environment, release, platform, logger, title, "
    "culprit, error_type, error_value, filename, function, handled, user"
)
"""Columns of a row from which `told` makes an event again."""


def event_rows(events: Sequence[Event], stored_ms: int) -> pa.Table:
    """Raises WireError for a text with lone surrogates, an id or a hash that is not hexadecimal."""
    try:
        return _rows(events, stored_ms)
    except (ValueError, OverflowError, pa.ArrowException) as err:
        raise WireError(f"an event cannot be stored: {err}", "ids are 32 hexadecimal digits, texts UTF-8") from err


def _rows(events: Sequence[Event], stored_ms: int) -> pa.Table:
    count = len(events)
    hashes = [halves(event.grouping.hashes[0]) for event in events]
    others = [halves(event.grouping.hashes[1]) if len(event.grouping.hashes) > 1 else (0, 0) for event in events]
    columns: dict[str, Any] = {
        "project": np.fromiter((event.project for event in events), np.uint32, count),
        "hash": np.array([high for high, _ in hashes], np.uint64),
        "hash_low": np.array([low for _, low in hashes], np.uint64),
        "other_hash": np.array([high for high, _ in others], np.uint64),
        "other_low": np.array([low for _, low in others], np.uint64),
        "ts": pa.array(np.fromiter((event.ts_ms for event in events), np.int64, count)).view(_MS),
        "received": pa.array(np.fromiter((event.received_ms for event in events), np.int64, count)).view(_MS),
        "stored": pa.array(np.full(count, stored_ms, np.int64)).view(_MS),
        "id": pa.array([bytes.fromhex(event.id) for event in events], _ID),
        "level": np.fromiter((event.level for event in events), np.uint8, count),
        "handled": np.array([UNTOLD if event.handled is None else int(event.handled) for event in events], np.uint8),
        "tags": pa.array([list(event.tags.items()) for event in events], _TAGS),
        "payload": pa.array([event.payload for event in events], pa.large_binary()),
    }
    for name, told in _TEXTS.items():
        columns[name] = pa.array([told(event) for event in events], pa.string())
    return pa.table(columns)


def told(rows: Iterable[Sequence[Any]]) -> list[tuple[int, Event]]:
    """Rows of TOLD as (stored, event); the events have no payload."""
    return [(int(row[7]), _told(row)) for row in rows]


def _told(row: Sequence[Any]) -> Event:
    project, high, low, other_high, other_low, ts_ms, received_ms, _, id_, kind, level, environment, release = row[:13]
    platform, logger, title, culprit, error_type, error_value, filename, function, handled, user = row[13:]
    hashes = [whole(int(high), int(low))]
    if int(other_high) or int(other_low):
        hashes.append(whole(int(other_high), int(other_low)))
    key, _, value = user.partition(":")
    return Event(
        id=id_,
        project=int(project),
        ts_ms=int(ts_ms),
        received_ms=int(received_ms),
        kind=kind,
        level=int(level),
        title=title,
        culprit=culprit,
        grouping=Grouping("", tuple(hashes), ""),
        payload=b"",
        identity=Identity(environment=environment, release=release),
        platform=platform,
        logger=logger,
        error_type=error_type,
        error_value=error_value,
        filename=filename,
        function=function,
        handled=None if int(handled) == UNTOLD else bool(int(handled)),
        user=EventUser(**{key: value}) if value else EventUser(),
    )


def halves(hash_: str) -> tuple[int, int]:
    """The 32 digits of a hash as the table's two columns."""
    return int(hash_[:16], 16), int(hash_[16:32], 16)


def whole(high: int, low: int) -> str:
    return f"{high:016x}{low:016x}"
