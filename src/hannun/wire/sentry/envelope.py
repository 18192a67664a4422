"""Sentry's envelope: `header \\n ( item-header \\n payload \\n? )*`, newlines of Unix only.

With `length` a payload is that many bytes, whatever stands in it, and a newline or the end follows. Without it the
payload ends at the next newline: @sentry/* 11 sends its JSON items so. Blank lines before an item are read over, as
Relay does. Payloads are not copied: they are views of the body.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hannun.model.errors import TooLarge, WireError
from hannun.model.time import parse_timestamp_ms
from hannun.wire.sentry import dsn, ids
from hannun.wire.sentry.dsn import Dsn
from hannun.wire.sentry.jsons import load_object
from hannun.wire.sentry.limits import EnvelopeLimits

DEFAULT = EnvelopeLimits()
_BLANK = re.compile(rb"[ \t\r\n]*")


@dataclass(frozen=True, slots=True)
class Item:
    """`header` is what stood before the payload, `type` and `length` too."""

    type: str
    header: Mapping[str, Any]
    payload: bytes | memoryview

    def text(self, name: str) -> str:
        """A header's text, "" when it is missing or no text."""
        found = self.header.get(name)
        return found if isinstance(found, str) else ""


@dataclass(frozen=True, slots=True)
class Envelope:
    header: Mapping[str, Any]
    items: tuple[Item, ...] = ()

    @property
    def event_id(self) -> str:
        """32 lower hex digits, "" when there is none."""
        return ids.event_id(self.header.get("event_id"))

    @property
    def sent_ms(self) -> int | None:
        """When the client's clock says that it was sent."""
        return time_ms(self.header.get("sent_at"))

    @property
    def dsn(self) -> Dsn | None:
        """Raises WireError when there is one that cannot be read."""
        found = self.header.get("dsn")
        if found is None:
            return None
        if not isinstance(found, str):
            raise WireError("invalid dsn")
        return dsn.parse(found)


def parse(raw: bytes, limits: EnvelopeLimits = DEFAULT) -> Envelope:
    """Raises WireError for broken framing, TooLarge for more items or longer headers than `limits` has."""
    if not raw:
        raise WireError("missing envelope header")
    end = _line_end(raw, 0, limits, "envelope header")
    header = load_object(raw[:end], "envelope header")
    body = memoryview(raw)
    items: list[Item] = []
    at = end + 1
    while (at := _skipped(raw, at)) < len(raw):
        if len(items) >= limits.items_max:
            raise TooLarge(f"envelope: more than {limits.items_max} items")
        end = _line_end(raw, at, limits, "item header")
        told = load_object(raw[at:end], "item header")
        item_type = told.get("type")
        if not isinstance(item_type, str) or not item_type:
            raise WireError("item header: a type is missing")
        at = min(end + 1, len(raw))
        stop = _stop(raw, at, told.get("length"))
        items.append(Item(item_type, told, body[at:stop]))
        at = stop + 1
    return Envelope(header, tuple(items))


def time_ms(value: Any) -> int | None:
    """RFC 3339 or seconds, as text or as a number; None when it is no time."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        return parse_timestamp_ms(str(value)[:64])
    except ValueError:
        return None


def _line_end(raw: bytes, start: int, limits: EnvelopeLimits, what: str) -> int:
    end = raw.find(b"\n", start, start + limits.header_bytes_max + 1)
    if end < 0:
        end = len(raw)
        if end - start > limits.header_bytes_max:
            raise TooLarge(f"{what}: longer than {limits.header_bytes_max} bytes")
    return end


def _skipped(raw: bytes, at: int) -> int:
    found = _BLANK.match(raw, at)
    return found.end() if found else at


def _stop(raw: bytes, at: int, length: Any) -> int:
    """Where the payload that begins at `at` ends."""
    if length is None:
        end = raw.find(b"\n", at)
        return len(raw) if end < 0 else end
    if isinstance(length, bool) or not isinstance(length, int) or length < 0:
        raise WireError("item header: length is no number of bytes")
    stop = at + length
    if stop > len(raw):
        raise WireError(f"item payload: {length} bytes are announced and {len(raw) - at} came")
    if stop < len(raw) and raw[stop] != 0x0A:
        raise WireError("item payload: a newline is missing behind it")
    return stop
